"""Sums and their parts: a cause is told at the level that explains it, with the parts that carry it.

A sum (a department, a district, a class in a district, a category, the whole city) that one cell explains is told as
that cell. A sum that several parts carry together is told itself, names them, and takes in what else was found of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from features.branches import is_unclassified
from features.vocabulary import Frequency, Kind
from models.hotspots.candidates.signals import Part, Signal
from models.hotspots.ticketframe import between

_BY: Final = {
    "total": "category",
    "department": "category",
    "district": "category",
    "category1_district": "category",
    "category1": "category",
    "category2": "category",
    "category": "district",
}
"""Level of a sum -> what its parts are told by."""
_LEAST: Final = 3
"""A part has so many tickets..."""
_TIMES: Final = 1.5
"""... and so many times what its share of the sum's expectation is."""
_LIFTED: Final = 2.0
"""A sum of categories is told at so many times what is expected of it: below that a busy day is what it is."""
_CARRIED: Final = 0.5
"""One part holds so much of it..."""
_FAR: Final = 1.5
"""... or the sum is so many times the most that is usual."""
_SEVERAL: Final = 3
"""A cause that a department or a district explains has so many parts; a cause of fewer is told by them."""
_BROAD: Final = ("department", "district", "category")
"""Levels whose sums come first, the largest first; classes in districts and the whole city explain what is left."""


def with_parts(signal: Signal, tickets: pd.DataFrame) -> Signal:
    """Return a sum with the parts that carry it; of a sum of categories, the tickets of these alone.

    Args:
        signal: A surge of a sum, its tickets those of the whole sum.
        tickets: Clean tickets that reach back before its window: what a part's share usually is.
    """
    by = _BY[signal.level]
    inside = tickets[tickets["key"].isin(set(signal.tickets))]
    now = inside.groupby(by).size()
    before = _of(signal, between(tickets, tickets["opened_local"].min(), signal.window_start)).groupby(by).size()
    names = now.index.union(before.index)
    usual = before.reindex(names, fill_value=0) + 0.5
    expected = signal.expected * usual / usual.sum()
    now = now.reindex(names, fill_value=0)
    excess = (now - expected)[(now >= _LEAST) & (now >= _TIMES * expected)].sort_values(ascending=False)
    # Where nobody knows the place, there is none to name.
    excess = excess[[not is_unclassified(str(name)) for name in excess.index]]
    parts = tuple(Part(str(name), int(now[name]), float(expected[name])) for name in excess.index)
    kept = signal.tickets
    if by == "category":
        kept = tuple(inside.loc[inside["category"].isin(excess.index), "key"])
    return replace(signal, parts=parts, tickets=kept)


def _of(signal: Signal, tickets: pd.DataFrame) -> pd.DataFrame:
    """Return the tickets of a sum."""
    # A leaf is counted by its own name, under whatever parents it occurs.
    upper = {} if signal.category else {"category1": signal.category1, "category2": signal.category2}
    named = {**upper, "category": signal.category}
    named |= {"district": signal.area, "department": signal.department if signal.level == "department" else ""}
    for column, value in named.items():
        if value:
            tickets = tickets[tickets[column] == value]
    return tickets


def hosted(signals: Sequence[Signal], share: float) -> tuple[dict[int, int], set[int]]:
    """Return which signal is told inside which sum, and which sums are not told because their parts say it better.

    Args:
        signals: Of all detectors; sums have their parts.
        share: Of a signal's tickets, or of a sum's excess, that makes it one with another.

    Returns:
        Number of a signal -> number of the sum that takes it in; numbers of the sums that are dropped. A sum that
        a finer surge explains is dropped too: its tickets elsewhere are no tickets of that surge.
    """
    inside: dict[int, int] = {}
    dropped: set[int] = set()
    standing: list[int] = []
    for n in _in_order(signals):
        whole = signals[n]
        if whole.level != "category" and not _lifted(whole):
            dropped.add(n)
            continue
        host = _host(whole, [signals[m] for m in standing], share)
        if host is not None:
            inside[n] = standing[host]
        elif _told_by_parts(whole, signals, share) or _spread(whole, [signals[m] for m in standing], share):
            dropped.add(n)
        else:
            standing.append(n)
    for n, signal in enumerate(signals):
        if n not in inside and n not in dropped and n not in standing and _can_be_part(signal):
            host = _host(signal, [signals[m] for m in standing], share)
            if host is not None:
                inside[n] = standing[host]
    return inside, dropped


def _in_order(signals: Sequence[Signal]) -> list[int]:
    sums = [n for n, signal in enumerate(signals) if signal.aggregate and signal.detector == "surge"]
    rank = dict.fromkeys(_BROAD, 0) | {"category1_district": 1, "total": 2}
    return sorted(sums, key=lambda n: (rank.get(signals[n].level, 1), -signals[n].excess))


def _told_by_parts(whole: Signal, signals: Sequence[Signal], share: float) -> bool:
    """Tell whether a finer surge holds a sum's excess."""
    finer = [one for one in signals if _is_part(one, whole) and _meet(one, whole)]
    return any(one.excess >= share * whole.excess for one in finer)


def _lifted(whole: Signal) -> bool:
    """Tell whether several parts lift a sum of categories within days; over weeks such sums only drift.

    Matters that have nothing to do with each other add up as well: one of them carries the sum, or it stands far out.
    """
    several = whole.level == "total" or len(whole.parts) >= _SEVERAL
    within_days = whole.evidence.get("freq") != Frequency.WEEKLY
    carried = any(part.observed >= _CARRIED * whole.observed for part in whole.parts)
    far = carried or not whole.observed < _FAR * whole.upper
    return several and within_days and far and whole.observed >= _LIFTED * whole.expected


def _host(signal: Signal, standing: Sequence[Signal], share: float) -> int | None:
    """Return the standing sum that holds most of a signal's tickets, if it holds enough of them or names its matter."""
    best: tuple[float, int] | None = None
    for n, whole in enumerate(standing):
        if not _meet(signal, whole):
            continue
        own = set(signal.tickets)
        held = len(own & set(whole.tickets)) / len(own) if own else 0.0
        if held >= share or (signal.kind is Kind.FREQUENT and _names(whole, signal)):
            best = max(best, (held, -n)) if best else (held, -n)
    return None if best is None else -best[1]


def _names(whole: Signal, signal: Signal) -> bool:
    """Tell whether a sum tells of the matter of a rule's hit, where the hit is."""
    matters = {whole.category} if whole.category else {part.name for part in whole.parts}
    return signal.category in matters and whole.area in ("", signal.area)


def _spread(whole: Signal, standing: Sequence[Signal], share: float) -> bool:
    """Tell whether the standing sums together hold a sum's tickets."""
    own = set(whole.tickets)
    told = {key for one in standing if _meet(one, whole) for key in own.intersection(one.tickets)}
    return bool(own) and len(told) >= share * len(own)


def _can_be_part(signal: Signal) -> bool:
    """Only counts are parts of a sum: a place, a text, a watched word or one caller says more than the sum does."""
    return signal.detector == "surge" or signal.kind is Kind.FREQUENT


def _meet(first: Signal, second: Signal) -> bool:
    return bool(first.window_start < second.window_end and second.window_start < first.window_end)


def _is_part(part: Signal, whole: Signal) -> bool:
    """Whether `part` is a finer surge inside `whole`: it names all that `whole` names, and more."""
    if part.detector != "surge" or part is whole:
        return False
    names = ("category1", "category2", "category", "area")
    inside = all(getattr(whole, name) in ("", getattr(part, name)) for name in names)
    if whole.level == "department":
        inside = inside and part.department == whole.department
    return inside and _depth(part) > _depth(whole)


def _depth(signal: Signal) -> int:
    """How much a signal names; a department names more than nothing and less than a category or a district."""
    named = sum(2 for name in ("category1", "category2", "category", "area") if getattr(signal, name))
    return named + (1 if signal.level == "department" else 0)


# A label that became another one.


def relabelled(frame: pd.DataFrame, static: pd.DataFrame, matters: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (old, new) of categories that rose by what another one of the same department fell by.

    The new label is young, or was hardly there; the old one lost half of its usual count or more, and the two together
    are what they were.

    Args:
        frame: Whole output of `detect_surges` at one frequency.
        static: Hierarchy of the series.
        matters: Categories that rose.
    """
    level = static.loc[static["level"] == "category", ["unique_id", "category", "department"]]
    counts = frame.merge(level, on="unique_id")
    if counts.empty or not matters:
        return
    table = counts.pivot_table(index="category", columns="ds", values="y", aggfunc="sum", fill_value=0.0)
    half = table.shape[1] // 2
    if half < _SEVERAL:
        return
    before, week = table.iloc[:, :half].mean(axis=1), _newest(table.shape[1])
    now = table.iloc[:, -week:].mean(axis=1)
    department = level.drop_duplicates("category").set_index("category")["department"]
    for new in matters:
        if new not in table.index or before[new] > _HARDLY * now[new]:
            continue
        kin = [name for name in table.index if name != new and department[name] == department[new]]
        lost = (before - now)[kin]
        fell = lost[(lost >= _HALF * before[kin]) & (lost >= _HALF * now[new]) & (lost <= _TWICE * now[new])]
        if len(fell):
            yield str(fell.idxmax()), new


def _newest(periods: int) -> int:
    """Return how many of the newest periods say what is now: a week of days, two weeks of weeks."""
    return 7 if periods > 30 else 2  # noqa: PLR2004 - a curve of days has 56, one of weeks 26


_HARDLY: Final = 0.2
_HALF: Final = 0.5
_TWICE: Final = 2.0
