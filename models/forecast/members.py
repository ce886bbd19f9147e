"""The two plain members of the combination: the recent level, and last year's same periods.

Both are cheap, never over-react, and can be computed at any past origin without fitting; so they also tell how far
forecasts of this panel have erred before (see models/forecast/distribution.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.configuration.forecaster import MemberConfig
from models.forecast.periods import Cadence


class PlainMembers:
    """Means of cells by level and by season at any origin of one history."""

    def __init__(self, y: Floats, cadence: Cadence, config: MemberConfig) -> None:
        self._y, self._cadence, self._sums, self._config = y, cadence, Sums(y), config
        seen = y > 0
        self._born = np.where(seen.any(axis=1), seen.argmax(axis=1), y.shape[1])

    def window(self, steps: Steps) -> Floats:
        """Return the trailing mean over the main window (daily: of the target's weekday), cells x pairs.

        A young cell is averaged over its own life, but over no fewer than `young` periods.
        """
        cadence = self._cadence
        if cadence.week:
            return self._weekday_mean(steps)
        total, count = self._sums.window(steps.origin, cadence.main)
        age = np.maximum(steps.origin[None] + 1 - self._born[:, None], self._config.young)
        return np.asarray(total / np.maximum(np.minimum(count[None], age), 1))

    def season(self, steps: Steps) -> Floats:
        """Return last year's periods around the target, drawn to the trailing mean; cells x pairs."""
        level = self.window(steps)
        step = self._cadence.week or 1
        around = [steps.target - self._cadence.year + shift * step for shift in (-1, 0, 1)]
        known = around[0] >= 0
        last_year = np.mean([self._y[:, np.clip(at, 0, self._y.shape[1] - 1)] for at in around], axis=0)
        share = self._config.season_share
        return np.where(known[None], share * last_year + (1 - share) * level, level)

    def recent(self, steps: Steps) -> Floats:
        """Return the mean of the last quarter of a year, cells x pairs; a young panel's of what is known."""
        total, count = self._sums.window(steps.origin, self._cadence.year // 4)
        return np.asarray(total / np.maximum(count, 1))

    def _weekday_mean(self, steps: Steps) -> Floats:
        week = self._cadence.week
        latest = steps.origin - (-steps.ahead) % week
        weeks = range(self._config.weeks)
        rows = [self._back(latest - week * back) for back in weeks]
        seen = np.sum([latest - week * back >= 0 for back in weeks], axis=0)
        return np.asarray(np.sum(rows, axis=0) / np.maximum(seen, 1))

    def _back(self, at: Indices) -> Floats:
        return np.where(at >= 0, self._y[:, np.maximum(at, 0)], 0.0)


def last_year(sums_of_level: Floats, cadence: Cadence, horizon: int) -> Floats:
    """Return last year's same periods of a level, series x horizon; NaN where they are not known."""
    at = sums_of_level.shape[1] + np.arange(horizon) - cadence.year
    known = (at >= 0) & (at < sums_of_level.shape[1])
    values = sums_of_level[:, np.clip(at, 0, sums_of_level.shape[1] - 1)]
    return np.where(known[None], values, np.nan)


# Trailing sums of many series at many origins, by cumulative sums: no loop over series or time.
#
# Every function takes indices of origins and looks only at columns up to them.


Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Steps:
    """Pairs of origin and horizon, flattened.

    Attributes:
        origin: Index of the last known period, shape (pairs,).
        ahead: Periods from there to the target.
    """

    origin: Indices
    ahead: Indices

    @classmethod
    def grid(cls, origins: Sequence[int] | Indices, horizons: Sequence[int]) -> Steps:
        """Return every origin with every horizon."""
        origin, ahead = np.meshgrid(np.asarray(origins), np.asarray(horizons), indexing="ij")
        return cls(origin.ravel().astype(np.intp), ahead.ravel().astype(np.intp))

    @property
    def target(self) -> Indices:
        """Index of the period that is forecast."""
        return self.origin + self.ahead


class Sums:
    """Windowed sums of a matrix of series x periods."""

    def __init__(self, y: Floats) -> None:
        self._cumulative = np.concatenate([np.zeros((len(y), 1)), np.cumsum(y, axis=1)], axis=1)

    def window(self, end: Indices, length: int) -> tuple[Floats, Indices]:
        """Return sums over the `length` periods ending at `end`, and how many of them exist."""
        last = self._cumulative.shape[1] - 1
        upto, since = np.clip(end + 1, 0, last), np.clip(end + 1 - length, 0, last)
        return self._cumulative[:, upto] - self._cumulative[:, since], upto - since
