"""Labels in force: which names of categories and districts hold at a moment, and how one set became another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final

import pandas as pd

from features.settings import Settings
from features.taxonomy.apply import relabel_tickets
from features.taxonomy.crosswalk import COLUMNS, DIMENSIONS, Crosswalk, empty_crosswalk, read_crosswalk
from features.taxonomy.installed import crosswalk_for, crosswalk_path, version_of

_PARENTS: Final = ("category1", "category2")


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels that a crosswalk puts in force on a day.

    Attributes:
        crosswalk: All changes that were installed.
        day: Civil day at the hotline; later changes are not known yet.
    """

    crosswalk: Crosswalk
    day: date

    @cached_property
    def changes(self) -> Crosswalk:
        """The changes in force on the day; empty where every label is as it was filed."""
        rows = self.crosswalk.rows
        return Crosswalk(rows[rows["valid_from"] <= pd.Timestamp(self.day)].reset_index(drop=True))

    @property
    def in_force(self) -> tuple[Crosswalk, date]:
        """The changes in force and the day, as functions that restate take them."""
        return self.changes, self.day

    @property
    def as_filed(self) -> bool:
        """Whether every label is as it was filed."""
        return not len(self.changes)

    @property
    def key(self) -> str:
        """Hash of the changes in force: equal keys are equal labels."""
        return self.changes.version

    def relabel(self, tickets: pd.DataFrame) -> pd.DataFrame:
        """Give tickets the labels in force; a ticket of a split label gets the likeliest part.

        Args:
            tickets: Frame with `opened_local`, and `category`, `district` and their parents where they are wanted.
        """
        for dimension in DIMENSIONS:
            if dimension in tickets.columns and not self.as_filed:
                tickets = relabel_tickets(tickets, self.changes, self.day, dimension=dimension)
        return tickets

    def parents(self, category: str) -> dict[str, str]:
        """Return the parents that a change of this category states; empty where they stay."""
        rows = self.changes.rows
        rows = rows[(rows["dimension"] == "category") & (rows["old"] == category)]
        stated = rows.sort_values(["weight", "new"], ascending=[False, True], kind="stable").head(1)
        return {name: value for name in _PARENTS for value in stated[name] if value}

    def name(self, label: str, dimension: str) -> str:
        """Return what a label of `category` or `district` is called now; the likeliest part of one that was split."""
        if self.as_filed or not label:
            return label
        before = self.changes.rows["valid_from"].min() - pd.Timedelta(days=1)
        one = pd.DataFrame({dimension: [label], "opened_local": [before]})
        return str(self.relabel(one)[dimension].iloc[0])


def labels_in_force(settings: Settings, moment: datetime) -> Labels:
    """Return the labels in force at an aware moment.

    Raises:
        CrosswalkError: The installed crosswalk is wrong.
    """
    return Labels(crosswalk_for(settings), moment.astimezone(settings.zone).date())


def labels_of(settings: Settings, taxonomy_version: str, moment: datetime) -> Labels | None:
    """Return the labels in which something was said at a moment; None where that crosswalk is not at hand.

    Args:
        settings: The installation, which keeps every crosswalk that was in force.
        taxonomy_version: As outputs carry it.
        moment: Aware; when it was said.
    """
    for crosswalk in _kept(settings):
        if taxonomy_version in {crosswalk.version, version_of(crosswalk, settings)}:
            return Labels(crosswalk, moment.astimezone(settings.zone).date())
    return None


def changes_since(then: Labels, now: Labels) -> Crosswalk | None:
    """Return what came into force between two sets of labels; None where the newer one took something back."""
    before, after = (_keyed(labels.changes.rows) for labels in (then, now))
    if not before.index.isin(after.index).all():
        return None
    return Crosswalk(after[~after.index.isin(before.index)].reset_index(drop=True))


def _keyed(rows: Any) -> Any:
    return rows.set_index(pd.MultiIndex.from_frame(rows[list(COLUMNS)].astype(str)), drop=True)


def _kept(settings: Settings) -> Iterator[Crosswalk]:
    """Yield the crosswalk in force, then every earlier one that was kept beside it, and that of no change at all."""
    yield crosswalk_for(settings)
    for path in sorted(crosswalk_path(settings).parent.glob("crosswalk-*.csv")):
        yield read_crosswalk(path)
    yield empty_crosswalk()
