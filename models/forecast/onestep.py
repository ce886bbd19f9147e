"""The design of the one-step model: plain lags and trailing means, recomputed as the forecast walks ahead.

It is the classic recipe of the M5 winners (lags, rolling means, calendar, identities; Tweedie loss). Its errors differ
from those of the layered member, which is why the two are averaged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.forecast.cadence import Cadence
from models.forecast.hierarchy import Hierarchy
from models.forecast.windows import Floats, Indices, Sums

_PAD = 0.2


class OneStepBuilder:
    """Cuts one-step designs from a history that may grow by its own forecasts."""

    def __init__(self, hierarchy: Hierarchy, cadence: Cadence) -> None:
        self._matter, self._place, self.cadence = hierarchy.matter(), hierarchy.place(), cadence

    def reach(self) -> int:
        """Return how many trailing periods a design looks at."""
        return 2 * self.cadence.year + self.cadence.smooth + 2

    def at(self, y: Floats, origin: Indices, drivers: Floats) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """Return features of the period after each origin.

        Args:
            y: Cells x periods.
            origin: Indices of last known periods.
            drivers: Calendar rows of the targets, shape (origins, drivers).

        Returns:
            Shape (cells, origins, features) and the names.
        """
        columns = self._cell_columns(y, origin) | self._matter_columns(y, origin)
        columns["matter"] = self._matter.groups[:, None].astype(float)
        columns["place"] = self._place.groups[:, None].astype(float)
        columns["days_off"], columns["festival"] = drivers[None, :, 0], drivers[None, :, 1]
        columns["season"] = drivers[None, :, 2] // 7
        X = np.empty((len(y), len(origin), len(columns)), dtype=np.float32)
        for position, values in enumerate(columns.values()):
            X[..., position] = values
        return X, tuple(columns)

    def _cell_columns(self, y: Floats, origin: Indices) -> dict[str, Floats]:
        cadence, sums = self.cadence, Sums(y)
        columns = {f"lag_{lag}": y[:, np.maximum(origin - lag, 0)] for lag in cadence.lags}
        for length in cadence.windows:
            columns[f"mean_{length}"] = _mean(sums, origin, length)
        if cadence.week:
            back = [y[:, np.maximum(origin + 1 - cadence.week * week, 0)] for week in range(1, 9)]
            columns["weekday_mean"] = np.mean(back, axis=0)
            columns["weekday"] = ((origin + 1) % cadence.week).astype(float)[None]
        width = 2 * cadence.smooth + 1
        for year in (1, 2):
            end = origin + 1 - year * cadence.year + cadence.smooth
            total, count = sums.window(end, width)
            columns[f"year_ago_{year}"] = np.where(count == width, total / width, np.nan)
        return columns

    def _matter_columns(self, y: Floats, origin: Indices) -> dict[str, Floats]:
        cadence, groups = self.cadence, self._matter.groups
        sums = Sums(self._matter.sum(y))
        short, middle, long = cadence.windows[-1], cadence.year // 4, cadence.year
        columns = {f"matter_{length}": _mean(sums, origin, length)[groups] for length in (short, middle, long)}
        then = _mean(sums, origin + 1 - cadence.year + cadence.smooth, 2 * cadence.smooth + 1)
        before = _mean(sums, origin - cadence.year, middle)
        columns["matter_season"] = ((then + _PAD) / (before + _PAD))[groups]
        return columns


def _mean(sums: Sums, end: Indices, length: int) -> Floats:
    total, count = sums.window(end, length)
    return np.asarray(total / np.maximum(count, 1))
