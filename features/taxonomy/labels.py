"""Labels in force: which names of categories and districts hold at a moment, and how one set became another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import pandas as pd

from features.branches import is_bare, leaf_of, whole_path
from features.series import parse_series_id
from features.settings import Settings
from features.taxonomy.apply import relabel_tickets
from features.taxonomy.crosswalk import COLUMNS, DIMENSIONS, Crosswalk
from features.taxonomy.installed import crosswalk_for, kept_crosswalk


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
        return Crosswalk(_by_path(rows[rows["valid_from"] <= pd.Timestamp(self.day)].reset_index(drop=True)))

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

    def renamed(self, named: dict[str, str], opened: pd.Timestamp) -> dict[str, str]:
        """Return what something that was opened then is called now.

        Args:
            named: `category`, `category1`, `category2` and `district`, those that are known.
            opened: Naive local; a label may mean less from a day on.
        """
        known = {name: value for name, value in named.items() if value}
        if self.as_filed or not known:
            return dict(named)
        row = self.relabel(pd.DataFrame([{**known, "opened_local": opened}])).iloc[0]
        return {name: str(row[name]) if name in known else value for name, value in named.items()}

    def name(self, label: str, dimension: str, opened: pd.Timestamp | None = None) -> str:
        """Return what a label of `category` or `district` is called now; the likeliest part of one that was split.

        Args:
            label: As it was said.
            dimension: `category` or `district`.
            opened: Naive local moment at which it was meant; before every change when None.
        """
        if self.as_filed or not label:
            return label
        before = self.changes.rows["valid_from"].min() - pd.Timedelta(days=1)
        return self.renamed({dimension: label}, before if opened is None else opened)[dimension]

    def series(self, unique_id: str) -> str:
        """Return what a series is called now, where its labels were only renamed; else what it was called.

        Of a label that was split or merged no number is the number of another.
        """
        if self.as_filed:
            return unique_id
        rows = self.changes.rows
        single = rows.groupby(["dimension", "new"])["old"].transform("nunique").eq(1) & rows["weight"].eq(1.0)
        moved = set(map(tuple, rows.loc[single, ["dimension", "old"]].to_numpy()))
        named = parse_series_id(unique_id)
        found = {
            name: self.name(label, name) if {(name, label), (name, leaf_of(label))} & moved else label
            for name, label in named.items()
        }
        return ";".join(f"{name}={label}" for name, label in found.items()) or unique_id


def _by_path(rows: Any) -> Any:
    """Return changes whose new labels are called as branches are: "other" by its path, where its parents are named."""
    placed = (rows["dimension"] == "category") & (rows["category1"] != "") & (rows["category2"] != "")
    others = placed & rows["new"].map(is_bare).astype(bool)
    if not others.any():
        return rows
    paths = rows.loc[others, ["category1", "category2", "new"]].itertuples(index=False, name=None)
    new = rows["new"].astype(object)
    new[others] = [whole_path(*path) for path in paths]
    return rows.assign(new=new.astype(rows["new"].dtype))


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
    crosswalk = kept_crosswalk(settings, taxonomy_version)
    return None if crosswalk is None else Labels(crosswalk, moment.astimezone(settings.zone).date())


def changes_since(then: Labels, now: Labels) -> Crosswalk | None:
    """Return what came into force between two sets of labels; None where the newer one took something back."""
    before, after = (_keyed(labels.changes.rows) for labels in (then, now))
    if not before.index.isin(after.index).all():
        return None
    return Crosswalk(after[~after.index.isin(before.index)].reset_index(drop=True))


def _keyed(rows: Any) -> Any:
    return rows.set_index(pd.MultiIndex.from_frame(rows[list(COLUMNS)].astype(str)), drop=True)
