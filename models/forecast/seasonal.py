"""Prophet at the levels above the cells: trend, yearly season and holidays, where counts are large enough for it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.vocabulary import Frequency
from models.forecast.drivers import Calendar
from models.forecast.members import Floats

_MIN_PERIODS = {Frequency.WEEKLY: 78, Frequency.DAILY: 400}


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


def can_fit(periods: int, freq: Frequency) -> bool:
    """Tell whether the history is long enough for a yearly season to be learned."""
    return periods >= _MIN_PERIODS[freq]


def fit_seasonal(
    y: Floats, ds: pd.DatetimeIndex, *, freq: Frequency, holidays: pd.DataFrame | None, n_jobs: int = 1
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

    fitted = Parallel(n_jobs=n_jobs)(delayed(_fit_one)(row, ds, freq, holidays) for row in y)
    return SeasonalModels(tuple(fitted))


def _fit_one(y: Floats, ds: pd.DatetimeIndex, freq: Frequency, holidays: pd.DataFrame | None) -> Any:
    logging.getLogger(
        "prophet.plot"
    ).disabled = True  # it says at import that plotly, which nothing here needs, is absent
    from prophet import Prophet

    logging.getLogger("cmdstanpy").disabled = True  # it resets its own level at every fit
    model = Prophet(
        yearly_seasonality=True,
        weekly_seasonality=freq == Frequency.DAILY,
        daily_seasonality=False,
        uncertainty_samples=0,
        holidays=holidays,
    )
    model.fit(pd.DataFrame({"ds": ds, "y": y}))
    return model


def _trend_and_season(model: Any, future: pd.DataFrame) -> Floats:
    return np.asarray(model.predict(future)["yhat"], dtype=float)


def prophet_holidays(calendar: Calendar, ds: pd.DatetimeIndex, days: int) -> pd.DataFrame | None:
    """Give Prophet the named holidays, each on the period that holds it; None where there are none.

    Args:
        calendar: First and last day to calendar rows.
        ds: Known and coming period starts.
        days: Days in a period.
    """
    rows = calendar(ds[0].date(), (ds[-1] + pd.Timedelta(days=days - 1)).date())
    named = rows[rows["holiday"].astype(str) != ""]
    if named.empty:
        return None
    place = ds.searchsorted(pd.DatetimeIndex(named["date"]), side="right") - 1
    return pd.DataFrame({"ds": ds[place], "holiday": named["holiday"].to_numpy()}).drop_duplicates()
