"""Trailing means and seasonal ratios of many series at many origins, by cumulative sums: no loop over series or time.

Every function takes indices of origins and looks only at columns up to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.forecast.cadence import Cadence

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_YEARS: Final = 3
_YEAR_DECAY: Final = 0.8
_MIN_BASE: Final = 8


@dataclass(frozen=True)
class Steps:
    """Pairs of origin and horizon, flattened: the columns of a design.

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


def level_chain(sums: Sums, origin: Indices, windows: Sequence[int], *, shrink: float) -> dict[int, Floats]:
    """Return trailing means per window, each shrunk towards the next longer one.

    A short window of a sparse cell says little: its mean is that of a Gamma-Poisson whose prior is the longer window,
    worth `shrink` periods.
    """
    means: dict[int, Floats] = {}
    longer: Floats | None = None
    for length in sorted(windows, reverse=True):
        total, count = sums.window(origin, length)
        longer = (total + 0.5) / (count + 1.0) if longer is None else (total + longer * shrink) / (count + shrink)
        means[length] = longer
    return means


def season_ratio(
    sums: Sums, steps: Steps, cadence: Cadence, base: int, *, prior: Floats | float = 1.0, shrink: float
) -> Floats:
    """Return how the target's season stood to the window of `base` periods before the origin, in up to three years.

    Args:
        sums: Of the series, (series, periods).
        steps: Origins and horizons.
        cadence: Gives the year's length and the smoothing.
        base: Length of the window before the origin.
        prior: The ratio of a level above, shape (series, pairs), towards which a small series is drawn.
        shrink: Weight of the prior, in tickets.

    Returns:
        Positive ratios, shape (series, pairs); the prior where there is no earlier year.
    """
    width = 2 * cadence.smooth + 1
    at_target: Floats | float = 0.0
    at_base: Floats | float = 0.0
    for back in range(1, _YEARS + 1):
        weight = _YEAR_DECAY ** (back - 1)
        target, n_target = sums.window(steps.target - cadence.year * back + cadence.smooth, width)
        before, n_before = sums.window(steps.origin - cadence.year * back, base)
        known = (n_target == width) & (n_before >= min(base, _MIN_BASE))
        at_target = at_target + np.where(known, target / width, 0.0) * weight
        at_base = at_base + np.where(known, before / np.maximum(n_before, 1), 0.0) * weight
    return np.asarray((at_target + shrink / width * prior) / (at_base + shrink / width))


def weekday_ratio(
    sums: Sums, y: Floats, steps: Steps, cadence: Cadence, *, prior: Floats | float = 1.0, shrink: float
) -> Floats:
    """Return how the target's weekday stood to the mean day, over the main window; ones for weekly data."""
    if not cadence.week:
        return np.ones((len(y), len(steps.origin)))
    weeks = cadence.main // cadence.week
    latest = steps.origin - (-steps.ahead) % cadence.week
    on_weekday = np.zeros((len(y), len(steps.origin)))
    seen = np.zeros(len(steps.origin))
    for back in range(weeks):
        at = latest - back * cadence.week
        on_weekday += np.where(at >= 0, y[:, np.maximum(at, 0)], 0.0)
        seen += at >= 0
    total, count = sums.window(steps.origin, cadence.main)
    mean_day = total / np.maximum(count, 1)
    per_day = shrink / weeks
    return (on_weekday / np.maximum(seen, 1) + per_day * prior) / (mean_day + per_day)
