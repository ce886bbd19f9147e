"""From a mean to a distribution of counts: a negative binomial whose dispersion is learned from past forecasts.

Var(Y) = mu + alpha mu^2. Each series' alpha is a moment estimate shrunk towards the level's pooled one:
alpha_i = (sum((y - mu)^2 - mu) + k a D) / (sum mu^2 + k D), with a the pooled alpha and D the median of sum mu^2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from features.configuration import ForecastConfig
from models.forecast.cadence import Cadence
from models.forecast.hierarchy import CELL, Hierarchy
from models.forecast.members import PlainMembers
from models.forecast.windows import Floats, Indices, Steps

OneStep = Callable[[Indices], Floats]

_SMALLEST_MEAN: Final = 1e-6
_SMALLEST_ALPHA: Final = 1e-4
_LARGEST_ALPHA: Final = 50.0


def dispersions(y: Floats, mean: Floats, *, shrink: float) -> Floats:
    """Estimate alpha of each series from forecasts of the past.

    Args:
        y: Observed counts, series x samples.
        mean: What was forecast for them.
        shrink: How many typical series the pooled alpha is worth (k).

    Returns:
        Alpha per series, positive.
    """
    excess, weight = ((y - mean) ** 2 - mean).sum(axis=1), (mean**2).sum(axis=1)
    pooled = max(float(excess.sum() / max(weight.sum(), _SMALLEST_MEAN)), 0.0)
    typical = float(np.median(weight))
    alpha = (excess + shrink * pooled * typical) / np.maximum(weight + shrink * typical, _SMALLEST_MEAN)
    return np.asarray(np.clip(alpha, _SMALLEST_ALPHA, _LARGEST_ALPHA))


def past_dispersions(
    y: Floats, hierarchy: Hierarchy, cadence: Cadence, config: ForecastConfig, one_step: OneStep | None
) -> dict[str, Floats]:
    """Learn each series' dispersion, on every level, from past forecasts.

    Cells are mostly noise of small counts, so the fitted one-step model shows it best. Sums are mostly errors of level
    and season, which fitted values would hide: there it is the plain members, which need no fitting, as they would have
    forecast at past origins; the combination errs less than they, by a factor per level (`config.spread`).

    Args:
        y: Cells x known periods.
        hierarchy: The levels.
        cadence: Year and week.
        config: Trailing periods, shrinkage, factors.
        one_step: Means of the cells one period after given origins; None where there is no one-step model.
    """
    ahead = max(1, min(config.horizon, y.shape[1] // 4) // 2)
    steps = Steps.grid(_past_origins(y.shape[1] - ahead, cadence, config), [ahead])
    members = PlainMembers(y, cadence, config.members)
    product = np.maximum(members.window(steps), cadence.floor) * np.maximum(members.season(steps), cadence.floor)
    plain, actual, shrink = np.sqrt(product), y[:, steps.target], config.dispersion_shrink
    factors = config.spread[cadence.freq]
    alpha = {
        level.name: factors.get(level.name, factors["other"])
        * dispersions(level.sum(actual), level.sum(plain), shrink=shrink)
        for level in hierarchy.levels
    }
    if one_step is not None:
        origins = _past_origins(y.shape[1] - 1, cadence, config)
        alpha[CELL] = dispersions(y[:, origins + 1], np.maximum(one_step(origins), cadence.floor), shrink=shrink)
    return alpha


def _past_origins(stop: int, cadence: Cadence, config: ForecastConfig) -> Indices:
    periods = config.dispersion_periods * 7 // cadence.days
    return np.arange(max(min(stop - 1, 1), stop - periods), stop, dtype=np.intp)


def count_quantiles(mean: Floats, alpha: Floats, levels: Sequence[float]) -> dict[float, Floats]:
    """Return quantiles of the negative binomial, by level; `alpha` broadcasts against `mean`."""
    from scipy.stats import nbinom

    mu = np.maximum(mean, _SMALLEST_MEAN)
    size = 1.0 / np.broadcast_to(alpha, mu.shape)
    probability = size / (size + mu)
    return {level: np.asarray(nbinom.ppf(level, size, probability)) for level in levels}


def count_cdf(counts: Floats, mean: Floats, alpha: Floats) -> Floats:
    """Return P(Y <= counts) of the negative binomial; zero below zero."""
    from scipy.stats import nbinom

    mu = np.maximum(mean, _SMALLEST_MEAN)
    size = 1.0 / np.broadcast_to(alpha, mu.shape)
    return np.asarray(nbinom.cdf(counts, size, size / (size + mu)))
