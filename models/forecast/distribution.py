"""From a mean to a distribution of counts: a negative binomial whose dispersion is learned from past forecasts.

Var(Y) = mu + alpha mu^2. Each series' alpha is a moment estimate shrunk towards the level's pooled one:
alpha_i = (sum((y - mu)^2 - mu) + k a D) / (sum mu^2 + k D), with a the pooled alpha and D the median of sum mu^2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.configuration import ForecastConfig
from models.forecast.hierarchy import CELL, Hierarchy, HierarchyLevel
from models.forecast.members import Floats, Indices, PlainMembers, Steps
from models.forecast.periods import Cadence

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


# Sample paths of all cells at once, so that any sum of them (a district over four weeks, a department) has
# quantiles.
#
# Cells err together: a week that is busier than expected is so in many of them. Each path multiplies the cells'
# means by shared factors of the city, of categories and of districts and by one of each cell, all with mean 1, and
# draws Poisson counts. The factors' variances are solved from the dispersions of the levels: what a level scatters
# beyond what its parts explain is shared. A share of each factor lasts over the whole horizon, as a wrong level
# does.


_ROUNDS: Final = 60
_TINY: Final = 1e-9


@dataclass(frozen=True)
class SharedFactors:
    """Variances of the factors: one per series of each grouping, and of each cell alone."""

    shared: tuple[tuple[HierarchyLevel, Floats], ...]
    own: Floats


def shared_factors(mean: Floats, hierarchy: Hierarchy, alpha: Mapping[str, Floats]) -> SharedFactors:
    """Split the dispersions of the levels into factors.

    Args:
        mean: Mean per cell and period, shape (cells,).
        hierarchy: The levels; the total, the category-like and the district-like grouping share factors.
        alpha: Dispersion by level name, one number per series.
    """
    found = {level.name: level for level in (hierarchy.levels[0], hierarchy.category(), hierarchy.district())}
    levels = [level for level in found.values() if level.name != CELL]
    own = alpha[CELL].copy()
    shared = [np.zeros(len(level.ids)) for level in levels]
    for _ in range(_ROUNDS):
        for at, level in enumerate(levels):
            others = [(levels[i], shared[i]) for i in range(len(levels)) if i != at]
            shared[at] = np.maximum(alpha[level.name] - _explained(level, mean, own, others), 0.0)
        lent = sum(variance[level.groups] for level, variance in zip(levels, shared, strict=True))
        own = np.maximum(alpha[CELL] - lent, 0.0)
    return SharedFactors(tuple(zip(levels, shared, strict=True)), own)


def sample_paths(
    cells: Floats, factors: SharedFactors, *, draws: int, rng: np.random.Generator, lasting: float
) -> Floats:
    """Draw counts.

    Args:
        cells: Means, cells x horizon.
        factors: Of `shared_factors`.
        draws: Number of paths.
        rng: Source of chance.
        lasting: Correlation of a factor between two periods.

    Returns:
        Counts, draws x cells x horizon.
    """
    shape = (draws, cells.shape[1])
    rate = cells[None] * _factor(factors.own, shape, rng, lasting)
    for level, variance in factors.shared:
        rate = rate * _factor(variance, shape, rng, lasting)[:, level.groups]
    return rng.poisson(rate).astype(float)


def _explained(level: HierarchyLevel, mean: Floats, own: Floats, others: list[tuple[HierarchyLevel, Floats]]) -> Floats:
    """Return the dispersion that a level's sums have from the cells' own and the other groupings' factors."""
    total = np.maximum(level.sum(mean), _TINY) ** 2
    explained = level.sum(own * mean**2) / total
    for other, variance in others:
        pair = level.groups * len(other.ids) + other.groups
        together = np.bincount(pair, weights=mean, minlength=len(level.ids) * len(other.ids))
        squared = together.reshape(len(level.ids), len(other.ids)) ** 2
        explained = explained + squared @ variance / total
    return np.asarray(explained)


def _factor(variance: Floats, shape: tuple[int, int], rng: np.random.Generator, lasting: float) -> Floats:
    """Draw log-normal factors of mean 1, draws x series x horizon."""
    draws, horizon = shape
    lasts = rng.standard_normal((draws, len(variance), 1))
    passes = rng.standard_normal((draws, len(variance), horizon))
    spread = np.log1p(variance)[None, :, None]
    return np.asarray(np.exp(np.sqrt(spread) * (np.sqrt(lasting) * lasts + np.sqrt(1 - lasting) * passes) - spread / 2))
