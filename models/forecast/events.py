"""What the event register does to a forecast: one-off events leave the history, policies shift its level.

An event that is over is taken out of the history of its scope, so that nothing is learned from it. One to come acts as
the earlier ones of its name did, or as the planner expects (`effect`). A policy stays: history before it is brought to
the level since, which is the planner's expectation at first and what was counted more and more; one to come acts by the
planner's expectation alone. Only what was registered by then counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from features.branches import chain_of
from features.configuration.forecaster import EventConfig
from features.series import parse_series_id
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.members import Floats

Events = Callable[[pd.Timestamp], pd.DataFrame]
"""Moment, naive local, to the register as known then: features.calendars.events_as_of, its file bound."""

_CATEGORIES: Final = ("category", "category2", "category1")
_DISTRICTS: Final = ("district", "department")


def event_factors(
    panel: PanelMatrix, hierarchy: Hierarchy, events: pd.DataFrame, *, days: int, horizon: int, config: EventConfig
) -> Floats:
    """Return the log factors that events and policies put on known and coming periods, cells x periods.

    Args:
        panel: Cells' counts.
        hierarchy: Tells the scope of categories and districts.
        events: `name, kind, start, end, category, district, effect` as known at the end of the panel; `effect` is the
            expected relative change (0.3 is 30 % more), NaN where nobody said.
        days: Days in a period.
        horizon: Coming periods.
        config: How far an effect is believed.
    """
    ds = panel.ds.append(panel.future(horizon))
    factors = np.zeros((len(panel.y), len(ds)))
    if events.empty:
        return factors
    shares = np.stack([_share(event, ds, days) for event in events.to_dict("records")])
    passing = shares[(events["kind"] == "event").to_numpy()].max(axis=0, initial=0.0)
    seen: dict[str, list[float]] = {}
    for event, share in zip(events.to_dict("records"), shares, strict=True):
        scope = scope_of(hierarchy, str(event["category"]), str(event["district"]))
        if not scope.any():
            continue
        if event["kind"] == "policy":
            factors[scope] += _policy(panel.y[scope].sum(axis=0), share, event["effect"], days, config)
            continue
        factors[scope] += _event(panel.y[scope].sum(axis=0), share, passing, event, seen, days, config)
    return np.asarray(np.clip(factors, -config.largest, config.largest))


def scope_of(hierarchy: Hierarchy, category: str, district: str) -> Floats:
    """Return which cells an event is about; empty names mean all, unknown ones none."""
    scope = np.ones(len(hierarchy.levels[-1].ids), dtype=bool)
    for value, names in ((category, _CATEGORIES), (district, _DISTRICTS)):
        if value:
            scope &= _named(hierarchy, value, names)
    return scope


def _named(hierarchy: Hierarchy, value: str, names: tuple[str, ...]) -> Floats:
    found = np.zeros(len(hierarchy.levels[-1].ids), dtype=bool)
    for level in hierarchy.levels:
        if level.name in names:
            called = [place for place, name in enumerate(level.ids) if _is_called(parse_series_id(name), value)]
            found |= np.isin(level.groups, called)
    return found


def _is_called(named: dict[str, str], value: str) -> bool:
    """Tell whether a series of one category or district is what an event names."""
    if "district" in named:
        return named["district"] == value
    return any(value in chain_of("", "", name) for name in named.values())


def _share(event: dict[Any, Any], ds: pd.DatetimeIndex, days: int) -> Floats:
    """Return the share of each period's days that the event covers."""
    end = event["end"] if pd.notna(event["end"]) else ds[-1] + pd.Timedelta(days=days)
    first, last = np.maximum(ds, event["start"]), np.minimum(ds + pd.Timedelta(days=days - 1), end)
    return np.asarray(np.clip((last - first).days.to_numpy(dtype=float) + 1, 0, days) / days)


def _event(
    y: Floats,
    share: Floats,
    any_event: Floats,
    event: dict[Any, Any],
    seen: dict[str, list[float]],
    days: int,
    config: EventConfig,
) -> Floats:
    """Return the factors of a one-off event: measured where it is over, expected where it is to come."""
    known = len(y)
    factor = np.zeros(len(share))
    past = np.flatnonzero(share[:known] > 0)
    quiet = any_event[:known] == 0
    for at in past:
        usual = _around(y, quiet, int(at), days, config.around_days)
        if usual is not None:
            factor[at] = np.log((y[at] + config.tickets) / (usual + config.tickets))
    total_share = share[past].sum()
    if total_share > 0:
        seen.setdefault(str(event["name"]), []).append(float(factor[past].sum() / total_share))
    measured = seen.get(str(event["name"]), [])
    expected = np.mean(measured) if measured else _said(event["effect"])
    factor[known:] = expected * share[known:]
    return factor


def _policy(y: Floats, share: Floats, effect: float, days: int, config: EventConfig) -> Floats:
    """Return the factors of a lasting change: against its own regime where it has begun, the old one where not."""
    known, said = len(y), _said(effect)
    begun = np.flatnonzero(share[:known] >= 1)
    factor = np.zeros(len(share))
    if not len(begun):
        factor[:] = said * share
        return factor
    start = int(begun[0])
    before = y[max(0, start - config.before_days // days) : start]
    if not len(before):
        return factor
    usual = before.mean() * (known - start)
    change = np.log((y[start:].sum() + config.tickets * np.exp(said)) / (usual + config.tickets))
    factor[:start] = -change * (1 - share[:start])
    return factor


def _said(effect: float) -> float:
    return 0.0 if pd.isna(effect) else float(np.log1p(max(effect, -0.95)))


def _around(y: Floats, quiet: Floats, at: int, days: int, reach_days: int) -> float | None:
    """Return the mean of quiet periods (daily: of the same weekday) within `reach_days`; None where there are none."""
    step = 7 if days == 1 else 1
    reach = reach_days // (step * days)
    places = [at + sign * step * back for back in range(1, reach + 1) for sign in (-1, 1)]
    values = [y[place] for place in places if 0 <= place < len(y) and quiet[place]]
    return float(np.mean(values)) if values else None
