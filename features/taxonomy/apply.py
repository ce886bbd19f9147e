"""Bring labels to the taxonomy in force at a date: history is restated change by change, in order of time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from features.branches import leaf_of
from features.errors import TaxonomyError
from features.taxonomy.crosswalk import Crosswalk

_PARENTS = ("category1", "category2")


def apply_crosswalk(
    frame: Any,
    crosswalk: Crosswalk,
    as_of: date | datetime,
    *,
    dimension: str = "category",
    values: tuple[str, ...] = ("y",),
    day: str = "ds",
) -> Any:
    """Restate counts in the labels in force on a day.

    A change counts once its `valid_from` has come; then it restates all earlier periods as well. A split shares the
    history of its label by weight, a merge adds histories up; the total of every period stays what it was.

    Args:
        frame: One row per label and period (and any other columns, which are kept apart).
        crosswalk: The changes.
        as_of: Civil day (or local time) at the hotline; later changes are not known yet.
        dimension: `category` or `district`: which rows of the crosswalk, and which column of the frame.
        values: Numeric columns that are shared and added up.
        day: Column with the period's start (naive local).

    Returns:
        The frame with restated labels, equal keys added up, in order of the remaining columns. Where nothing changed,
        the frame itself.

    Raises:
        TaxonomyError: A column is missing.
    """
    _require(frame, dimension, day, *values)
    rows = _in_force(crosswalk, as_of, dimension)
    if rows.empty or not _meant(frame[dimension], rows["old"]).isin(rows["old"]).any():
        return frame
    restated = frame.astype(dict.fromkeys(values, "float64"))
    for _, change in rows.groupby("valid_from", sort=True):
        restated = _restate(restated, _with_windows(change, rows), dimension=dimension, values=values, day=day)
    keys = [name for name in frame.columns if name not in values]
    added = restated.groupby(keys, as_index=False, sort=True, dropna=False, observed=True)[list(values)].sum()
    return added[list(frame.columns)]


def relabel_tickets(
    tickets: Any,
    crosswalk: Crosswalk,
    as_of: date | datetime,
    *,
    dimension: str = "category",
    day: str = "opened_local",
) -> Any:
    """Give single tickets the label in force on a day; a ticket of a split label gets the likeliest part.

    Args:
        tickets: Frame with the label column and `day`.
        crosswalk: The changes.
        as_of: Civil day at the hotline.
        dimension: `category` or `district`.
        day: Column with the opening time (naive local).
    """
    _require(tickets, dimension, day)
    rows = _in_force(crosswalk, as_of, dimension)
    relabelled = tickets.copy()
    for _, change in rows.groupby("valid_from", sort=True):
        # The window first: a part of the label that stays says from when on the label means only that part.
        ranked = _with_windows(change, rows).sort_values(["weight", "new"], ascending=[False, True], kind="stable")
        likeliest = ranked.drop_duplicates("old")
        meant = _meant(relabelled[dimension], likeliest["old"])
        moved = _moved(relabelled, meant, likeliest, day=day)
        targets = likeliest.set_index("old").loc[meant[moved]]
        relabelled.loc[moved, dimension] = _renamed(relabelled.loc[moved, dimension], meant[moved], targets)
        for parent in _PARENTS if dimension == "category" else ():
            if parent in relabelled.columns:
                old = relabelled.loc[moved, parent].to_numpy()
                relabelled.loc[moved, parent] = np.where(targets[parent] != "", targets[parent], old)
    return relabelled


def _require(frame: Any, *columns: str) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise TaxonomyError(f"the frame has no column {missing}", hint=f"it has {list(map(str, frame.columns))}")


def _in_force(crosswalk: Crosswalk, as_of: date | datetime, dimension: str) -> Any:
    today = pd.Timestamp(as_of).tz_localize(None).normalize()
    rows = crosswalk.rows
    return rows[(rows["dimension"] == dimension) & (rows["valid_from"] <= today)]


def _with_windows(change: Any, rows: Any) -> Any:
    """Add the window of opening days whose labels the change restates.

    `begins`: where an earlier change of the same label gave it up to a new meaning; `ends`: where this one does, or,
    where a part of the label stays, the day of the change itself (later tickets already mean the smaller label).
    """
    earlier = rows.dropna(subset=["valid_to"]).groupby("old")["valid_to"].apply(list).to_dict()
    days = change["valid_from"].iloc[0]
    begins = change["old"].map(
        lambda old: max((d for d in earlier.get(old, []) if d <= days), default=pd.Timestamp.min)
    )
    stays = change["old"].isin(change.loc[change["old"] == change["new"], "old"])
    ends = change["valid_to"].fillna(pd.Timestamp.max.floor("D")).where(~stays, change["valid_from"])
    return change.assign(begins=pd.to_datetime(begins), ends=ends)


def _meant(labels: Any, old: Any) -> Any:
    """Return by which label of a change each label is meant: itself, or its leaf where it is called by its path.

    A row about a path holds for that branch alone, a row about a leaf for every branch that no row names.
    """
    known = set(old)
    given = [label for label in labels.unique() if isinstance(label, str) and label not in known]
    names = {label: leaf_of(label) for label in given if leaf_of(label) in known}
    return labels.map(lambda label: names.get(label, label)) if names else labels


def _renamed(labels: Any, meant: Any, targets: Any) -> Any:
    """Return the new labels: a branch that is meant by its leaf keeps its path, unless the change names new parents."""
    new = targets["new"].to_numpy(dtype=object)
    rows = zip(labels, meant, new, targets[_PARENTS[0]], strict=True)
    return [label[: -len(old)] + one if label != old and not parent else one for label, old, one, parent in rows]


def _moved(frame: Any, meant: Any, change: Any, *, day: str) -> Any:
    windows = change.drop_duplicates("old").set_index("old")
    touched = meant.isin(windows.index)
    moved = pd.Series(False, index=frame.index)
    if touched.any():
        window = windows.loc[meant[touched]]
        days = frame.loc[touched, day].to_numpy()
        moved[touched] = (days >= window["begins"].to_numpy()) & (days < window["ends"].to_numpy())
    return moved


def _restate(frame: Any, change: Any, *, dimension: str, values: tuple[str, ...], day: str) -> Any:
    meant = _meant(frame[dimension], change["old"])
    moved = _moved(frame, meant, change, day=day)
    targets = change[["old", "new", "weight", *_PARENTS]].add_prefix("to_")
    shared = frame[moved].assign(to_old=meant[moved]).merge(targets, on="to_old", how="inner")
    for name in values:
        shared[name] = shared[name] * shared["to_weight"]
    to = shared[["to_new", *(f"to_{parent}" for parent in _PARENTS)]]
    shared[dimension] = _renamed(shared[dimension], shared["to_old"], to.rename(columns=lambda name: name[3:]))
    for parent in _PARENTS if dimension == "category" else ():
        if parent in frame.columns:
            shared[parent] = shared[parent].where(shared[f"to_{parent}"] == "", shared[f"to_{parent}"])
    return pd.concat([frame[~moved], shared[list(frame.columns)]], ignore_index=True)
