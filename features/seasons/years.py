"""Weeks of past years laid over each other: by ISO week, or by distance to the Spring Festival."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.calendars import lunar_new_year

Floats = NDArray[np.float64]
Aligned = Literal["solar", "lunar"]

POSITIONS: Final = 52
_LUNAR_FIRST: Final = -26
"""Lunar position 0 is 26 weeks before the festival's week."""
_FULL_YEAR: Final = 45
"""Weeks that a year must have to count."""
_LEAST_LEVEL: Final = 0.25
"""No week's level is below this share of its year's mean."""


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

    def level(self) -> Floats:
        """Return the level of every week: the years' means, joined by straight lines, so that no trend is a season."""
        means = np.nanmean(self.counts, axis=2)
        if means.shape[1] == 1:
            return np.broadcast_to(means[:, :, None], self.counts.shape)
        before = np.concatenate([2 * means[:, :1] - means[:, 1:2], means[:, :-1]], axis=1)
        after = np.concatenate([means[:, 1:], 2 * means[:, -1:] - means[:, -2:-1]], axis=1)
        way = (np.arange(POSITIONS) - (POSITIONS - 1) / 2) / POSITIONS
        other = np.where(way < 0, before[:, :, None], after[:, :, None])
        line = means[:, :, None] + np.abs(way) * (other - means[:, :, None])
        return np.asarray(np.maximum(line, means[:, :, None] * _LEAST_LEVEL))


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
