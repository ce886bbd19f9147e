"""Give each candidate a curve: the counts it is about, with what was expected where a detector said so."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.series import series_id
from features.vocabulary import Frequency, Kind

_SEASON_WEEKS: Final = 60
"""Weeks shown of a seasonal problem: its last return is among them."""
_NAMED: Final = ("category1", "category2", "category")
_GOOD_PART: Final = 0.2
"""Of a candidate's tickets: a cell with as many is part of what the candidate is about."""
_DAY: Final = pd.Timedelta(days=1)
_COLUMNS: Final = ("ds", "y", "expected", "upper")
Judged = dict[tuple[Frequency, str], pd.DataFrame]
"""(frequency, unique_id) -> rows of the surge detector."""


def with_curves(
    candidates: pd.DataFrame,
    surges: Mapping[Frequency, pd.DataFrame],
    weekly: pd.DataFrame | None = None,
    tickets: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Add to each candidate's evidence a curve: `freq`, `counts` and rows `ds, y, expected, upper`.

    A surge is shown in the periods it was found in; a season by its weekly counts alone; one caller's matter by that
    caller's tickets alone (`expected` and `upper` are null in both). A cluster, a text group or another rule is shown
    by the days of the cells that a good part of its leading signal's tickets lie in, and each row says how many are
    its `own`; days that are not complete yet have those alone, and `partial`. Without any such series, no curve.
    `counts` says what a bar is: tickets, the one caller's `own` tickets, or distinct `callers`, each once a period and
    cell.

    Args:
        candidates: Of `merge_candidates`.
        surges: Frequency -> the surge detector's whole output.
        weekly: Weekly counts `unique_id, ds, y` of the series that seasons are about.
        tickets: The clean tickets that the candidates name.
    """
    if candidates.empty:
        return candidates
    rows = candidates.to_dict("records")
    members = _members(rows, tickets)
    cells = [_main_cells(of) for of in members]
    wanted = [_wanted(row, near) for row, near in zip(rows, cells, strict=True)]
    judged = _judged(surges, {series for several in wanted for series in several})
    curves = [_curve(*each, judged=judged, weekly=weekly) for each in zip(rows, members, cells, wanted, strict=True)]
    evidence = [
        {**row["evidence"], **({"curve": curve} if curve else {})} for row, curve in zip(rows, curves, strict=True)
    ]
    return candidates.assign(evidence=evidence)


class _Ticket(NamedTuple):
    """What a curve asks of a ticket: the day it was opened, who called, which cell it lies in."""

    day: pd.Timestamp
    caller: str
    cell: str


def _curve(
    row: Mapping[str, Any],
    members: Sequence[_Ticket],
    cells: Sequence[str],
    wanted: Iterable[tuple[Frequency, str]],
    *,
    judged: Judged,
    weekly: pd.DataFrame | None,
) -> dict[str, Any] | None:
    lead = row["evidence"]["signals"][0]
    if lead["kind"] == Kind.FORECAST:
        return _season(row, weekly)
    if lead["kind"] == Kind.REPEAT and members:
        return _one_caller(members, row)
    parts = [judged[Frequency.DAILY, cell] for cell in cells if (Frequency.DAILY, cell) in judged]
    if lead["detector"] != "surge" and parts:
        return _around(members, parts)
    return next((_shown(freq, judged[freq, cell]) for freq, cell in wanted if (freq, cell) in judged), None)


def _members(rows: Sequence[Mapping[str, Any]], tickets: pd.DataFrame | None) -> list[list[_Ticket]]:
    """Return the tickets of every candidate's leading signal; none where they are not at hand."""
    if tickets is None:
        return [[] for _ in rows]
    own = [row["tickets"][: row["evidence"]["signals"][0].get("tickets")] for row in rows]
    near = tickets[tickets["key"].isin({key for keys in own for key in keys})]
    dims = near[[*_NAMED, "district"]].itertuples(index=False, name=None)
    cells = [series_id("cell", dict(zip((*_NAMED, "district"), named, strict=True))) for named in dims]
    ticket = dict(
        zip(near["key"], map(_Ticket, near["opened_local"].dt.normalize(), near["caller"], cells), strict=True)
    )
    return [[ticket[key] for key in dict.fromkeys(keys) if key in ticket] for keys in own]


def _main_cells(members: Sequence[_Ticket]) -> list[str]:
    """Return the cells that a good part of the tickets lie in, most first: a stray one brings no cell along."""
    count = Counter(ticket.cell for ticket in members).most_common()
    return [cell for cell, size in count if size >= min(_GOOD_PART * len(members), count[0][1])]


def _wanted(row: Mapping[str, Any], near: Iterable[str]) -> list[tuple[Frequency, str]]:
    """Return the series (frequency, unique_id) that would show a candidate, the best first."""
    lead = row["evidence"]["signals"][0]
    own = [(Frequency(lead.get("freq", Frequency.DAILY)), cell) for cell in lead["cells"]]
    return [*own, *((Frequency.DAILY, cell) for cell in [*row["cells"], *_matter(row), *near])]


def _judged(surges: Mapping[Frequency, pd.DataFrame], wanted: set[tuple[Frequency, str]]) -> Judged:
    """Return the rows of those of the wanted series that were judged."""
    found = {}
    for freq, frame in surges.items():
        rows = frame[frame["unique_id"].isin([cell for period, cell in wanted if period == freq])]
        for cell, known in rows.groupby("unique_id", sort=False):
            found[freq, str(cell)] = known
    return found


def _matter(row: Mapping[str, Any]) -> list[str]:
    """Return the series of a candidate's matter in its district, and of its matter anywhere."""
    if not row["category"]:
        return []
    dims = {**{name: row[name] for name in _NAMED}, "district": row["area"]}
    return [series_id("cell", dims), series_id("category", dims)]


def _season(row: Mapping[str, Any], weekly: pd.DataFrame | None) -> dict[str, Any] | None:
    if weekly is None:
        return None
    known = weekly[weekly["unique_id"].isin(row["cells"][:1])].tail(_SEASON_WEEKS)
    return None if known.empty else _shown(Frequency.WEEKLY, known[["ds", "y"]].assign(expected=np.nan, upper=np.nan))


def _one_caller(members: Sequence[_Ticket], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return how often the caller called on each day of the window."""
    days = pd.date_range(row["window_start"].normalize(), row["window_end"].normalize(), freq="D")
    calls = Counter(ticket.day for ticket in members)
    known = pd.DataFrame({"ds": days, "y": [calls[day] for day in days], "expected": np.nan, "upper": np.nan})
    return {**_shown(Frequency.DAILY, known), "counts": "own"}


def _around(members: Sequence[_Ticket], parts: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return the days of several cells together, with the candidate's own part of each.

    The margins of cells are nearly independent, so the margin of their sum is their root sum of squares. Its tickets
    elsewhere, filed otherwise or by nobody, count all the same.
    """
    cells = {str(part["unique_id"].iloc[0]) for part in parts}
    own, astray = _callers(members), _callers([ticket for ticket in members if ticket.cell not in cells])
    days, at = np.unique(np.concatenate([part["ds"].to_numpy() for part in parts]), return_inverse=True)
    ds = list(pd.DatetimeIndex(days))

    def total(name: str) -> NDArray[np.float64]:
        values = np.concatenate([part[name].to_numpy(dtype=float) for part in parts])
        return np.asarray(np.bincount(at, values, len(ds)), dtype=float)

    more = np.array([astray.get(day, 0) for day in ds])
    widths = [np.square(part["upper"].to_numpy() - part["expected"].to_numpy()) for part in parts]
    upper = total("expected") + np.sqrt(np.bincount(at, np.concatenate(widths), len(ds)))
    counted = {name: total(name) + more for name in _counts(parts[0])}
    known = {"ds": ds, **counted, "expected": total("expected"), "upper": upper, "own": [own.get(day, 0) for day in ds]}
    curve = _shown(Frequency.DAILY, known)
    for day in pd.date_range(ds[-1] + _DAY, max(own, default=ds[-1]), freq="D"):
        said = {"y": own.get(day, 0), "expected": None, "upper": None, "own": own.get(day, 0), "partial": True}
        curve["rows"].append({"ds": day.isoformat(), **said})
    return curve


def _callers(tickets: Sequence[_Ticket]) -> dict[pd.Timestamp, int]:
    """Return how many distinct callers called on each day."""
    calls: dict[pd.Timestamp, set[str]] = {}
    for ticket in tickets:
        calls.setdefault(ticket.day, set()).add(ticket.caller)
    return {day: len(callers) for day, callers in calls.items()}


def _counts(known: pd.DataFrame) -> list[str]:
    return [name for name in ("y", "tickets") if name in known]


def _shown(freq: Frequency, known: pd.DataFrame | Mapping[str, Any]) -> dict[str, Any]:
    """Return a curve as evidence keeps it; callers are named where they are not as many as the tickets."""
    columns = {name: list(known[name]) for name in ("ds", "y", "expected", "upper", "own", "tickets") if name in known}
    own = columns.get("own", [None] * len(columns["ds"]))
    rows = [
        {"ds": ds.isoformat(), "y": int(y), "expected": _number(mean), "upper": _number(upper)}
        | ({} if part is None else {"own": int(min(part, y))})
        for ds, y, mean, upper, part in zip(*(columns[name] for name in _COLUMNS), own, strict=True)
    ]
    callers = columns.get("tickets", columns["y"]) != columns["y"]
    return {"freq": freq, "counts": "callers" if callers else "tickets", "rows": rows}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 2)
