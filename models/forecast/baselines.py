"""The forecasts that a planner knows already: the same period last year, the same-week mean, the trailing mean.

Each takes counts (series x periods, the last column known last) and returns means, series x horizon.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from models.forecast.members import Floats
from models.forecast.periods import Cadence

_YEARS: Final = 3
_FESTIVAL_MOVES: Final = 42
"""Days by which two Spring Festivals lie apart in the solar year at most, and a little more."""


def seasonal_naive(y: Floats, cadence: Cadence, horizon: int) -> Floats:
    """Repeat the same period of last year; where there is none, of the last week (daily) or the last period."""
    periods = y.shape[1]
    target = periods + np.arange(horizon)
    back = np.ceil((np.arange(horizon) + 1) / cadence.year).astype(int) * cadence.year
    if (target - back).min() < 0:
        season = cadence.week or 1
        back = np.ceil((np.arange(horizon) + 1) / season).astype(int) * season
    return np.asarray(y[:, np.maximum(target - back, 0)])


def same_week_mean(
    y: Floats, cadence: Cadence, horizon: int, *, festival: Floats | None = None, years: int = _YEARS
) -> Floats:
    """Average the same period of up to three earlier years; near the Spring Festival, the same lunar period.

    Args:
        y: Counts, series x periods.
        cadence: Gives the year's length.
        horizon: Periods ahead.
        festival: Days to the nearest Spring Festival of every known and coming period, constant outside its reach.
        years: Earlier years to use; fewer where the panel is younger.

    Returns:
        Means, series x horizon; the seasonal naive where not even one year is known.
    """
    periods = y.shape[1]
    total, count = np.zeros((len(y), horizon)), np.zeros(horizon)
    for step in range(horizon):
        for year in range(1, years + 1):
            at = periods + step - year * cadence.year
            if festival is not None:
                at = _lunar_twin(festival, periods + step, at, _FESTIVAL_MOVES // cadence.days)
            if 0 <= at < periods:
                total[:, step] += y[:, at]
                count[step] += 1
    naive = seasonal_naive(y, cadence, horizon)
    return np.where(count > 0, total / np.maximum(count, 1), naive)


def _naive(y: Floats, cadence: Cadence, horizon: int, _festival: Floats) -> Floats:
    return seasonal_naive(y, cadence, horizon)


def _same_week(y: Floats, cadence: Cadence, horizon: int, festival: Floats) -> Floats:
    return same_week_mean(y, cadence, horizon, festival=festival)


Plain = Callable[[Floats, Cadence, int, Floats], Floats]
"""Counts, cadence, horizon and the days to the Spring Festival of every known and coming period to means."""

PLAIN: Final[dict[str, Plain]] = {"seasonal_naive": _naive, "same_week_mean": _same_week}
"""What a planner issues without a model."""


def _lunar_twin(festival: Floats, target: int, at: int, reach: int) -> int:
    """Move `at` to the period of its own year that lies like `target` to the Spring Festival, when that is near."""
    far = festival.max()
    if festival[target] >= far:
        return at
    span = np.arange(max(0, at - reach), max(0, min(len(festival), at + reach + 1)))
    near = span[festival[span] < far]
    if not len(near):
        return at
    return int(near[np.argmin(np.abs(festival[near] - festival[target]))])


def window_mean(y: Floats, length: int, horizon: int) -> Floats:
    """Repeat the mean of the last `length` periods."""
    return np.repeat(y[:, -length:].mean(axis=1, keepdims=True), horizon, axis=1)
