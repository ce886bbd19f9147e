"""Breaks in history: how far a past moment may teach the models.

A pandemic, an office that leaves or a strike moves the whole city at once. Trees that learn from such weeks learn to
chase every wobble of the total. So each past pair of origin and target is weighted by how ordinary the target was
against the periods around it, and how settled the level was at the origin (Cauchy weights on log ratios). Only the past
is looked at: the weights of a fit at a cutoff never see beyond it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.configuration.forecast import LessonConfig
from models.forecast.cadence import Cadence
from models.forecast.windows import Floats, Steps

_HALF_YEAR: Final = 2
_QUARTER: Final = 4


def lesson_weights(total: Floats, steps: Steps, cadence: Cadence, config: LessonConfig) -> Floats:
    """Weigh past pairs of origin and target.

    Args:
        total: Sum over all cells, shape (periods,).
        steps: Origins and horizons of a training design.
        cadence: Gives the lengths of year and week.
        config: How unusual a target, and how unsettled an origin, counts half.

    Returns:
        Weights in (0, 1], shape (pairs,).
    """
    calm = total if not cadence.week else _weekly_mean(total, cadence.week)
    unusual = np.log((calm + config.pad) / (_typical(calm, cadence.year // _HALF_YEAR) + config.pad))
    moving = level_shift(calm, cadence, config.pad)
    return np.asarray(
        1.0
        / (1.0 + (unusual[steps.target] / config.shock) ** 2)
        / (1.0 + (moving[steps.origin] / config.level_spread) ** 2)
    )


def level_shift(total: Floats, cadence: Cadence, pad: float) -> Floats:
    """Return, per period, the log ratio of the last quarter's mean to the mean of the year before it."""
    quarter = cadence.year // _QUARTER
    cumulative = np.concatenate([[0.0], np.cumsum(total)])
    now = np.arange(1, len(total) + 1)
    recent_from, year_from = np.maximum(now - quarter, 0), np.maximum(now - quarter - cadence.year, 0)
    recent = (cumulative[now] - cumulative[recent_from]) / (now - recent_from)
    before = (cumulative[recent_from] - cumulative[year_from]) / np.maximum(recent_from - year_from, 1)
    shift = np.log((recent + pad) / (before + pad))
    return np.where(recent_from > year_from, shift, 0.0)


def _typical(series: Floats, half: int) -> Floats:
    """Return the running median over `half` periods to each side, as far as they are known."""
    padded = np.pad(series, half, constant_values=np.nan)
    return np.asarray(np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1))


def _weekly_mean(series: Floats, week: int) -> Floats:
    cumulative = np.concatenate([[0.0], np.cumsum(series)])
    end = np.arange(1, len(series) + 1)
    start = np.maximum(end - week, 0)
    return np.asarray((cumulative[end] - cumulative[start]) / (end - start))
