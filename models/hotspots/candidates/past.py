"""Similar past cases: what happened before with the same matter in the same place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pandas as pd

from features.series import series_id
from features.vocabulary import BeyondHistory, Frequency
from models.hotspots.candidates.signals import Signal

_CASE_FIELDS = (
    *("alert", "kind", "category", "area", "window_start", "observed", "sentence"),
    *("department", "state", "outcome"),
)
_DIMENSIONS = ("category1", "category2", "category")


Alarms = Mapping[str, Sequence[dict[str, Any]]]
"""unique_id -> its alarms, oldest first: `unique_id`, `ds`, `y`, `expected`."""


def alarms_of(surges: pd.DataFrame) -> Alarms:
    """Return the periods of a surge frame that alarmed, series by series."""
    if "alarm" not in surges:
        return {}
    rows = surges.loc[surges["alarm"].astype(bool), ["unique_id", "ds", "y", "expected"]].sort_values("ds")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_dict("records"):
        found.setdefault(row["unique_id"], []).append(row)
    return found


def similar_past(
    group: Sequence[Signal],
    *,
    cases: pd.DataFrame | None,
    alarms: Mapping[Frequency, Alarms],
    limit: int = 5,
    episodes: int = 20,
) -> list[dict[str, Any]]:
    """Return past cases like a group of signals, the same place first, then the latest.

    Args:
        group: Signals about one event; the first one leads.
        cases: Earlier candidates or episodes (`category`, `area`, `window_start`, ...); None when there are none yet.
        alarms: Frequency -> `alarms_of` its surge frame: those of the same cell are cases too, periods in a row one
            case with the largest count. What no surge is about is looked up by its matter in its district.
        limit: How many earlier alarms to return at most.
        episodes: How many earlier episodes to return at most: more than are shown, since a reader sees its own only.

    Returns:
        JSON-ready mappings: `source` ("episode" or "history"), the time as ISO text, counts where known.
    """
    lead = group[0]
    return [*_from_cases(lead, cases, episodes), *_from_history(group, alarms)[:limit]]


def _from_cases(lead: Signal, cases: pd.DataFrame | None, most: int) -> list[dict[str, Any]]:
    if cases is None or cases.empty or not lead.category:
        return []
    alike = cases[(cases["category"] == lead.category) & (cases["window_start"] < lead.window_start)]
    alike = alike.assign(elsewhere=alike["area"] != lead.area)
    alike = alike.sort_values(["elsewhere", "window_start"], ascending=[True, False]).head(most)
    fields = [name for name in _CASE_FIELDS if name in alike]
    return [{"source": "episode", **_plain(row)} for row in alike[fields].to_dict("records")]


def _from_history(group: Sequence[Signal], alarms: Mapping[Frequency, Alarms]) -> list[dict[str, Any]]:
    start = min(signal.window_start for signal in group)
    found = []
    for freq, cells in _series(group, alarms).items():
        rows = [row for cell in sorted(cells) for row in _peaks(alarms[freq].get(cell, ()), start, freq.length)]
        rows = sorted(rows, key=lambda row: row["ds"], reverse=True)[:5]
        found += [{"source": "history", "freq": freq, **_plain(row)} for row in rows]
    return found


def _series(group: Sequence[Signal], alarms: Mapping[Frequency, Alarms]) -> dict[Frequency, set[str]]:
    """Return, by frequency, the series whose earlier alarms are like the group; where no surge is, the longer one."""
    own = {freq: {cell for signal in group if _judged_at(signal, freq) for cell in signal.cells} for freq in alarms}
    if any(own.values()):
        return {freq: cells for freq, cells in own.items() if cells}
    lead = group[0]
    freq = next((freq for freq in (Frequency.WEEKLY, Frequency.DAILY) if freq in alarms), None)
    if freq is None or not lead.category or not lead.area:
        return {}
    dims = {**{name: getattr(lead, name) for name in _DIMENSIONS}, "district": lead.area}
    return {freq: {series_id("cell", dims)}}


def _judged_at(signal: Signal, freq: Frequency) -> bool:
    return isinstance(signal.rule, BeyondHistory) and signal.rule.freq == freq


def _peaks(alarms: Sequence[dict[str, Any]], start: pd.Timestamp, step: timedelta) -> list[dict[str, Any]]:
    """Return the largest of each run of one series' alarms before a moment: one outbreak is one case, not one a day."""
    peaks: list[dict[str, Any]] = []
    last = None
    for row in alarms:
        if row["ds"] >= start:
            break
        if last is None or row["ds"] - last != step:
            peaks.append(row)
        elif row["y"] > peaks[-1]["y"]:
            peaks[-1] = row
        last = row["ds"]
    return peaks


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, pd.Timestamp) else value
        for name, value in row.items()
        if not pd.isna(value)
    }
