"""The strongest public libraries as rivals in a backtest, where they are installed: statsforecast and mlforecast.

They are no dependencies of ours (see benchmarks/forecast/README.md for their versions); each is run with the settings
that its documentation gives for weekly or daily counts, on the cells; sums are sums of cells.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import pandas as pd

from models.forecast.cadence import cadence_of
from models.forecast.drivers import period_drivers
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.windows import Floats

NEEDS: Final = {"autoets": "statsforecast", "mlforecast": "mlforecast"}
"""Rival -> the distribution that it needs."""

_LAGS: Final = {"W": (1, 2, 3, 4, 8, 13, 26, 52), "D": (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)}
_WINDOWS: Final = {"W": (4, 13, 26, 52), "D": (7, 28, 56)}


def installed_peers() -> tuple[str, ...]:
    """Return the rivals whose library is here."""
    return tuple(name for name, library in NEEDS.items() if find_spec(library) is not None)


def autoets(panel: PanelMatrix, horizon: int) -> Floats:
    """Fit statsforecast's AutoETS to each cell; means, cells x horizon."""
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    season = cadence_of(panel.freq).week or 1
    engine = StatsForecast([AutoETS(season_length=season, alias="mean")], freq=_offset(panel), n_jobs=1)
    return _matrix(engine.forecast(df=_long(panel), h=horizon), panel, horizon)


def boosted(panel: PanelMatrix, hierarchy: Hierarchy, calendar: Any, horizon: int) -> Floats:
    """Fit mlforecast's recursive LightGBM with Tweedie loss and a days-off feature; means, cells x horizon."""
    import lightgbm
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean

    parameters: dict[str, Any] = {"n_estimators": 300, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}
    parameters |= {"objective": "tweedie", "tweedie_variance_power": 1.2}
    model = MLForecast(
        models={"mean": lightgbm.LGBMRegressor(**parameters)},
        freq=_offset(panel),
        lags=list(_LAGS[panel.freq]),
        lag_transforms={1: [RollingMean(window) for window in _WINDOWS[panel.freq]]},
        date_features=["week" if panel.freq == "W" else "dayofweek", "month"],
    )
    ds = panel.ds.append(panel.future(horizon))
    off = period_drivers(ds, days=cadence_of(panel.freq).days, calendar=calendar)[:, 0]
    days_off = pd.DataFrame({"ds": ds, "days_off": off})
    history = _long(panel).merge(days_off, on="ds")
    for name, level in (("category", hierarchy.matter()), ("district", hierarchy.place())):
        history[name] = np.repeat(level.groups, len(panel.ds))
    model.fit(history, static_features=["category", "district"])
    ahead = _long(panel, ds=panel.future(horizon)).drop(columns="y").merge(days_off, on="ds")
    return _matrix(model.predict(horizon, X_df=ahead), panel, horizon)


def _long(panel: PanelMatrix, *, ds: pd.DatetimeIndex | None = None) -> pd.DataFrame:
    """Return cells as `unique_id, ds, y`; ids are row numbers, so that their order is the matrix's."""
    span = panel.ds if ds is None else ds
    ids = np.repeat(np.arange(len(panel.ids)), len(span))
    y = panel.y.ravel() if ds is None else 0.0
    return pd.DataFrame({"unique_id": ids, "ds": np.tile(span.to_numpy(), len(panel.ids)), "y": y})


def _matrix(frame: pd.DataFrame, panel: PanelMatrix, horizon: int) -> Floats:
    rows = frame.reset_index() if "unique_id" not in frame else frame
    mean = rows.sort_values(["unique_id", "ds"])["mean"].to_numpy(dtype=float)
    return np.asarray(np.maximum(np.nan_to_num(mean.reshape(len(panel.ids), horizon)), 0.0))


def _offset(panel: PanelMatrix) -> str:
    return f"W-{panel.ds[0]:%a}".upper() if panel.freq == "W" else "D"
