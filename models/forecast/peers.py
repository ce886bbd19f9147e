"""The strongest public libraries as rivals in a backtest: statsforecast and mlforecast, on the cells.

Sums are sums of cells. They are no dependencies of ours. Each is run with the settings that its documentation gives for
weekly or daily counts. This file needs NumPy, pandas and the libraries alone and imports nothing of ours, because it
also runs inside another environment: their present versions do not live beside pandas 3
(pipelines/peer_environment.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.vocabulary import Frequency

Floats = NDArray[np.float64]

NEEDS: Final = {
    "autoets": "statsforecast",
    "theta": "statsforecast",
    "mstl": "statsforecast",
    "mlforecast": "mlforecast",
}
"""Rival -> the distribution that it needs."""

_LAGS: Final = {Frequency.WEEKLY: (1, 2, 3, 4, 8, 13, 26, 52), Frequency.DAILY: (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)}
_WINDOWS: Final = {Frequency.WEEKLY: (4, 13, 26, 52), Frequency.DAILY: (7, 28, 56)}

PeerFit = Callable[..., Floats]
"""`fit_peer`, or something that has it run elsewhere."""


def installed_peers() -> dict[str, str]:
    """Return the rivals whose library is here, with its name and version."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name, library in NEEDS.items():
        try:
            found[name] = f"{library} {version(library)}"
        except PackageNotFoundError:
            continue
    return found


def fit_peer(
    name: str, *, y: Floats, ds: NDArray[np.datetime64], days_off: Floats, groups: NDArray[np.intp], freq: Frequency
) -> Floats:
    """Fit a library to the cells and forecast.

    Args:
        name: A key of `NEEDS`.
        y: Counts, cells x known periods.
        ds: Starts of all known and coming periods.
        days_off: Weekdays off in each of them.
        groups: Category and district of each cell as numbers, 2 x cells.
        freq: W or D.

    Returns:
        Non-negative means, cells x coming periods.
    """
    known = len(y[0])
    horizon = len(ds) - known
    ids = np.arange(len(y))  # numbers, so that their order is the matrix's
    history = pd.DataFrame({"unique_id": np.repeat(ids, known), "ds": np.tile(ds[:known], len(y)), "y": y.ravel()})
    if name == "mlforecast":
        extra = {"days_off": np.tile(days_off[:known], len(y))}
        extra |= {
            column: np.repeat(group, known) for column, group in zip(("category", "district"), groups, strict=True)
        }
        ahead = pd.DataFrame({"unique_id": np.repeat(ids, horizon), "ds": np.tile(ds[known:], len(y))})
        ahead["days_off"] = np.tile(days_off[known:], len(y))
        rows = _boosted(history.assign(**extra), ahead, freq, horizon)
    else:
        rows = _statistical(name, history, freq, horizon)
    rows = rows.reset_index() if "unique_id" not in rows else rows
    mean = rows.sort_values(["unique_id", "ds"])["mean"].to_numpy(dtype=float)
    return np.asarray(np.maximum(np.nan_to_num(mean.reshape(len(y), horizon)), 0.0))


def _statistical(name: str, history: pd.DataFrame, freq: Frequency, horizon: int) -> pd.DataFrame:
    from statsforecast import StatsForecast
    from statsforecast.models import MSTL, AutoETS, DynamicOptimizedTheta

    week, seasons = (1, [52]) if freq == Frequency.WEEKLY else (7, [7, 364])
    if len(history["ds"].unique()) < 2 * seasons[-1]:
        seasons = [max(week, 2)]
    model = {
        "autoets": lambda: AutoETS(season_length=week, alias="mean"),
        "theta": lambda: DynamicOptimizedTheta(season_length=seasons[0], alias="mean"),
        "mstl": lambda: MSTL(season_length=seasons, alias="mean"),
    }[name]()
    return StatsForecast([model], freq=_offset(history, freq), n_jobs=1).forecast(df=history, h=horizon)


def _boosted(history: pd.DataFrame, ahead: pd.DataFrame, freq: Frequency, horizon: int) -> pd.DataFrame:
    """Fit mlforecast's recursive LightGBM with Tweedie loss and a days-off feature."""
    import lightgbm
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean

    parameters: dict[str, Any] = {"n_estimators": 300, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}
    parameters |= {"objective": "tweedie", "tweedie_variance_power": 1.2}
    model = MLForecast(
        models={"mean": lightgbm.LGBMRegressor(**parameters)},
        freq=_offset(history, freq),
        lags=list(_LAGS[freq]),
        lag_transforms={1: [RollingMean(window) for window in _WINDOWS[freq]]},
        date_features=["week" if freq == Frequency.WEEKLY else "dayofweek", "month"],
    )
    model.fit(history, static_features=["category", "district"])
    return model.predict(horizon, X_df=ahead)


def _offset(history: pd.DataFrame, freq: Frequency) -> str:
    return f"W-{history['ds'].iloc[0]:%a}".upper() if freq == Frequency.WEEKLY else freq.value
