"""Departments, categories and areas that there are: a name that nobody has heard of is asked back, with the nearest.

Departments are those of keys, of routes, of parts in alerts and of the newest forecast; categories and areas those of
the newest forecast, of alerts and of routes. Where nothing is known yet, as in a new installation, nothing is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Any, Final

from fastapi import Query
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from features.branches import chain_of
from features.vocabulary import EVERYWHERE
from serve.errors import UnprocessableError
from serve.store.tables import Alert, AlertParty, ApiKey, ForecastIssueRow, ForecastRow, Route

NewNames = Annotated[
    bool,
    Query(description="Take names of departments, categories and areas that nothing here has: they are new"),
]
"""What says that a name is meant as it is."""

_SHOWN: Final = 3
_ALIKE: Final = 0.3


class KnownNames:
    """The names that a store knows.

    Args:
        session: Reads the store.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def check(
        self, *, departments: Iterable[str] = (), categories: Iterable[str] = (), areas: Iterable[str] = ()
    ) -> None:
        """Ask back a name that is not known; an empty one stands for all.

        Raises:
            UnprocessableError: There is such a name; it says which ones are nearest.
        """
        for code, names in (
            ("department_unknown", departments),
            ("category_unknown", categories),
            ("area_unknown", areas),
        ):
            asked = {name for name in names if name}
            if not asked:
                continue
            known = getattr(self, _KNOWN[code])
            for name in sorted(asked - known) if known else ():
                raise UnprocessableError(code, name=name, nearest=nearest_names(name, known))

    @cached_property
    def departments(self) -> frozenset[str]:
        """Every department."""
        own = self._distinct(ApiKey.department) | self._distinct(AlertParty.department)
        routed = self._distinct(Route.department) | {name for row in self._routes for name in row.assisting}
        return frozenset(own | routed | self._forecast_names(ForecastRow.department)) - {""}

    @cached_property
    def areas(self) -> frozenset[str]:
        """Every area; empty where no forecast was issued yet."""
        issued = self._forecast_names(ForecastRow.district) - {""}
        if not issued:
            return frozenset()
        named = {row.area for row in self._routes} | self._distinct(Alert.area)
        return frozenset(issued | named | {EVERYWHERE}) - {""}

    @cached_property
    def categories(self) -> frozenset[str]:
        """Every category of any level, by name and by whole path; empty where no forecast was issued yet."""
        issued = self._chains(ForecastRow, ForecastRow.issue_id == self._issue)
        if not issued:
            return frozenset()
        return frozenset(issued | self._chains(Alert) | {row.category for row in self._routes}) - {""}

    @cached_property
    def _issue(self) -> int | None:
        return self._session.scalar(select(func.max(ForecastIssueRow.id)))

    @cached_property
    def _routes(self) -> Sequence[Route]:
        return self._session.scalars(select(Route)).all()

    def _distinct(self, column: InstrumentedAttribute[str], *conditions: ColumnElement[bool]) -> set[str]:
        return set(self._session.scalars(select(column).where(*conditions).distinct()))

    def _forecast_names(self, column: InstrumentedAttribute[str]) -> set[str]:
        return self._distinct(column, ForecastRow.issue_id == self._issue) if self._issue is not None else set()

    def _chains(self, table: Any, *conditions: ColumnElement[bool]) -> set[str]:
        levels = (table.category1, table.category2, table.category)
        rows = self._session.execute(select(*levels).where(*conditions).distinct())
        return {name for row in rows for name in (*row, *chain_of(*row))} - {""}


_KNOWN: Final = {"department_unknown": "departments", "category_unknown": "categories", "area_unknown": "areas"}


def nearest_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names most like one, or where none is like it the first ones.

    >>> nearest_names("水务", ["市水务局", "公安局"])
    ['市水务局']
    """
    names = sorted(known)
    return get_close_matches(name, names, n=_SHOWN, cutoff=_ALIKE) or names[:_SHOWN]
