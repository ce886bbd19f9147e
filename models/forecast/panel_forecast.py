"""`forecast_panel`: this quality on any bare panel of counts, in one process, without a lake."""

from __future__ import annotations

from functools import partial
from typing import Final

import pandas as pd

from features.calendars import calendar_frame
from features.configuration import ForecastConfig
from features.panel.bare import KEYS, frequency_named, typed
from models.errors import PanelContractError
from models.forecast.hierarchy import PanelMatrix
from models.forecast.model import DemandModel

MIN_PERIODS: Final = 26
_RESERVED: Final = ("level", "total", "cell")


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
        freq: W (also W-MON; weeks keep the weekday found) or D.
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
    strange = [level for level in quantiles if not 0 < level < 1]
    if strange:
        raise PanelContractError(f"quantile {strange[0]} is not between 0 and 1", hint="use 0.1 for the 10 % quantile")
    period, frame = frequency_named(freq), typed(panel)
    periods = PanelMatrix.of(frame[list(KEYS)], freq=period).y.shape[1]
    if periods < MIN_PERIODS:
        raise PanelContractError(f"the panel has {periods} periods", hint=f"a forecast needs {MIN_PERIODS}")
    if horizon < 1:
        raise PanelContractError(f"a horizon of {horizon} is not in the future", hint="use --horizon 1 or more")
    static = _static(frame)
    chosen = (config or ForecastConfig()).model_copy(update={"horizon": horizon})
    calendar = partial(calendar_frame, country) if country else None
    model = DemandModel.fit(frame[list(KEYS)], static, freq=period, calendar=calendar, config=chosen, n_jobs=n_jobs)
    rows = model.predict(horizon=horizon, quantiles=quantiles, levels="all" if levels == "all" else "input")
    columns = ["unique_id", "ds", "mean", *(f"p{100 * q:g}" for q in quantiles)]
    _no_namesakes(rows)
    return rows[columns].sort_values(["unique_id", "ds"], ignore_index=True)


def _static(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per series; columns named like a level of ours get an underscore."""
    rows = frame.drop(columns=["ds", "y"]).drop_duplicates()
    repeated = rows[rows["unique_id"].duplicated(keep=False)].fillna("")
    if len(repeated):
        first, second = repeated[repeated["unique_id"] == repeated["unique_id"].iloc[0]].to_dict("records")[:2]
        column = next(name for name in first if first[name] != second[name])
        raise PanelContractError(
            f"series {first['unique_id']!r} has two values of {column!r}: {first[column]!r} and {second[column]!r}",
            hint="static columns describe a series; one value each",
        )
    return rows.rename(columns={name: f"{name}_" for name in _RESERVED})


def _no_namesakes(rows: pd.DataFrame) -> None:
    named = rows.groupby("unique_id")["level"].nunique()
    if (named > 1).any():
        raise PanelContractError(
            f"series {named.index[named > 1][0]!r} is named like an aggregate",
            hint="rename it, or leave out --levels all",
        )
