"""The 民情月历: every problem that returns, when, how much more, in how many years, and the week to act."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from features.configuration import SeasonConfig
from features.seasons.returns import ShownSeason, explained, seasons_shown, smoothed
from features.seasons.years import Years, align, week_of

CALENDAR_COLUMNS: Final = (
    "unique_id",
    "level",
    "category1",
    "category2",
    "category",
    "district",
    "department",
    "aligned",
    "return_week",
    "return_start",
    "return_end",
    "peak_week",
    "years_seen",
    "years",
    "usual",
    "expected",
    "ratio",
    "act_by_week",
    "act_by",
)
"""Columns of the calendar: one row per season of a series, in the order in which they come."""

_WEEK: Final = pd.Timedelta(days=7)
_STATIC: Final = ("level", "category1", "category2", "category", "district", "department")


def seasonal_calendar(
    y: pd.DataFrame,
    static: pd.DataFrame,
    as_of: pd.Timestamp,
    *,
    lunar: bool = True,
    config: SeasonConfig | None = None,
) -> pd.DataFrame:
    """Return the seasons that history shows, each at its next return.

    Args:
        y: Weekly counts `unique_id, ds, y`; gaps count as zeros.
        static: Hierarchy of the series; those without a row are left out.
        as_of: Naive local moment: only weeks that are over by then are read.
        lunar: Whether the Spring Festival is kept here, so that a season may follow it.
        config: What counts as a season.

    Returns:
        `CALENDAR_COLUMNS`. Weeks are ISO weeks of the coming return; `return_start` is its Monday and never before the
        week of `as_of`; `usual` and `expected` are tickets a week, out of and in season, at last year's level.
    """
    config = config or SeasonConfig()
    known = y[(y["ds"] + _WEEK <= as_of) & y["unique_id"].isin(static["unique_id"])]
    if known.empty:
        return pd.DataFrame(columns=list(CALENDAR_COLUMNS))
    wide = known.pivot_table(index="unique_id", columns="ds", values="y", aggfunc="sum", fill_value=0)
    wide = wide.reindex(columns=pd.date_range(wide.columns[0], wide.columns[-1], freq=_WEEK), fill_value=0)
    counts = wide.to_numpy(dtype=float)
    by_sun, by_moon = (align(counts, wide.columns, aligned) for aligned in ("solar", "lunar"))
    moved = lunar & (explained(by_moon) > explained(by_sun) + config.lunar_margin)
    rows = [
        _row(wide.index[season.series], season, years, as_of, config)
        for years, chosen in ((by_sun, ~moved), (by_moon, moved))
        for season in seasons_shown(years, chosen, config)
    ]
    table = pd.DataFrame(rows, columns=[name for name in CALENDAR_COLUMNS if name not in _STATIC])
    described = table.merge(static.reindex(columns=["unique_id", *_STATIC]).fillna(""), on="unique_id")
    order = ["return_start", "ratio"]
    return described[list(CALENDAR_COLUMNS)].sort_values(order, ascending=[True, False], ignore_index=True)


def _row(
    unique_id: str, season: ShownSeason, years: Years, as_of: pd.Timestamp, config: SeasonConfig
) -> dict[str, Any]:
    start = _next_return(int(season.positions[0]), years, as_of)
    counts = years.counts[season.series]
    usual = float(np.nanmean(np.delete(counts[-1], season.positions)))
    peak = int(np.nanargmax(np.nanmean(smoothed(counts)[:, season.positions], axis=0)))
    act_by = start - timedelta(weeks=config.lead_weeks)
    return {
        "unique_id": unique_id,
        "aligned": years.aligned,
        "return_week": start.isocalendar().week,
        "return_start": start,
        "return_end": start + len(season.positions) * _WEEK,
        "peak_week": (start + peak * _WEEK).isocalendar().week,
        "years_seen": season.years_seen,
        "years": int(years.years.size),
        "usual": usual,
        "expected": float(np.nanmean(counts[-1])) * season.ratio,
        "ratio": season.ratio,
        "act_by_week": act_by.isocalendar().week,
        "act_by": act_by,
    }


def _next_return(position: int, years: Years, as_of: pd.Timestamp) -> pd.Timestamp:
    this_week = as_of.normalize() - pd.Timedelta(days=as_of.weekday())
    coming = (pd.Timestamp(week_of(position, year, years.aligned)) for year in range(as_of.year - 1, as_of.year + 3))
    return next(start for start in coming if start >= this_week)
