"""A local level on top of the regression: tracks epidemics and learns a confirmed level shift.

The level is a gamma filter with a discount: recent counts over recent expectations, old ones forgotten geometrically.
A constant level (no filter) is the default; a series gets a discount only when it predicted its past clearly better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PRIOR_COUNT: Final = 3.0  # strength of "the level is 1", in overdispersed counts
_EVIDENCE: Final = 6.0  # log-likelihood a discount must gain over the constant level
_CLIP: Final = 9.0  # squared standardised residuals count up to here, so that one outbreak does not choose
_LIMIT: Final = 2.5  # of a residual, so that past outbreaks do not look like runs
_LEAST: Final = 1e-9


@dataclass(frozen=True)
class Level:
    """Local level of S series at the end of each column, and the dispersion that goes with it.

    Attributes:
        factor: What the regression's mean is multiplied by, as known at the end of a column, S x T.
        spread: Variance of its logarithm, S x T.
        phi: Dispersion of one-step errors, S.
        discount: Chosen discount, 1 for constant, S.
        residual: Standardised one-step errors, clipped, 0 where they do not count, S x T.
    """

    factor: Floats
    spread: Floats
    phi: Floats
    discount: Floats
    residual: Floats

    @classmethod
    def constant(cls, phi: Floats, periods: int) -> Level:
        """Return the level that never moves."""
        ones = np.broadcast_to(1.0, (len(phi), periods))
        zeros = np.broadcast_to(0.0, ones.shape)
        return cls(ones, zeros, phi, np.ones(len(phi)), zeros)


def local_level(
    y: Floats, mu: Floats, weight: Floats, phi: Floats, *, discounts: tuple[float, ...], until: int
) -> Level:
    """Choose and run the level filter of every series.

    Args:
        y: Counts, S x T, all known.
        mu: Means of the regression, S x T.
        weight: 1 where a count is observed on a day of service, S x T.
        phi: Dispersion of the regression, S.
        discounts: The candidates below 1.
        until: The discount is chosen on the columns before this one.
    """
    choice = weight.copy()
    choice[:, until:] = 0.0
    periods = np.maximum(choice.sum(axis=1), 1.0)
    static = _mean_error(y, mu, choice, phi, periods)
    best = np.full(len(y), _EVIDENCE)
    factor, spread = np.ones_like(mu), np.zeros_like(mu)
    out_phi, out_discount = phi.copy(), np.ones(len(y))
    for discount in discounts:
        level, uncertainty = _filter(y, mu, weight, phi, discount)
        before = np.concatenate([np.ones((len(y), 1)), level[:, :-1]], axis=1)
        error = _mean_error(y, mu * before, choice, phi, periods)
        gain = 0.5 * periods * np.log(np.maximum(static, _LEAST) / np.maximum(error, _LEAST))
        better = gain > best
        best = np.where(better, gain, best)
        factor[better], spread[better] = level[better], uncertainty[better]
        out_phi[better] = np.maximum(phi * error / np.maximum(static, _LEAST), 1.0)[better]
        out_discount[better] = discount
    mean = mu * np.concatenate([np.ones((len(y), 1)), factor[:, :-1]], axis=1)
    residual = (y - mean) / np.sqrt(np.maximum(out_phi[:, None] * mean, _LEAST))
    return Level(factor, spread, out_phi, out_discount, np.clip(residual, -_LIMIT, _LIMIT) * choice)


def window_dispersion(residual: Floats, periods: Floats, length: int) -> Floats:
    """Return how much more the sum of `length` neighbours varies than independent ones would, at least 1, S.

    Real tickets come in runs (weather, news, works). The autocorrelation of a series counts as far as it is three
    standard errors clear of zero.

    Args:
        residual: Standardised errors, S x T, 0 where they do not count.
        periods: How many count, S.
        length: Periods in the window.
    """
    variance = np.maximum((residual**2).sum(axis=1), _LEAST)
    lags = np.arange(1, length)
    share = 1.0 - lags / length
    products = [(residual[:, lag:] * residual[:, :-lag]).sum(axis=1) for lag in lags]
    excess = 2.0 * sum(
        (k * product / variance for k, product in zip(share, products, strict=True)), np.zeros(len(variance))
    )
    error = 2.0 * np.sqrt((share**2).sum() / np.maximum(periods, 1.0))
    return np.asarray(1.0 + np.maximum(excess - 3.0 * error, 0.0))


def _filter(y: Floats, mu: Floats, weight: Floats, phi: Floats, discount: float) -> tuple[Floats, Floats]:
    from scipy.signal import lfilter

    prior = _PRIOR_COUNT * phi[:, None]
    counts = lfilter([1.0], [1.0, -discount], y * weight, axis=1)
    expected = lfilter([1.0], [1.0, -discount], mu * weight, axis=1)
    return (counts + prior) / (expected + prior), phi[:, None] / (expected + prior)


def _mean_error(y: Floats, mean: Floats, weight: Floats, phi: Floats, periods: Floats) -> Floats:
    squared = (y - mean) ** 2 / np.maximum(mean, _LEAST)
    clipped = np.minimum(squared, _CLIP * phi[:, None])
    return np.asarray((clipped * weight).sum(axis=1) / periods)
