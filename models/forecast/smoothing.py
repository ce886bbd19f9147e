"""Levels that follow: exponential smoothing with damped trends, many series and many parameters at once.

Each series is smoothed with every combination of a grid (rate, trend, damping, what counts as an outlying week), and
the forecasts are averaged by how well each combination would have forecast the mean of the coming weeks at past
origins; what all series of the level say together counts beside what one says (cf. Hyndman et al. 2008 on exponential
smoothing, and Gelper, Fried & Croux 2010 on cutting outlying innovations).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final

import numpy as np

from features.configuration.follow import FollowConfig
from models.forecast.members import Floats

_START: Final = 26
"""Weeks whose mean is the first level, or a quarter of a short history."""
_CUTS: Final = (3.0, np.inf)
"""An innovation is cut at so many typical ones; the errors tell whether cutting helps."""
_SPREAD_MEMORY: Final = 0.97
_TO_DEVIATION: Final = 0.8
"""Mean absolute to standard deviation, of a normal; and of the median absolute difference of neighbours."""
_TO_SPREAD: Final = 0.954
_SMALLEST: Final = 1e-3


def smoothed(y: Floats, horizon: int, config: FollowConfig) -> Floats:
    """Forecast series by damped exponential smoothing, averaged over a grid of parameters.

    Args:
        y: Series x known weeks; at most `config.history` weeks of them are read.
        horizon: Weeks ahead.
        config: The grid, how far ahead errors are measured, and how fast they fade.

    Returns:
        Non-negative means, series x horizon.
    """
    y = y[:, -config.history :]
    rate, trend, damping, cut = (np.array(column) for column in zip(*_grid(config), strict=True))
    states, errors = _walk(y, (rate, trend, damping, cut), config)
    weights = _weights(*errors, config)
    steps = np.cumsum(damping[:, None] ** np.arange(1, horizon + 1), axis=1)
    level, slope = states
    # The weighted mean over the grid, without the array of series x grid x horizon.
    return np.asarray(np.maximum((weights * level).sum(axis=1)[:, None] + (weights * slope) @ steps, 0.0))


def _grid(config: FollowConfig) -> Sequence[tuple[float, float, float, float]]:
    return [
        (rate, rate * trend, damping, cut)
        for rate, (trend, damping), cut in product(config.rates, config.trends, _CUTS)
    ]


def _walk(
    y: Floats, grid: tuple[Floats, Floats, Floats, Floats], config: FollowConfig
) -> tuple[tuple[Floats, Floats], tuple[Floats, float]]:
    """Return level and slope at the end, and the faded sums of past errors, all series x grid; and their weight."""
    rate, trend, damping, cut = grid
    known, ahead = y.shape[1], config.ahead
    start = min(known, max(4, min(_START, known // 4)))
    level = np.repeat((y[:, :start].mean(axis=1) / 2 + np.median(y[:, :start], axis=1) / 2)[:, None], len(rate), axis=1)
    slope, errors, total = np.zeros_like(level), np.zeros_like(level), 0.0
    middle = np.cumsum(damping[:, None] ** np.arange(1, ahead + 1), axis=1).mean(axis=1)
    means = np.lib.stride_tricks.sliding_window_view(y, ahead, axis=1).mean(axis=2) if known >= ahead else y[:, :0]
    spread = _first_spread(y)
    for now in range(known):
        if start <= now < means.shape[1]:
            fade = 0.5 ** ((known - 1 - now) / config.error_half_life)
            errors += fade * np.abs(means[:, [now]] - level - slope * middle)
            total += fade
        step = damping * slope
        innovation = y[:, [now]] - level - step
        limit = cut * spread[:, None]
        taken = np.clip(innovation, -limit, limit)
        level, slope = level + step + rate * taken, step + trend * taken
        typical = np.minimum(np.abs(innovation).mean(axis=1), 3.0 * spread) / _TO_DEVIATION
        spread = np.maximum(_SPREAD_MEMORY * spread + (1.0 - _SPREAD_MEMORY) * typical, _SMALLEST)
    return (level, slope), (errors, total)


def _first_spread(y: Floats) -> Floats:
    if y.shape[1] < 2:  # noqa: PLR2004 - two weeks make one difference
        return np.ones(len(y))
    return np.maximum(np.median(np.abs(np.diff(y[:, :52], axis=1)), axis=1) / _TO_SPREAD, _SMALLEST)


def _weights(errors: Floats, total: float, config: FollowConfig) -> Floats:
    """Return the weight of each combination, series x grid: as likely as normal errors of the mean would make it."""
    if not total:
        return np.full(errors.shape, 1.0 / errors.shape[1])
    log = 2.0 * np.log(errors / total + 1e-9)
    log -= log.min(axis=1, keepdims=True)
    evidence = -(total / config.ahead) / 2.0 * (log + config.together * log.mean(axis=0))
    weights = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
