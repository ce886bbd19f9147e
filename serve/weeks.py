"""ISO weeks: how a report names its week, and which Monday that is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from serve.errors import RequestError

_PATTERN: Final = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, order=True)
class Week:
    """One ISO week.

    >>> str(Week.parse("2026-W48")), Week.parse("2026-W48").monday.isoformat()
    ('2026-W48', '2026-11-23')
    """

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Week:
        """Return the week named as `2026-W48`.

        Raises:
            RequestError: It is not written so, or the year has no such week.
        """
        found = _PATTERN.fullmatch(text.strip())
        if found is None:
            raise RequestError("not_a_week", text=text)
        week = cls(int(found[1]), int(found[2]))
        try:
            week.monday  # noqa: B018 - asks the calendar whether there is such a week
        except ValueError as error:
            raise RequestError("no_such_week", week=text) from error
        return week

    @classmethod
    def of(cls, day: date) -> Week:
        """Return the week a day lies in."""
        iso = day.isocalendar()
        return cls(iso.year, iso.week)

    @property
    def monday(self) -> date:
        """Its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def before(self) -> Week:
        """The week before."""
        return Week.of(self.monday - timedelta(days=7))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"
