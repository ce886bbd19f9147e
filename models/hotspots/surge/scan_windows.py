"""The short scan: tail probabilities of the counts of the last 1, 2, ... periods, combined into one p-value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.configuration.surge import FreqConfig
from models.hotspots.surge.tails import exceedance, quantile

Floats = NDArray[np.float64]


@dataclass
class Expectation:
    """Predictive means of a stretch of periods, with what is needed to judge windows that end in its last `m`.

    Attributes:
        y: Counts of the stretch, S x (lead + m), where `lead` is the longest window less 1.
        earlier: The same counts as later windows see them, at most what would have alarmed by itself (`capped`).
        mean: Means of the regression, 0 on closed days, S x (lead + m).
        spread: Variance of the logarithm of the mean, S x m.
        dispersion: Window -> variance of its sum over its mean, as known before the window began, S x m.
        factor: Window -> local level known before the window began, S x m.
        factor_spread: Window -> variance of its logarithm, S x m.
    """

    y: Floats
    earlier: Floats
    mean: Floats
    spread: Floats
    dispersion: dict[int, Floats]
    factor: dict[int, Floats]
    factor_spread: dict[int, Floats]


@dataclass
class RawSignal:
    """Uncalibrated judgement of S series in m periods.

    Attributes:
        mean: Expected count of the period.
        variance: Predictive variance of the period.
        spread: Variance of the logarithm of the mean.
        p_one: Raw p-value of the period alone.
        p_scan: Raw combined p-value of the windows that end with the period.
        window: Length of the window that says most.
    """

    mean: Floats
    variance: Floats
    spread: Floats
    p_one: Floats
    p_scan: Floats
    window: NDArray[np.int64]


def capped(y: Floats, mean: Floats, variance: Floats, level: float) -> Floats:
    """Return counts cut where a period alone would have had a raw p-value below `level`; 0 cuts nothing.

    A period that has alarmed needs no second alarm: cut there, it lends its weight to what follows, but no window
    alarms again for its sake alone.
    """
    if not level:
        return y
    loud = exceedance(y, mean, variance) < level
    cut = y.copy()
    cut[loud] = quantile(np.full(int(loud.sum()), level), mean[loud], variance[loud])
    return cut


def judge(expectation: Expectation, config: FreqConfig) -> RawSignal:
    """Judge each period alone and with the windows that end with it.

    The windows' p-values are combined by their weighted harmonic mean (Wilson 2019, PNAS 116:1195), which overlapping
    windows hardly disturb; the calibration takes what is left.
    """
    m = expectation.spread.shape[1]
    now = expectation.y[:, -m:]
    inverse = np.zeros_like(expectation.spread)
    most = np.zeros_like(expectation.spread)
    window = np.ones(inverse.shape, dtype=np.int64)
    for length, share in zip(config.windows, config.window_weights, strict=True):
        mean = window_sum(expectation.mean, length, m) * expectation.factor[length]
        spread = expectation.spread + expectation.factor_spread[length]
        variance = expectation.dispersion[length] * mean + mean * mean * spread
        before = window_sum(expectation.earlier, length, m) - expectation.earlier[:, -m:]
        p = exceedance(now + before, mean, variance)
        evidence = share / p
        window[evidence > most] = length
        most = np.maximum(most, evidence)
        inverse += evidence
        if length == 1:
            one = (mean, variance, spread, p)
    return RawSignal(*one, p_scan=1.0 / inverse, window=window)


def window_sum(values: Floats, length: int, m: int) -> Floats:
    """Return the sums of the `length` columns that end with each of the last `m`."""
    total = np.cumsum(values, axis=1)
    last = total[:, -m:]
    start = values.shape[1] - m - length
    if start >= 0:
        return np.asarray(last - total[:, start : start + m])
    before = np.concatenate([np.zeros((len(values), -start)), total[:, : m + start]], axis=1)
    return np.asarray(last - before)
