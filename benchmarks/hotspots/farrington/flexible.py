"""`farringtonFlexible` with the settings of Noufaily et al. 2013, vectorised over series and weeks.

Statistics in Medicine 32:1206; R package surveillance 1.20.3, function farringtonFlexible, thresholdMethod "nbPlugin".
Every judged week has the same layout of reference weeks behind it, so one design serves all series and weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from farrington.glm import Glm, anscombe, quasi_poisson
from features.vocabulary import Frequency
from models.errors import PanelContractError
from models.hotspots.surge.grid import to_grid

Floats = NDArray[np.float64]

_CHUNK: Final = 2048  # series x weeks fitted together


@dataclass(frozen=True)
class FarringtonConfig:
    """Control of the algorithm; the defaults are R's "improved" settings.

    Attributes:
        b: Years of reference weeks.
        w: Half-width of the window around the reference week.
        season: Weeks in a year.
        no_periods: Levels of the seasonal factor.
        past_weeks_not_included: Last weeks kept out of the fit.
        outlier: Anscombe residual above which a week is downweighted.
        alpha: One-sided level of the threshold.
        limit54: Fewer than the first in the last so many weeks: no judgement.
    """

    b: int = 5
    w: int = 3
    season: int = 52
    no_periods: int = 10
    past_weeks_not_included: int = 26
    outlier: float = 2.58
    alpha: float = 0.05
    limit54: tuple[int, int] = (5, 4)

    @property
    def lead(self) -> int:
        """Weeks before the first week that can be judged."""
        return self.b * self.season + self.w


def farrington_flexible(
    y: pd.DataFrame, *, start: pd.Timestamp, config: FarringtonConfig | None = None
) -> pd.DataFrame:
    """Judge every week from `start` on as R's farringtonFlexible does.

    Args:
        y: Weekly long frame `unique_id, ds, y`.
        start: First judged week; at least `config.lead` weeks of the panel come before it.
        config: Control of the algorithm.

    Returns:
        unique_id, ds, y, expected, upper, p_value, alarm (upper is NaN where `limit54` forbids a judgement).

    Raises:
        PanelError: The panel cannot be used or is too short.
    """
    settings = config or FarringtonConfig()
    grid = to_grid(y, Frequency.WEEKLY)
    first = grid.position(pd.Timestamp(start))
    if first < settings.lead:
        raise PanelContractError(
            f"{first} weeks before {start}: Farrington needs {settings.lead}", hint="start later, or use fewer years b"
        )
    expected, upper, p_value = farrington_matrix(grid.y, first, settings)
    weeks = grid.ds[first:]
    now = grid.y[:, first:]
    return pd.DataFrame(
        {
            "unique_id": np.repeat(grid.ids, len(weeks)),
            "ds": np.tile(weeks.to_numpy(), len(grid.ids)),
            "y": now.ravel(),
            "expected": expected.ravel(),
            "upper": upper.ravel(),
            "p_value": p_value.ravel(),
            "alarm": ((now > upper) & (now > 0)).ravel(),
        }
    )


def farrington_matrix(y: Floats, first: int, config: FarringtonConfig) -> tuple[Floats, Floats, Floats]:
    """Return expected, upper and p-value of the columns of `y` (S x T) from `first` on, S x (T - first) each."""
    length = config.lead - config.past_weeks_not_included
    history = np.lib.stride_tricks.sliding_window_view(y, length, axis=1)[:, first - config.lead :]
    judged = y.shape[1] - first
    rows = history[:, :judged].reshape(-1, length)
    now = y[:, first:].ravel()
    X = _design(length, config)
    mean, phi = np.empty(len(rows)), np.empty(len(rows))
    for begin in range(0, len(rows), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        mean[part], phi[part] = _fit(rows[part], X, config)
    upper, p_value = _threshold(now, mean, phi, config.alpha)
    total = np.cumsum(np.pad(y, ((0, 0), (1, 0))), axis=1)
    recent = (total[:, first + 1 :] - total[:, first + 1 - config.limit54[1] : -config.limit54[1]]).ravel()
    upper = np.where(recent >= config.limit54[0], upper, np.nan)
    shape = (len(y), judged)
    return mean.reshape(shape), upper.reshape(shape), p_value.reshape(shape)


def _design(length: int, config: FarringtonConfig) -> Floats:
    """Return the trend and the indicator of each seasonal level, for weeks that begin `lead` before the judged one."""
    week = np.arange(length)
    window = 2 * config.w + 1
    block = -(-(config.season - window) // (config.no_periods - 1))
    place = week % config.season
    level = np.where(place < window, config.no_periods - 1, (place - window) // block)
    return np.concatenate([(week / config.lead - 1.0)[:, None], np.eye(config.no_periods)[level]], axis=1)


def _fit(y: Floats, X: Floats, config: FarringtonConfig) -> tuple[Floats, Floats]:
    """Return the expected count of the judged week and the dispersion; the trend goes where it extrapolates."""
    now = np.zeros(X.shape[1])
    now[-1] = 1.0  # the judged week: trend 0, the window's own seasonal level
    with_trend, usable = _reweighted(y, X, config)
    mean = np.exp(with_trend.beta @ now)
    trend = usable & (mean <= y.max(axis=1))
    phi = with_trend.phi
    if not trend.all():
        flat, _ = _reweighted(y[~trend], X[:, 1:], config)
        mean[~trend] = np.exp(flat.beta @ now[1:])
        phi[~trend] = flat.phi
    return mean, phi


def _reweighted(y: Floats, X: Floats, config: FarringtonConfig) -> tuple[Glm, NDArray[np.bool_]]:
    first = quasi_poisson(y, X)
    residual = anscombe(y, first)
    beyond = residual > config.outlier
    weights = np.where(beyond, np.where(beyond, residual, 1.0) ** -2.0, 1.0)
    weights *= y.shape[1] / weights.sum(axis=1, keepdims=True)
    return quasi_poisson(y, X, weights), first.converged


def _threshold(y: Floats, mean: Floats, phi: Floats, alpha: float) -> tuple[Floats, Floats]:
    from scipy.stats import nbinom, poisson

    over = phi > 1
    size = mean / np.where(over, phi - 1.0, 1.0)
    upper = np.where(over, nbinom.ppf(1 - alpha, size, 1 / phi), poisson.ppf(1 - alpha, mean))
    p_value = np.where(over, nbinom.sf(y - 1, size, 1 / phi), poisson.sf(y - 1, mean))
    return np.asarray(upper), np.asarray(p_value)
