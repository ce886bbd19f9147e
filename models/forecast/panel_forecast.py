"""`forecast_panel`: this quality on any bare panel of counts, in one process, without a lake."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import pandas as pd

from features.calendars import calendar_frame
from models.errors import PanelError
from models.forecast.cadence import ForecastConfig
from models.forecast.hierarchy import PanelMatrix
from models.forecast.model import DemandModel

MIN_PERIODS: Final = 26
_KEYS: Final = ("unique_id", "ds", "y")


def forecast_panel(
    panel: pd.DataFrame,
    *,
    freq: str,
    horizon: int,
    country: str | None = None,
    levels: str = "input",
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9),
    n_jobs: int = 2,
    config: ForecastConfig | None = None,
) -> pd.DataFrame:
    """Forecast every series of a panel.

    Args:
        panel: `unique_id, ds, y`; every other column is static and a level of the hierarchy.
        freq: W (weeks keep the weekday found) or D.
        horizon: Periods ahead.
        country: Calendar, as an ISO 3166 code; no holidays when None.
        levels: `all` adds the aggregates; otherwise exactly the panel's series.
        quantiles: Levels between 0 and 1.
        n_jobs: Cores.
        config: Another configuration than the default one.

    Returns:
        `unique_id, ds, mean, p10, p50, p90`, sorted.

    Raises:
        PanelError: A column is missing, or there are fewer than 26 periods.
    """
    frame = _typed(panel)
    periods = PanelMatrix.of(frame[list(_KEYS)], freq=freq).y.shape[1]
    if periods < MIN_PERIODS:
        raise PanelError(f"the panel has {periods} periods", hint=f"a forecast needs {MIN_PERIODS}")
    if horizon < 1:
        raise PanelError(f"a horizon of {horizon} is not in the future", hint="use --horizon 1 or more")
    static = frame.drop(columns=["ds", "y"]).drop_duplicates("unique_id")
    chosen = replace(config or ForecastConfig(), horizon=horizon)
    calendar = partial(calendar_frame, country) if country else None
    model = DemandModel.fit(frame[list(_KEYS)], static, freq=freq, calendar=calendar, config=chosen, n_jobs=n_jobs)
    rows = model.predict(horizon=horizon, quantiles=quantiles, levels="all" if levels == "all" else "input")
    columns = ["unique_id", "ds", "mean", *(f"p{100 * q:g}" for q in quantiles)]
    return rows[columns].sort_values(["unique_id", "ds"], ignore_index=True)


def _typed(panel: pd.DataFrame) -> pd.DataFrame:
    missing = [column for column in _KEYS if column not in panel]
    if missing:
        raise PanelError(f"the panel has no column {missing[0]!r}", hint="a panel has unique_id, ds and y")
    try:
        ds, y = pd.to_datetime(panel["ds"]), pd.to_numeric(panel["y"])
    except (ValueError, TypeError) as error:
        raise PanelError(f"the panel's ds or y cannot be read: {error}") from error
    return panel.assign(unique_id=panel["unique_id"].astype(str), ds=ds, y=y)
