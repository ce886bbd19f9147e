"""The two plain members of the combination: the recent level, and last year's same periods.

Both are cheap, never over-react, and can be computed at any past origin without fitting; so they also tell how far
forecasts of this panel have erred before (see models/forecast/distribution.py).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from models.forecast.cadence import Cadence
from models.forecast.windows import Floats, Indices, Steps, Sums

_YOUNG: Final = 8
_SEASON_SHARE: Final = 0.6
_WEEKS: Final = 8


class PlainMembers:
    """Means of cells by level and by season at any origin of one history."""

    def __init__(self, y: Floats, cadence: Cadence) -> None:
        self._y, self._cadence, self._sums = y, cadence, Sums(y)
        seen = y > 0
        self._born = np.where(seen.any(axis=1), seen.argmax(axis=1), y.shape[1])

    def window(self, steps: Steps) -> Floats:
        """Return the trailing mean over the main window (daily: of the target's weekday), cells x pairs.

        A young cell is averaged over its own life, but over no fewer than eight periods.
        """
        cadence = self._cadence
        if cadence.week:
            return self._weekday_mean(steps)
        total, count = self._sums.window(steps.origin, cadence.main)
        age = np.maximum(steps.origin[None] + 1 - self._born[:, None], _YOUNG)
        return np.asarray(total / np.maximum(np.minimum(count[None], age), 1))

    def season(self, steps: Steps) -> Floats:
        """Return last year's periods around the target, drawn to the trailing mean; cells x pairs."""
        level = self.window(steps)
        step = self._cadence.week or 1
        around = [steps.target - self._cadence.year + shift * step for shift in (-1, 0, 1)]
        known = around[0] >= 0
        last_year = np.mean([self._y[:, np.clip(at, 0, self._y.shape[1] - 1)] for at in around], axis=0)
        return np.where(known[None], _SEASON_SHARE * last_year + (1 - _SEASON_SHARE) * level, level)

    def _weekday_mean(self, steps: Steps) -> Floats:
        week = self._cadence.week
        latest = steps.origin - (-steps.ahead) % week
        rows = [self._back(latest - week * back) for back in range(_WEEKS)]
        seen = np.sum([latest - week * back >= 0 for back in range(_WEEKS)], axis=0)
        return np.asarray(np.sum(rows, axis=0) / np.maximum(seen, 1))

    def _back(self, at: Indices) -> Floats:
        return np.where(at >= 0, self._y[:, np.maximum(at, 0)], 0.0)


def last_year(sums_of_level: Floats, cadence: Cadence, horizon: int) -> Floats:
    """Return last year's same periods of a level, series x horizon; NaN where they are not known."""
    at = sums_of_level.shape[1] + np.arange(horizon) - cadence.year
    known = (at >= 0) & (at < sums_of_level.shape[1])
    values = sums_of_level[:, np.clip(at, 0, sums_of_level.shape[1] - 1)]
    return np.where(known[None], values, np.nan)
