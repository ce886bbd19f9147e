"""Sample paths of all cells at once, so that any sum of them (a district over four weeks, a department) has quantiles.

Cells err together: a week that is busier than expected is so in many of them. Each path multiplies the cells' means by
shared factors of the city, of categories and of districts and by one of each cell, all with mean 1, and draws Poisson
counts. The factors' variances are solved from the dispersions of the levels: what a level scatters beyond what its
parts explain is shared. A share of each factor lasts over the whole horizon, as a wrong level does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.forecast.hierarchy import CELL, Hierarchy, Level
from models.forecast.windows import Floats

_ROUNDS: Final = 60
_TINY: Final = 1e-9


@dataclass(frozen=True)
class SharedFactors:
    """Variances of the factors: one per series of each grouping, and of each cell alone."""

    shared: tuple[tuple[Level, Floats], ...]
    own: Floats


def shared_factors(mean: Floats, hierarchy: Hierarchy, alpha: Mapping[str, Floats]) -> SharedFactors:
    """Split the dispersions of the levels into factors.

    Args:
        mean: Mean per cell and period, shape (cells,).
        hierarchy: The levels; the total, the category-like and the district-like grouping share factors.
        alpha: Dispersion by level name, one number per series.
    """
    found = {level.name: level for level in (hierarchy.levels[0], hierarchy.matter(), hierarchy.place())}
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


def _explained(level: Level, mean: Floats, own: Floats, others: list[tuple[Level, Floats]]) -> Floats:
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
