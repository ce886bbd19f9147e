"""`forecast_panel`: this quality on any bare panel of counts, in one process, without a lake."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from features.calendars import calendar_frame
from features.configuration import ForecastConfig
from models.errors import PanelContractError
from models.forecast.candidate_models import RivalInput, rival
from models.forecast.distribution import count_quantiles
from models.forecast.drivers import Calendar
from models.forecast.hierarchy import PanelMatrix
from models.forecast.model import DemandModel, matrix_of

MIN_PERIODS: Final = 26
_KEYS: Final = ("unique_id", "ds", "y")
_RESERVED: Final = ("level", "total", "cell")
_HINTS: Final = {
    "unique_id": "every row names its series",
    "ds": "ds is the start of a period, e.g. 2026-11-23",
    "y": "y is a count: 0 or more, no blanks; leave a row out where nothing happened",
}


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
        raise PanelContractError(f"the panel has {periods} periods", hint=f"a forecast needs {MIN_PERIODS}")
    if horizon < 1:
        raise PanelContractError(f"a horizon of {horizon} is not in the future", hint="use --horizon 1 or more")
    static = _static(frame)
    chosen = (config or ForecastConfig()).model_copy(update={"horizon": horizon})
    calendar = partial(calendar_frame, country) if country else None
    model = DemandModel.fit(frame[list(_KEYS)], static, freq=freq, calendar=calendar, config=chosen, n_jobs=n_jobs)
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


def _typed(panel: pd.DataFrame) -> pd.DataFrame:
    missing = [column for column in _KEYS if column not in panel]
    if missing:
        raise PanelContractError(f"the panel has no column {missing[0]!r}", hint="a panel has unique_id, ds and y")
    nameless = panel["unique_id"].isna() | (panel["unique_id"].astype(str).str.strip() == "")
    read = {
        "unique_id": panel["unique_id"].astype(str).mask(nameless),
        "ds": pd.to_datetime(panel["ds"], errors="coerce"),
        "y": pd.to_numeric(panel["y"], errors="coerce"),
    }
    for column, values in read.items():
        if values.isna().any():
            place = int(values.isna().to_numpy().argmax())
            raise PanelContractError(
                f"row {place + 1} of the panel: {column} is {panel[column].iloc[place]!r}", hint=_HINTS[column]
            )
    return panel.assign(**read)


# What is issued when no trained model fits: the same-week mean, with the count distribution of its own errors.


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
    outcome = rival(NAME)(RivalInput(panel, hierarchy, calendar, ForecastConfig(horizon=horizon), horizon))
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
