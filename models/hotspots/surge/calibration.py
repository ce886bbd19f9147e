"""From raw to honest p-values: so that a quiet period has p < 0.01 in one case of a hundred.

Estimated means and dispersions, downweighting, discreteness and overlapping windows all bend raw p-values a little. The
bend depends on the expected count and on the dispersion; it was measured on quiet simulated series of many shapes
(`benchmarks/hotspots/calibrate.py`) and is kept as polynomials in `calibration_table.py`.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from features.vocabulary import Frequency
from models.hotspots.surge.calibration_table import LEVELS, RANGES, TABLES, TAILS

Floats = NDArray[np.float64]
SPARSE: Final = 0.5
DENSE: Final = 4.0
"""Expected counts at which the far tail is that of sparse and of dense series."""

Channel = Literal["one", "scan"]


def calibrate(raw: Floats, mean: Floats, variance: Floats, *, freq: Frequency, channel: Channel) -> Floats:
    """Return calibrated p-values of raw ones.

    Args:
        raw: Raw p-values, any shape.
        mean: Expected counts, same shape.
        variance: Predictive variances, same shape.
        freq: `W`, `D` or `h`.
        channel: `one` for the period alone, `scan` for the combined windows.
    """
    return calibrate_with(TABLES[freq, channel], TAILS[freq, channel], raw, mean, variance)


def calibrate_with(table: Floats, tail: tuple[float, float], raw: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return calibrated p-values by a given table of bends and slope of the far tail."""
    knots = _knots(table, mean.ravel(), variance.ravel())
    evidence = -np.log10(raw.ravel())
    cell = np.clip((evidence[:, None] >= knots).sum(axis=1) - 1, 0, len(LEVELS) - 2)
    row = np.arange(len(cell))
    left, width = knots[row, cell], knots[row, cell + 1] - knots[row, cell]
    inside = LEVELS[cell] + (evidence - left) * np.diff(LEVELS)[cell] / width
    last = knots[:, -1]
    level = np.where(evidence > last, LEVELS[-1] + (evidence - last) * _slope(tail, mean.ravel()), inside)
    return np.asarray(10.0 ** -np.maximum(level, 0.0)).reshape(raw.shape)


def raw_level(alpha: float, mean: Floats, variance: Floats, *, freq: Frequency, channel: Channel) -> Floats:
    """Return the raw p-value that calibrates to `alpha`, for every expected count."""
    knots = _knots(TABLES[freq, channel], mean.ravel(), variance.ravel())
    level = -np.log10(alpha)
    if level > LEVELS[-1]:
        beyond = (level - LEVELS[-1]) / _slope(TAILS[freq, channel], mean.ravel())
        return np.asarray(10.0 ** -(knots[:, -1] + beyond)).reshape(mean.shape)
    cell = int(np.clip(np.searchsorted(LEVELS, level) - 1, 0, len(LEVELS) - 2))
    share = (level - LEVELS[cell]) / (LEVELS[cell + 1] - LEVELS[cell])
    evidence = knots[:, cell] + share * (knots[:, cell + 1] - knots[:, cell])
    return np.asarray(10.0**-evidence).reshape(mean.shape)


def _slope(tail: tuple[float, float], mean: Floats) -> Floats:
    """Return calibrated over raw evidence in the far tail, between that of sparse and that of dense series."""
    share = np.clip(np.log10(np.maximum(mean, 1e-9) / SPARSE) / np.log10(DENSE / SPARSE), 0.0, 1.0)
    return np.asarray(tail[0] + share * (tail[1] - tail[0]))


def features(mean: Floats, variance: Floats) -> Floats:
    """Return the polynomial terms of log expected count and log dispersion up to the fourth degree, N x 15."""
    (low, high), (tight, wide) = RANGES
    a = np.clip(np.log10(np.maximum(mean, 1e-9)), low, high)
    b = np.clip(np.log10(np.maximum(variance, 1e-9) / np.maximum(mean, 1e-9)), tight, wide)
    cubic = [a**0, a, b, a * a, a * b, b * b, a**3, a * a * b, a * b * b, b**3]
    return np.stack([*cubic, a**4, a**3 * b, a * a * b * b, a * b**3, b**4], axis=1)


def _knots(table: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return the raw evidence (-log10 p) that is worth each of LEVELS, N x levels, increasing.

    A table of ten rows is cubic.
    """
    bend = features(mean, variance)[:, : len(table)] @ table
    raw = np.concatenate([np.zeros((len(bend), 1)), LEVELS[1:] + bend], axis=1)
    steps = np.maximum(np.diff(raw, axis=1), 0.25 * np.diff(LEVELS))
    return np.concatenate([raw[:, :1], np.cumsum(steps, axis=1)], axis=1)
