"""How far counts scatter around their mean: over the year, and over windows of neighbours."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.configuration.surge import LevelConfig

Floats = NDArray[np.float64]

LEAST: Final = 1e-9
_WEEK: Final = 7  # days
_YEAR: Final = 52  # weeks


def seasonal_dispersion(
    y: Floats, mean: Floats, weight: Floats, phi: Floats, spread: Floats, *, reach: int, config: LevelConfig
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the dispersion of every day, S x T, and which series have one with a season.

    A yearly epidemic, or any season that begins when it likes, is hard to predict while it lasts; a constant dispersion
    takes that for the whole year. The season's is the mean squared error around the same week of past years. A series
    gets it only if it would have predicted the size of the series' own errors clearly better.

    Args:
        y: Daily counts, S x T.
        mean: One-step means, S x T.
        weight: 1 where a count is known on a day of service, S x T.
        phi: Constant dispersion, S.
        spread: Variance of the logarithm of the mean, which the errors hold as well, S x T.
        reach: Weeks on either side that count; 0 for a constant dispersion.
        config: What it must gain over a constant one.
    """
    constant = phi[:, None]
    if not reach or y.shape[1] <= _YEAR * _WEEK:
        return np.broadcast_to(constant, y.shape), np.zeros(len(y), dtype=bool)
    own = (y - mean) ** 2
    own /= np.maximum(mean, LEAST)
    own -= mean * spread
    own = np.clip(own, 0.0, config.clip * constant, out=own)
    errors, days = _weekly(own * weight), _weekly(weight)
    total, known = np.full(errors.shape, config.prior_errors * constant), np.full(errors.shape, config.prior_errors)
    near_errors, near_days = _around(errors, reach), _around(days, reach)
    for back in range(_YEAR, errors.shape[1], _YEAR):
        total[:, back:] += near_errors[:, :-back]
        known[:, back:] += near_days[:, :-back]
    season = np.maximum(total / known, 1.0)
    gain = 0.5 * (errors / constant - errors / season + days * np.log(constant / season))
    better = gain.sum(axis=1) > config.evidence
    chosen = np.where(better[:, None], season, constant)
    return np.repeat(chosen, _WEEK, axis=1)[:, : y.shape[1]], better


def _weekly(values: Floats) -> Floats:
    """Return the sums of every seven columns; the last may be short."""
    return np.asarray(np.add.reduceat(values, np.arange(0, values.shape[1], _WEEK), axis=1))


def _around(values: Floats, reach: int) -> Floats:
    """Return the sum from `reach` columns before to `reach` columns after each column."""
    total = np.cumsum(np.pad(values, ((0, 0), (reach + 1, reach))), axis=1)
    return np.asarray(total[:, 2 * reach + 1 :] - total[:, : -2 * reach - 1])


def autocorrelation(residual: Floats, lags: int) -> Floats:
    """Return the autocorrelation of each series at lags 1, 2, ..., S x lags.

    Args:
        residual: Standardised errors, S x T, 0 where they do not count.
        lags: The largest lag.
    """
    variance = np.maximum(np.einsum("st,st->s", residual, residual), LEAST)
    products = [np.einsum("st,st->s", residual[:, lag:], residual[:, :-lag]) for lag in range(1, lags + 1)]
    return np.asarray(np.reshape(products, (lags, len(residual))).T / variance[:, None])


def window_dispersion(correlation: Floats, periods: Floats, length: int) -> Floats:
    """Return how much more the sum of `length` neighbours varies than independent ones would, at least 1, S.

    Real tickets come in runs (weather, news, works). The autocorrelation of a series counts as far as it is three
    standard errors clear of zero.

    Args:
        correlation: Autocorrelation at lags 1, 2, ..., S x (length - 1) or more.
        periods: Periods it rests on, S.
        length: Periods in the window.
    """
    share = 1.0 - np.arange(1, length) / length
    excess = 2.0 * correlation[:, : length - 1] @ share
    error = 2.0 * np.sqrt((share**2).sum() / np.maximum(periods, 1.0))
    return np.asarray(1.0 + np.maximum(excess - 3.0 * error, 0.0))
