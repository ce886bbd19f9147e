"""What is issued when no trained model fits: the same-week mean, with the count distribution of its own errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.configuration import ForecastConfig
from models.forecast.distribution import count_quantiles
from models.forecast.drivers import Calendar
from models.forecast.model import matrix_of
from models.forecast.rivals import Known, rival

NAME = "same_week_mean"


def fallback_forecast(
    y: pd.DataFrame,
    static: pd.DataFrame,
    *,
    freq: str,
    horizon: int,
    calendar: Calendar | None = None,
    quantiles: Sequence[float] = (0.1, 0.5, 0.9),
) -> pd.DataFrame:
    """Forecast every level by the same (lunar-aligned) week of up to three earlier years.

    Args:
        y: Long frame `unique_id, ds, y` of the cells.
        static: The hierarchy, see `Hierarchy.of`.
        freq: W or D.
        horizon: Periods ahead.
        calendar: First and last day to calendar rows, for the Spring Festival.
        quantiles: Levels between 0 and 1.

    Returns:
        The columns of `DemandModel.predict`; `base_model` is `same_week_mean`.

    Raises:
        PanelError: The panel does not fit the contract.
    """
    panel, hierarchy = matrix_of(y, static, freq)
    outcome = rival(NAME)(Known(panel, hierarchy, calendar, ForecastConfig(horizon=horizon), horizon))
    ds = panel.future(horizon)
    frames = []
    for level in hierarchy.levels:
        mean = level.sum(outcome.mean)
        alpha = np.asarray(outcome.alpha[level.name])[:, None]
        rows = {
            "unique_id": np.repeat(np.asarray(level.ids, dtype=object), horizon),
            "ds": np.tile(ds.to_numpy(), len(level.ids)),
            "mean": mean.ravel(),
            **{f"p{100 * q:g}": values.ravel() for q, values in count_quantiles(mean, alpha, quantiles).items()},
            "horizon": np.tile(np.arange(1, horizon + 1), len(level.ids)),
        }
        frames.append(pd.DataFrame(rows).assign(base_model=NAME, level=level.name))
    return pd.concat(frames, ignore_index=True)
