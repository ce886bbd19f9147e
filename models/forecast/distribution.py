"""From a mean to a distribution of counts: a negative binomial whose dispersion is learned from past forecasts.

Var(Y) = mu + alpha mu^2. Each series' alpha is a moment estimate shrunk towards the level's pooled one:
alpha_i = (sum((y - mu)^2 - mu) + k a D) / (sum mu^2 + k D), with a the pooled alpha and D the median of sum mu^2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.forecast.cadence import Cadence, ForecastConfig
from models.forecast.hierarchy import Hierarchy
from models.forecast.members import PlainMembers
from models.forecast.windows import Floats, Steps

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


def past_dispersions(y: Floats, hierarchy: Hierarchy, cadence: Cadence, config: ForecastConfig) -> dict[str, Floats]:
    """Learn each series' dispersion, on every level, from how the plain members would have done at past origins.

    They need no fitting, so their past errors are honest; the combination errs less, by a factor that
    `config.spread` holds per level.
    """
    ahead = max(1, min(config.horizon, y.shape[1] // 4) // 2)
    last = y.shape[1] - 1 - ahead
    first = max(1, last - config.dispersion_periods * 7 // cadence.days + 1)
    steps = Steps.grid(np.arange(min(first, last), last + 1), [ahead])
    members = PlainMembers(y, cadence)
    product = np.maximum(members.window(steps), cadence.floor) * np.maximum(members.season(steps), cadence.floor)
    mean, actual = np.sqrt(product), y[:, steps.target]
    return {
        level.name: config.spread.get(level.name, 1.0)
        * dispersions(level.sum(actual), level.sum(mean), shrink=config.dispersion_shrink)
        for level in hierarchy.levels
    }


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
