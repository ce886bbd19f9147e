"""How good a forecast is: errors of the mean, pinball loss of quantiles, and the calibration of counts.

All functions take arrays of one shape and are vectorised; sums run over everything unless said otherwise. Definitions
follow Hyndman & Koehler (2006) for MASE, Makridakis et al. (2022, M5) for RMSSE and weighted pinball loss, and
Czado, Gneiting & Held (2009) for the randomised PIT of counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from features.accuracy import Floats, bias, coverage, paired, ratio, wape

__all__ = [
    "Floats",
    "bias",
    "coverage",
    "mase",
    "naive_scales",
    "pinball",
    "pit_coverage",
    "randomised_pit",
    "rmsse",
    "score_means",
    "share_failing",
    "wape",
    "weighted_pinball",
]


def naive_scales(history: ArrayLike, *, season: int = 1) -> tuple[Floats, Floats]:
    """Mean absolute and mean squared in-sample error of the (seasonal) naive, per series.

    Args:
        history: Counts, series x periods, from before the first test period.
        season: Lag of the naive forecast.

    Returns:
        Two arrays of one number per series; NaN where a series never moved.
    """
    steps = np.asarray(history, dtype=float)
    steps = steps[:, season:] - steps[:, :-season]
    absolute, squared = np.abs(steps).mean(axis=1), (steps**2).mean(axis=1)
    return np.where(absolute > 0, absolute, np.nan), np.where(squared > 0, squared, np.nan)


def mase(actual: ArrayLike, forecast: ArrayLike, scale: ArrayLike) -> float:
    """Mean absolute scaled error: per series (first axis) over all its test periods, then averaged over series."""
    y, f = paired(actual, forecast)
    per_series = np.abs(y - f).reshape(len(y), -1).mean(axis=1) / np.asarray(scale)
    return _mean_of_finite(per_series)


def rmsse(actual: ArrayLike, forecast: ArrayLike, scale: ArrayLike) -> float:
    """Root mean squared scaled error, per series, then averaged over series."""
    y, f = paired(actual, forecast)
    per_series = np.sqrt(((y - f) ** 2).reshape(len(y), -1).mean(axis=1) / np.asarray(scale))
    return _mean_of_finite(per_series)


def pinball(actual: ArrayLike, quantile: ArrayLike, level: float) -> Floats:
    """Pinball loss of each forecast quantile."""
    y, q = paired(actual, quantile)
    return np.maximum(level * (y - q), (level - 1.0) * (y - q))


def weighted_pinball(actual: ArrayLike, quantiles: Mapping[float, ArrayLike]) -> float:
    """2 x the mean over levels of summed pinball loss / sum y (wQL); a scaled, discrete CRPS."""
    y = np.asarray(actual, dtype=float)
    losses = [float(pinball(y, q, level).sum()) for level, q in quantiles.items()]
    return ratio(2.0 * float(np.mean(losses)), float(y.sum()))


def randomised_pit(below: ArrayLike, upto: ArrayLike, rng: np.random.Generator) -> Floats:
    """Probability integral transform of counts, uniform when the forecast is right.

    Args:
        below: P(Y < y) of each observation under its forecast.
        upto: P(Y <= y).
        rng: Draws the place inside each step.
    """
    low, high = paired(below, upto)
    return low + rng.uniform(size=low.shape) * (high - low)


def pit_coverage(pit: ArrayLike, nominal: float) -> float:
    """Share of PIT values inside the central interval of nominal probability."""
    values = np.asarray(pit, dtype=float)
    return float((np.abs(values - 0.5) <= nominal / 2.0).mean())


def share_failing(hits: ArrayLike, trials: ArrayLike, nominal: float, *, certain: float = 0.05) -> float:
    """Share of series whose interval held fewer counts than chance explains: binomial, one-sided, at `certain`.

    An average over series hides them: half of them too wide and half too narrow look right together.

    Args:
        hits: Periods inside the interval, per series.
        trials: Periods, per series.
        nominal: What the interval promises.
        certain: Share that would fail by chance; NaN comes back where no series has enough periods to fail.
    """
    from scipy.stats import binom

    inside, periods = np.asarray(hits, dtype=float), np.asarray(trials, dtype=float)
    enough = binom.cdf(0, periods, nominal) < certain
    if not enough.any():
        return float("nan")
    return float((binom.cdf(inside[enough], periods[enough], nominal) < certain).mean())


def score_means(actual: ArrayLike, forecast: ArrayLike) -> dict[str, Any]:
    """Return the two scores of a mean that need no history, by name."""
    return {"wape": wape(actual, forecast), "bias": bias(actual, forecast)}


def _mean_of_finite(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")
