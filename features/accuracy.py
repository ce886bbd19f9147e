"""How far a forecast was from what came: WAPE, bias and coverage, defined once for folds, gate, pages and reports.

Definitions follow Hyndman & Koehler (2006). All functions take arrays of one shape and sum over everything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def wape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Weighted absolute percentage error: sum |y - f| / sum y; NaN where nothing happened.

    >>> wape([2, 0, 2], [1, 1, 2])
    0.5
    """
    y, f = paired(actual, forecast)
    return ratio(float(np.abs(y - f).sum()), float(y.sum()))


def bias(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Relative bias: sum (f - y) / sum y; positive when too much was forecast, NaN where nothing happened."""
    y, f = paired(actual, forecast)
    return ratio(float((f - y).sum()), float(y.sum()))


def coverage(actual: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Share of observations inside [lower, upper], ends included; discrete counts over-cover."""
    y, low = paired(actual, lower)
    return float(((y >= low) & (y <= np.asarray(upper, dtype=float))).mean())


def errors_by(rows: pd.DataFrame, by: str | Sequence[str]) -> pd.DataFrame:
    """Return the errors of groups of forecast rows.

    Args:
        rows: `y, mean` and the columns of `by`.
        by: Columns that name a group.

    Returns:
        Index as in a groupby; `wape`, `bias` (as the functions of that name), `error` (sum of absolute errors) and `y`.
    """
    difference = rows["mean"] - rows["y"]
    sums = rows.assign(error=difference.abs(), over=difference).groupby(by)[["error", "over", "y"]].sum()
    happened = sums["y"].where(sums["y"] > 0)
    return sums.assign(wape=sums["error"] / happened, bias=sums["over"] / happened)[["wape", "bias", "error", "y"]]


def paired(actual: ArrayLike, forecast: ArrayLike) -> tuple[Floats, Floats]:
    """Return both as arrays of one shape.

    Raises:
        ValueError: Their shapes differ.
    """
    y, f = np.asarray(actual, dtype=float), np.asarray(forecast, dtype=float)
    if y.shape != f.shape:
        raise ValueError(f"actual has shape {y.shape}, forecast {f.shape}")
    return y, f


def ratio(numerator: float, denominator: float) -> float:
    """Return a quotient, NaN where nothing happened."""
    return numerator / denominator if denominator > 0 else float("nan")
