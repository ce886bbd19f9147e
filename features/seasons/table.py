"""The 民情月历: every problem that returns, when, how much more, in how many years, and the week to act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.calendars import lunar_new_year
from features.configuration import SeasonConfig

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


@dataclass(frozen=True)
class _Season:
    """A run of positions (it may pass the year's end) in one series."""

    series: int
    positions: NDArray[np.intp]
    years_seen: int
    ratio: float


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
    moved = lunar & (_explained(by_moon) > _explained(by_sun) + config.lunar_margin)
    rows = [
        _row(wide.index[season.series], season, years, as_of, config)
        for years, chosen in ((by_sun, ~moved), (by_moon, moved))
        for season in _seasons(years, chosen, config)
    ]
    table = pd.DataFrame(rows, columns=[name for name in CALENDAR_COLUMNS if name not in _STATIC])
    described = table.merge(static.reindex(columns=["unique_id", *_STATIC]).fillna(""), on="unique_id")
    order = ["return_start", "ratio"]
    return described[list(CALENDAR_COLUMNS)].sort_values(order, ascending=[True, False], ignore_index=True)


def _explained(years: Years) -> Floats:
    """Return the share of each series' variation within years that the other years' mean explains; -inf below two."""
    ratios = _smoothed(years.ratios())
    count = ratios.shape[1]
    if count < 2:  # noqa: PLR2004
        return np.full(ratios.shape[0], -np.inf)
    total = np.nansum(ratios, axis=1, keepdims=True)
    size = (~np.isnan(ratios)).sum(axis=1, keepdims=True)
    others = (total - np.nan_to_num(ratios)) / np.maximum(size - ~np.isnan(ratios), 1)
    left = np.nansum(np.square(ratios - others), axis=(1, 2))
    whole = np.nansum(np.square(ratios - 1.0), axis=(1, 2))
    return np.asarray(1 - left / np.maximum(whole, 1e-9))


def _smoothed(ratios: Floats) -> Floats:
    """Return three-week means over neighbouring positions; the year's ends meet."""
    stack = np.stack([np.roll(ratios, shift, axis=-1) for shift in (-1, 0, 1)])
    filled, known = np.nan_to_num(stack).sum(axis=0), (~np.isnan(stack)).sum(axis=0)
    return np.where(np.isnan(ratios), np.nan, filled / np.maximum(known, 1))


def _seasons(years: Years, chosen: NDArray[np.bool_], config: SeasonConfig) -> Iterator[_Season]:
    """Yield the seasons of the chosen series."""
    if years.counts.shape[1] < config.min_years:
        return
    ratios = years.ratios()
    smooth = _smoothed(ratios)
    high = (np.nan_to_num(np.nanmean(smooth, axis=1)) >= config.ratio) & chosen[:, None]
    for series in np.flatnonzero(high.any(axis=1)):
        for run in _runs(high[series]):
            seen = _seen(years.counts[series], run, config.z)
            needed = max(config.min_years, config.min_share * years.years.size)
            usual = float(np.nanmean(years.counts[series, -1]))
            ratio = float(np.nanmean(ratios[series][:, run]))
            if seen >= needed and usual * ratio >= config.min_weekly:
                yield _Season(int(series), run, seen, ratio)


def _seen(counts: Floats, run: NDArray[np.intp], z: float) -> int:
    """Return in how many years the run stood out of its year, allowing for the series' overdispersion."""
    usual = np.nanmean(counts, axis=1)
    outside = np.setdiff1d(np.arange(POSITIONS), run)
    spread = np.nanmean(np.square(counts[:, outside] - usual[:, None]), axis=1)
    phi = np.maximum(np.nanmedian(spread / np.maximum(usual, 1e-9)), 1.0)
    observed, expected = np.nansum(counts[:, run], axis=1), usual * (~np.isnan(counts[:, run])).sum(axis=1)
    return int(((observed - expected) >= z * np.sqrt(phi * np.maximum(expected, 1e-9))).sum())


def _runs(high: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """Yield runs of marked positions; a run may pass from the last position to the first."""
    if high.all():
        return
    start = int(np.flatnonzero(~high)[0])
    rolled = np.roll(high, -start)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], rolled, [False]]).astype(np.int8)))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield (np.arange(first, last) + start) % POSITIONS


def _row(unique_id: str, season: _Season, years: Years, as_of: pd.Timestamp, config: SeasonConfig) -> dict[str, Any]:
    start = _next_return(int(season.positions[0]), years, as_of)
    counts = years.counts[season.series]
    usual = float(np.nanmean(np.delete(counts[-1], season.positions)))
    peak = int(np.nanargmax(np.nanmean(_smoothed(counts)[:, season.positions], axis=0)))
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


# Weeks of past years laid over each other: by ISO week, or by distance to the Spring Festival.


Floats = NDArray[np.float64]
Aligned = Literal["solar", "lunar"]

POSITIONS: Final = 52
_LUNAR_FIRST: Final = -26
"""Lunar position 0 is 26 weeks before the festival's week."""
_FULL_YEAR: Final = 45
"""Weeks that a year must have to count."""


@dataclass(frozen=True)
class Years:
    """Counts by year and position.

    Attributes:
        aligned: What the positions follow.
        counts: Series x year x position; NaN where a year does not reach.
        years: Year of each column.
    """

    aligned: Aligned
    counts: Floats
    years: NDArray[np.int64]

    def ratios(self) -> Floats:
        """Return counts over their year's mean, so that growth is not a season."""
        usual = np.nanmean(self.counts, axis=2, keepdims=True)
        return np.asarray(self.counts / np.maximum(usual, 1e-9))


def align(counts: Floats, weeks: pd.DatetimeIndex, aligned: Aligned) -> Years:
    """Lay weekly counts out by year and position; years with fewer than 45 weeks are left out.

    Args:
        counts: Series x week, no holes.
        weeks: Start of each week.
        aligned: solar puts ISO weeks over each other (week 53 is left out), lunar the weeks around the Spring Festival.
    """
    year, position = _solar(weeks) if aligned == "solar" else _lunar(weeks)
    inside = (position >= 0) & (position < POSITIONS)
    known, size = np.unique(year[inside], return_counts=True)
    full = known[size >= _FULL_YEAR]
    inside &= np.isin(year, full)
    grid = np.full((counts.shape[0], full.size, POSITIONS), np.nan)
    grid[:, np.searchsorted(full, year[inside]), position[inside]] = counts[:, inside]
    return Years(aligned, grid, full)


def week_of(position: int, year: int, aligned: Aligned) -> date:
    """Return the Monday of a position in a year."""
    if aligned == "solar":
        return date.fromisocalendar(year, position + 1, 1)
    festival = lunar_new_year(year)
    return festival - timedelta(days=festival.weekday()) + timedelta(weeks=position + _LUNAR_FIRST)


def _solar(weeks: pd.DatetimeIndex) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    iso = weeks.isocalendar()
    return iso["year"].to_numpy(dtype=np.int64), iso["week"].to_numpy(dtype=np.int64) - 1


def _lunar(weeks: pd.DatetimeIndex) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the nearest festival's year and the distance to its week."""
    span = range(weeks[0].year - 1, weeks[-1].year + 2)
    festivals = {year: pd.Timestamp(week_of(-_LUNAR_FIRST, year, "lunar")) for year in span}
    mondays = weeks - pd.to_timedelta(weeks.day_of_week, unit="D")
    distance = np.stack([((mondays - festival).days // 7).to_numpy() for festival in festivals.values()])
    # A festival owns the 26 weeks before it and the 25 after; where two claim a week, the earlier keeps it.
    owned = (distance >= _LUNAR_FIRST) & (distance < _LUNAR_FIRST + POSITIONS)
    owner = owned.argmax(axis=0)
    position = distance[owner, np.arange(len(weeks))] - _LUNAR_FIRST
    return np.array(list(festivals))[owner].astype(np.int64), position.astype(np.int64)
