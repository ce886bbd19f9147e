"""Tails of the predictive negative binomial: mid-p exceedance probabilities and quantiles, vectorised."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_EXCESS: Final = 1e-3  # of the variance over the mean: below it a Poisson and a negative binomial are the same
_SMALLEST: Final = 1e-15
_SECANT_STEPS: Final = 4
_CLOSE: Final = 1e-3  # tickets: a step that short ends the search


def exceedance(y: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return the mid-p value P(Y > y) + P(Y = y) / 2 of a negative binomial count with this mean and variance."""
    from scipy.special import betainc

    mean, variance = _proper(mean, variance)
    size, hit = mean * mean / (variance - mean), mean / variance
    above = betainc(y + 1.0, size, 1.0 - hit)
    return np.asarray(np.clip(above + 0.5 * _mass(y, size, hit, above), _SMALLEST, 1.0))


def _proper(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return a mean above zero and a variance above the mean."""
    mean = np.maximum(mean, 1e-9)
    return mean, np.maximum(variance, mean * (1 + _LEAST_EXCESS))


def _mass(y: Floats, size: Floats, hit: Floats, above: Floats) -> Floats:
    """Return P(Y = y), the step of the incomplete beta function, at a fraction of the price of a second one."""
    from scipy.special import betaln

    positive = np.maximum(y, 0.5)
    log_mass = positive * np.log1p(-hit) + size * np.log(hit) - np.log(positive) - betaln(positive, size)
    return np.where(y > 0, np.exp(log_mass), 1.0 - above)


def quantile(p: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return the largest count whose mid-p value is at least `p` (a number of tickets, as float).

    A Cornish-Fisher start, secant steps on the logarithm of the tail continued between the integers, and a last
    check of the two neighbouring integers.
    """
    from scipy.special import betainc, ndtri

    mean, variance = _proper(mean, variance)
    size, miss = mean * mean / (variance - mean), 1.0 - mean / variance
    target = np.log(np.clip(p, _SMALLEST, 1.0))
    z = -ndtri(np.clip(p, _SMALLEST, 1.0 - 1e-9))
    sd = np.sqrt(variance)
    skew = (2.0 * variance - mean) / (mean * sd)
    left = np.maximum(mean + z * sd + sd * skew * (z * z - 1.0) / 6.0, 0.0)
    right = left + 0.25 * sd + 0.25

    def gap(count: Floats, at: Any = ...) -> Floats:
        tail = betainc(count + 0.5, size[at], miss[at])
        return np.asarray(np.log(np.maximum(tail, _SMALLEST)) - target[at])

    gap_left, gap_right = gap(left), gap(right)
    moving = np.ones(left.shape, dtype=bool)
    for _ in range(_SECANT_STEPS):
        slope = np.minimum((gap_right - gap_left) / np.where(right == left, 1.0, right - left), -1e-6)
        step = np.clip(-gap_right / slope, -2.0 * sd - 1.0, 2.0 * sd + 1.0)
        left, gap_left = right, gap_right
        right = np.where(moving, np.maximum(right + step, 0.0), right)
        moving &= np.abs(right - left) > _CLOSE
        gap_right = gap_right.copy()
        gap_right[moving] = gap(right[moving], moving)
    count = np.floor(right) + 1.0
    high = np.ones(count.shape, dtype=bool)
    for _ in range(3):
        high[high] = (exceedance(count[high], mean[high], variance[high]) < p[high]) & (count[high] > 0)
        count[high] -= 1.0
    return np.asarray(count)
