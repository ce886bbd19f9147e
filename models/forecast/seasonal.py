"""Prophet at the levels above the cells: trend, yearly season and holidays, where counts are large enough for it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.forecast.windows import Floats

_MIN_PERIODS = {"W": 78, "D": 400}


@dataclass(frozen=True)
class SeasonalModels:
    """Fitted Prophet models of one level, in the level's order."""

    models: tuple[Any, ...]

    def mean(self, ds: pd.DatetimeIndex) -> Floats:
        """Return non-negative means, series x periods."""
        future = pd.DataFrame({"ds": ds})
        return np.stack([np.maximum(_trend_and_season(model, future), 0.0) for model in self.models])

    def export(self) -> bytes:
        """Return Prophet's own JSON of each model, in one JSON list."""
        from prophet.serialize import model_to_dict

        return json.dumps([model_to_dict(model) for model in self.models]).encode()

    @classmethod
    def restore(cls, content: bytes) -> SeasonalModels:
        """Read what `export` wrote."""
        from prophet.serialize import model_from_dict

        return cls(tuple(model_from_dict(one) for one in json.loads(content)))


def can_fit(periods: int, freq: str) -> bool:
    """Tell whether the history is long enough for a yearly season to be learned."""
    return periods >= _MIN_PERIODS[freq]


def fit_seasonal(
    y: Floats, ds: pd.DatetimeIndex, *, freq: str, holidays: pd.DataFrame | None, n_jobs: int = 1
) -> SeasonalModels:
    """Fit one Prophet per series.

    Args:
        y: Sums of the level, series x periods.
        ds: Period starts.
        freq: W or D.
        holidays: Prophet's frame `ds, holiday`, or None.
        n_jobs: Processes or, inside a `joblib.parallel_config`, workers.
    """
    from joblib import Parallel, delayed

    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    fitted = Parallel(n_jobs=n_jobs)(delayed(_fit_one)(row, ds, freq, holidays) for row in y)
    return SeasonalModels(tuple(fitted))


def _fit_one(y: Floats, ds: pd.DatetimeIndex, freq: str, holidays: pd.DataFrame | None) -> Any:
    from prophet import Prophet

    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    model = Prophet(
        yearly_seasonality=True,
        weekly_seasonality=freq == "D",
        daily_seasonality=False,
        uncertainty_samples=0,
        holidays=holidays,
    )
    model.fit(pd.DataFrame({"ds": ds, "y": y}))
    return model


def _trend_and_season(model: Any, future: pd.DataFrame) -> Floats:
    return np.asarray(model.predict(future)["yhat"], dtype=float)


def prophet_holidays(calendar_rows: pd.DataFrame, ds: Sequence[pd.Timestamp] | pd.DatetimeIndex, days: int) -> Any:
    """Give Prophet the named holidays, each on the period that holds it; None where there are none."""
    named = calendar_rows[calendar_rows["holiday"].astype(str) != ""]
    if named.empty:
        return None
    starts = pd.DatetimeIndex(ds)
    place = starts.searchsorted(pd.DatetimeIndex(named["date"]), side="right") - 1
    inside = (place >= 0) & (pd.DatetimeIndex(named["date"]) < starts[-1] + pd.Timedelta(days=days))
    return pd.DataFrame({"ds": starts[place[inside]], "holiday": named["holiday"].to_numpy()[inside]}).drop_duplicates()


def restore_all(files: Mapping[str, bytes], names: Sequence[str]) -> dict[str, SeasonalModels]:
    """Restore the models of each level that was exported."""
    return {name: SeasonalModels.restore(files[f"prophet_{name}.json"]) for name in names}
