"""A local level on top of the regression: tracks epidemics and learns a confirmed level shift.

The level is a gamma filter with a discount: recent counts over recent expectations, old ones forgotten geometrically.
A constant level (no filter) is the default; a series gets a discount only when it predicted its past clearly better.
Weekdays may have levels of their own in the same way: what people report changes with the season, and the weekdays
with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.configuration.surge import LevelConfig
from models.hotspots.surge.dispersion import LEAST, seasonal_dispersion

Floats = NDArray[np.float64]

_WEEK: Final = 7  # periods


@dataclass(frozen=True)
class LocalLevel:
    """Local level of S series, and the dispersion that goes with it.

    Attributes:
        factor: What the regression's mean is multiplied by, as known at the end of a column, S x T.
        spread: Variance of its logarithm, S x T.
        week: What the mean of a column is also multiplied by, known a week before it: its weekday's own level, S x T.
        week_spread: Variance of its logarithm, S x T.
        phi: Dispersion of a column's one-step error, known before it, S x T.
        discount: Chosen discount, 1 for constant, S.
        residual: Standardised one-step errors, clipped, 0 where they do not count, S x T.
    """

    factor: Floats
    spread: Floats
    week: Floats
    week_spread: Floats
    phi: Floats
    discount: Floats
    residual: Floats

    @classmethod
    def constant(cls, phi: Floats, periods: int) -> LocalLevel:
        """Return the level that never moves."""
        ones = np.broadcast_to(1.0, (len(phi), periods))
        zeros = np.broadcast_to(0.0, ones.shape)
        return cls(ones, zeros, ones, zeros, np.broadcast_to(phi[:, None], ones.shape), np.ones(len(phi)), zeros)


@dataclass(frozen=True)
class Pace:
    """How fast a local level may move.

    Attributes:
        level: Discounts that compete with a constant level.
        week: Discounts, a week, of the weekdays' own levels that compete with the regression's weekdays.
        season: Weeks around the same week of past years whose errors make its dispersion; 0 for a constant one.
        until: The choices are made on the columns before this one.
    """

    level: tuple[float, ...]
    week: tuple[float, ...]
    season: int
    until: int


class CountSums:
    """Discounted sums of the counts of S series: x[t] + discount x[t - lag] + discount^2 x[t - 2 lag] + ...

    From one fit to the next only the means change: a walk of many fits keeps the sums of the counts and extends them.
    """

    def __init__(self, y: Floats, *, keep: bool) -> None:
        self.y, self.keep = y, keep
        self.open = np.zeros(y.shape, dtype=bool)
        self.kept: dict[tuple[float, int], Floats] = {}

    def hear(self, open_days: NDArray[np.bool_]) -> None:
        """Say on which days the counts are observed, S x T; what was summed over other days is forgotten."""
        if not np.array_equal(self.open, open_days):
            self.open = open_days
            self.kept.clear()

    def until(self, stop: int, discount: float, lag: int) -> Floats:
        """Return the sums of the columns before `stop`, S x stop."""
        sums = self.kept.get((discount, lag), np.empty((len(self.y), 0)))
        done = sums.shape[1]
        if done < stop:
            fresh = slice(done, stop)
            sums = _extend(sums, self.y[:, fresh] * self.open[:, fresh], discount, lag)
            if self.keep:
                self.kept[discount, lag] = sums
        return sums[:, :stop]


def _extend(sums: Floats, x: Floats, discount: float, lag: int) -> Floats:
    """Return discounted sums with those of the columns `x` that follow them."""
    from scipy.signal import lfilter

    forget = np.zeros(lag + 1)
    forget[0], forget[lag] = 1.0, -discount
    last = sums[:, -lag:]
    state = np.zeros((len(x), lag))
    state[:, lag - last.shape[1] :] = discount * last
    new, _ = lfilter([1.0], forget, x, axis=1, zi=state)
    return np.concatenate([sums, new], axis=1) if sums.size else np.asarray(new)


def local_level(counts: CountSums, mu: Floats, phi: Floats, pace: Pace, config: LevelConfig) -> LocalLevel:
    """Choose and run the level filter of every series.

    Args:
        counts: Counts of the series, the columns of `mu` all known, and the days on which they are observed.
        mu: Means of the regression, S x T.
        phi: Dispersion of the regression, S.
        pace: How fast the level may move.
        config: How much must speak for a move.
    """
    y, weight = counts.y[:, : mu.shape[1]], counts.open[:, : mu.shape[1]].astype(float)
    choice = weight.copy()
    choice[:, pace.until :] = 0.0
    factor, spread, phi, discount = _choose(counts, mu, (weight, choice), phi, pace.level, 1, config)
    steady = _ahead(mu, factor, 1)
    week, week_spread, phi, moves = _choose(counts, steady, (weight, choice), phi, pace.week, _WEEK, config)
    week, week_spread = _known(week, _WEEK, 1.0), _known(week_spread, _WEEK, 0.0)
    mean, unsure = steady * week, week_spread + _known(spread, 1, 0.0)
    season, varies = seasonal_dispersion(y, mean, choice, phi, unsure, reach=pace.season, config=config)
    again = varies | (moves < 1.0)
    for value in pace.level:
        mine = again & (discount == value)
        observed = mu[mine] * week[mine] * weight[mine]
        sums = counts.until(mu.shape[1], value, 1)[mine]
        factor[mine], behind = _filter(sums, observed, season[mine], value, 1, config.prior_count)
        spread[mine] = season[mine] / behind
    if again.any():
        mean = _ahead(mu * week, factor, 1)
    residual = y - mean
    residual /= np.sqrt(np.maximum(season * mean, LEAST))
    np.clip(residual, -config.limit, config.limit, out=residual)
    residual *= choice
    return LocalLevel(factor, spread, week, week_spread, season, discount, residual)


def _choose(
    counts: CountSums,
    mu: Floats,
    weights: tuple[Floats, Floats],
    phi: Floats,
    discounts: tuple[float, ...],
    lag: int,
    config: LevelConfig,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return factor, spread, dispersion and discount of the filter that best predicted each series `lag` ahead."""
    if not discounts:
        return np.ones_like(mu), np.zeros_like(mu), phi, np.ones(len(mu))
    weight, choice = weights
    y, observed = counts.y[:, : mu.shape[1]], mu * weight
    periods = np.maximum(choice.sum(axis=1), 1.0)
    static = _mean_error(y, mu, choice, phi, periods, config.clip)
    best = np.full(len(y), config.evidence)
    factor, spread = np.ones_like(mu), np.zeros_like(mu)
    out_phi, out_discount = phi.copy(), np.ones(len(y))
    for discount in discounts:
        sums = counts.until(mu.shape[1], discount, lag)
        level, behind = _filter(sums, observed, phi[:, None], discount, lag, config.prior_count)
        error = _mean_error(y, _ahead(mu, level, lag), choice, phi, periods, config.clip)
        gain = 0.5 * periods * np.log(np.maximum(static, LEAST) / np.maximum(error, LEAST))
        better = gain > best
        best = np.where(better, gain, best)
        factor[better], spread[better] = level[better], phi[better, None] / behind[better]
        out_phi[better] = np.maximum(phi * error / np.maximum(static, LEAST), 1.0)[better]
        out_discount[better] = discount
    return factor, spread, out_phi, out_discount


def _known(values: Floats, lag: int, start: float) -> Floats:
    """Return what was known `lag` columns before each column, `start` where nothing was."""
    return np.concatenate([np.full((len(values), lag), start), values[:, :-lag]], axis=1)[:, : values.shape[1]]


def _ahead(mu: Floats, level: Floats, lag: int) -> Floats:
    """Return the means times the level that was known `lag` columns before each."""
    mean = mu.copy()
    mean[:, lag:] *= level[:, :-lag]
    return mean


def _filter(
    sums: Floats, observed: Floats, phi: Floats, discount: float, lag: int, prior_count: float
) -> tuple[Floats, Floats]:
    """Return the gamma filter over every `lag`-th column, and the expected counts (with the prior's) behind it.

    Args:
        sums: Discounted counts, S x T.
        observed: Expected counts, 0 where none is observed, S x T.
        phi: Dispersion, S x 1 or S x T.
        discount: Of the filter.
        lag: Columns between two of its steps.
        prior_count: Strength of "the level is 1", in overdispersed counts.
    """
    prior = prior_count * phi
    level = sums + prior
    behind = _extend(sums[:, :0], observed, discount, lag)
    behind += prior
    level /= behind
    return level, behind


def _mean_error(y: Floats, mean: Floats, weight: Floats, phi: Floats, periods: Floats, clip: float) -> Floats:
    error = y - mean
    error *= error
    error /= np.maximum(mean, LEAST)
    np.minimum(error, clip * phi[:, None], out=error)
    return np.asarray(np.einsum("st,st->s", error, weight) / periods)
