"""Tails of the predictive negative binomial: mid-p exceedance probabilities and quantiles, vectorised."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_EXCESS: Final = 1e-3  # of the variance over the mean: below it a Poisson and a negative binomial are the same
_SMALLEST: Final = 1e-15
_SECANT_STEPS: Final = 4


def exceedance(y: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return the mid-p value P(Y > y) + P(Y = y) / 2 of a negative binomial count with this mean and variance."""
    above, at_least = _tails(y, mean, variance)
    return np.asarray(np.clip(0.5 * (above + at_least), _SMALLEST, 1.0))


def _tails(y: Floats, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return P(Y >= y + 1) and P(Y >= y), by the regularised incomplete beta function."""
    from scipy.special import betainc

    mean = np.maximum(mean, 1e-9)
    variance = np.maximum(variance, mean * (1 + _LEAST_EXCESS))
    size, miss = mean * mean / (variance - mean), 1.0 - mean / variance
    above = betainc(y + 1.0, size, miss)
    at_least = np.where(y > 0, betainc(np.maximum(y, 0.5), size, miss), 1.0)
    return above, at_least


def quantile(p: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return the largest count whose mid-p value is at least `p` (a number of tickets, as float).

    A Cornish-Fisher start, secant steps on the logarithm of the tail continued between the integers, and a last
    check of the two neighbouring integers.
    """
    from scipy.special import betainc, ndtri

    mean = np.maximum(mean, 1e-9)
    variance = np.maximum(variance, mean * (1 + _LEAST_EXCESS))
    size, miss = mean * mean / (variance - mean), 1.0 - mean / variance
    target = np.log(np.clip(p, _SMALLEST, 1.0))
    z = -ndtri(np.clip(p, _SMALLEST, 1.0 - 1e-9))
    sd = np.sqrt(variance)
    skew = (2.0 * variance - mean) / (mean * sd)
    left = np.maximum(mean + z * sd + sd * skew * (z * z - 1.0) / 6.0, 0.0)
    right = left + 0.25 * sd + 0.25

    def gap(count: Floats) -> Floats:
        return np.asarray(np.log(np.maximum(betainc(count + 0.5, size, miss), _SMALLEST)) - target)

    gap_left, gap_right = gap(left), gap(right)
    for _ in range(_SECANT_STEPS):
        slope = np.minimum((gap_right - gap_left) / np.where(right == left, 1.0, right - left), -1e-6)
        step = np.clip(-gap_right / slope, -2.0 * sd - 1.0, 2.0 * sd + 1.0)
        left, gap_left = right, gap_right
        right = np.maximum(right + step, 0.0)
        gap_right = gap(right)
    count = np.floor(right) + 1.0
    for _ in range(3):
        count = np.where((exceedance(count, mean, variance) < p) & (count > 0), count - 1.0, count)
    return np.asarray(count)
