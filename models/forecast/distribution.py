"""From a mean to a distribution of counts: a negative binomial whose dispersion is learned from past forecasts.

Var(Y) = mu + alpha mu^2. Each series' alpha is a moment estimate shrunk towards the level's pooled one:
alpha_i = (sum((y - mu)^2 - mu) + k a D) / (sum mu^2 + k D), with a the pooled alpha and D the median of sum mu^2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.configuration import ForecastConfig
from features.configuration.forecaster import BreakConfig
from models.forecast.breaks import find_breaks, weekly_sums
from models.forecast.hierarchy import CELL, Hierarchy, HierarchyLevel
from models.forecast.members import Floats, Indices, PlainMembers, Steps
from models.forecast.periods import Cadence

OneStep = Callable[[Indices], Floats]

_SMALLEST_MEAN: Final = 1e-6
_SMALLEST_ALPHA: Final = 1e-4
_LARGEST_ALPHA: Final = 50.0
_LARGEST_SPOKEN: Final = 4.0
"""No series speaks for a larger alpha than this where others borrow from it."""


_SPANS: Final = 6
_SHORTEST_SPAN: Final = 6
_BEYOND_ORDINARY: Final = 3.0
_NEVER_BELOW: Final = 0.25
_SHOWN_FROM: Final = 5.0
"""Of `_ordinary`: spans, samples in one, times their median, the least bound, the recent count from which it holds."""


@dataclass(frozen=True)
class BreakSamples:
    """What series whose level broke showed since then.

    Attributes:
        broke: Which of the series did.
        excess, weight: Sums of (y - mu)^2 - mu and of mu^2 over the periods since, mu the level since then.
    """

    broke: NDArray[np.bool_]
    excess: Floats
    weight: Floats

    @classmethod
    def of(cls, y: Floats, week: int, config: BreakConfig) -> BreakSamples | None:
        """Look for breaks in the counts of one level; None where there are none, or they are not looked for."""
        if not config.enabled:
            return None
        found = find_breaks(weekly_sums(y, week), config)
        if not found.weeks.any():
            return None
        periods = found.weeks * week
        inside = np.arange(y.shape[1])[None] >= y.shape[1] - periods[:, None]
        count = np.maximum(periods, 1)
        level = (y * inside).sum(axis=1) / count
        spread = (((y - level[:, None]) ** 2) * inside).sum(axis=1) * count / np.maximum(count - 1, 1)
        return cls(found.weeks > 0, spread - level * periods, level**2 * periods)


def dispersions(y: Floats, mean: Floats, *, shrink: float, since: BreakSamples | None = None) -> Floats:
    """Estimate alpha of each series from forecasts of the past.

    Args:
        y: Observed counts, series x samples.
        mean: What was forecast for them.
        shrink: How many typical series the pooled alpha is worth (k).
        since: Series whose level broke: what they showed since then speaks for them, and the errors before do not.

    Returns:
        Alpha per series, positive.
    """
    excess, weight = ((y - mean) ** 2 - mean).sum(axis=1), (mean**2).sum(axis=1)
    typical = float(np.median(weight))
    if since is not None:
        excess, weight = np.where(since.broke, since.excess, excess), np.where(since.broke, since.weight, weight)
    # A series that errs beyond all others (it moved, or was typed wrongly) says nothing about them.
    spoken = np.minimum(excess, _LARGEST_SPOKEN * weight)
    pooled = max(float(spoken.sum() / max(weight.sum(), _SMALLEST_MEAN)), 0.0)
    alpha = (excess + shrink * pooled * typical) / np.maximum(weight + shrink * typical, _SMALLEST_MEAN)
    return np.asarray(np.clip(alpha, _SMALLEST_ALPHA, np.minimum(_ordinary(y, mean), _LARGEST_ALPHA)))


def _ordinary(y: Floats, mean: Floats) -> Floats:
    """Return the most that a series' alpha may be, from its ordinary spans: one burst of weeks is not its every week.

    The samples are cut into spans, each with an alpha of its own; a few times their median is believed. Small means
    have no bound: in a short span they show none.
    """
    if y.shape[1] < _SPANS * _SHORTEST_SPAN:
        return np.full(len(y), _LARGEST_ALPHA)
    spans = np.array_split(np.arange(y.shape[1]), _SPANS)
    found = [
        ((y[:, at] - mean[:, at]) ** 2 - mean[:, at]).sum(axis=1) / np.maximum((mean[:, at] ** 2).sum(axis=1), _TINY)
        for at in spans
    ]
    bound = np.maximum(_BEYOND_ORDINARY * np.median(found, axis=0), _NEVER_BELOW)
    return np.where(np.median(y[:, spans[-1]], axis=1) > _SHOWN_FROM, bound, _LARGEST_ALPHA)


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
    ahead = _usual_lead(y, config)
    steps = Steps.grid(_past_origins(y.shape[1] - ahead, cadence, config), [ahead])
    members = PlainMembers(y, cadence, config.members)
    plain, actual, shrink = _plain(members, steps, cadence), y[:, steps.target], config.dispersion_shrink
    recent = np.maximum(members.recent(steps), cadence.floor)
    factors = config.spread[cadence.freq]
    alpha = {}
    for level in hierarchy.levels:
        since = BreakSamples.of(level.sum(y), cadence.week or 1, config.breaks)
        errors = [
            dispersions(level.sum(actual), level.sum(said), shrink=shrink, since=since) for said in (plain, recent)
        ]
        # A service that grows leaves last year behind: the better of the two members tells how far we err.
        alpha[level.name] = factors.get(level.name, factors["other"]) * np.minimum(*errors)
    if one_step is not None:
        origins = _past_origins(y.shape[1] - 1, cadence, config)
        since = BreakSamples.of(y, cadence.week or 1, config.breaks)
        said = np.maximum(one_step(origins), cadence.floor)
        alpha[CELL] = dispersions(y[:, origins + 1], said, shrink=shrink, since=since)
    return alpha


def plain_errors(
    y: Floats, hierarchy: Hierarchy, cadence: Cadence, config: ForecastConfig, *, further: int
) -> dict[str, float]:
    """Return the pooled dispersion of the plain members' past forecasts, per level, at a lead.

    Args:
        y: Cells x known periods.
        hierarchy: The levels.
        cadence: Year and week.
        config: Trailing periods, and the usual lead.
        further: Periods beyond the usual lead.

    Returns:
        Alpha by level name, in the measure of `past_dispersions`; empty where the history is too short to tell.
    """
    ahead = _usual_lead(y, config) + further
    if y.shape[1] < 2 * ahead + _SHORTEST_SPAN:
        return {}
    steps = Steps.grid(_past_origins(y.shape[1] - ahead, cadence, config), [ahead])
    plain, actual = _plain(PlainMembers(y, cadence, config.members), steps, cadence), y[:, steps.target]
    factors, found = config.spread[cadence.freq], {}
    for level in hierarchy.levels:
        mean, count = level.sum(plain), level.sum(actual)
        weight = (mean**2).sum(axis=1)
        spoken = np.minimum(((count - mean) ** 2 - mean).sum(axis=1), _LARGEST_SPOKEN * weight)
        pooled = max(float(spoken.sum() / max(weight.sum(), _SMALLEST_MEAN)), 0.0)
        found[level.name] = factors.get(level.name, factors["other"]) * pooled
    return found


def _usual_lead(y: Floats, config: ForecastConfig) -> int:
    return max(1, int(min(config.horizon, y.shape[1] // 4)) // 2)


def _plain(members: PlainMembers, steps: Steps, cadence: Cadence) -> Floats:
    floor = cadence.floor
    return np.asarray(np.sqrt(np.maximum(members.window(steps), floor) * np.maximum(members.season(steps), floor)))


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
