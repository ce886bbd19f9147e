"""The libraries, run on the same folds in an environment of their own (they need pandas < 3); see README.md.

    python peers.py --out FOLDER [--daily | --by-level] [--only NAME ...]

Writes one .npz per library and city, which run.py --peers reads. Only `ds`, `y`, category and district are used, and
each library's own documented defaults for weekly (daily) counts.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import panels

_LEVELS = [50, 80, 90]
_QUANTILES = {0.05: ("lo", 90), 0.1: ("lo", 80), 0.25: ("lo", 50), 0.75: ("hi", 50), 0.9: ("hi", 80), 0.95: ("hi", 90)}
Result = tuple[Any, dict[float, Any]]


def statsforecast(name: str, *, intervals: bool) -> Callable[..., Result]:
    """Return a runner for a statsforecast model."""

    def run(train: pd.DataFrame, ids: Any, freq: str, horizon: int, _country: str) -> Result:
        """Fit and forecast; means, and quantiles where the model gives intervals."""
        from statsforecast import StatsForecast
        from statsforecast.models import MSTL, AutoETS, CrostonSBA, DynamicOptimizedTheta, SeasonalNaive

        year, week = (52, 52) if freq == "W" else (365, 7)
        model = {
            "SeasonalNaive": lambda: SeasonalNaive(week),
            "CrostonSBA": CrostonSBA,
            "AutoETS": lambda: AutoETS(season_length=1 if freq == "W" else 7),
            "DynamicOptimizedTheta": lambda: DynamicOptimizedTheta(season_length=week),
            "MSTL": lambda: MSTL(season_length=[year] if freq == "W" else [7, year]),
        }[name]()
        engine = StatsForecast([model], freq="W-MON" if freq == "W" else "D", n_jobs=1)
        frame = engine.forecast(df=train, h=horizon, level=_LEVELS if intervals else None).set_index("unique_id")
        column = next(c for c in frame.columns if c != "ds" and "-lo-" not in c and "-hi-" not in c)
        return _matrices(frame, column, ids, horizon, intervals=intervals)

    return run


def mlforecast(objective: str, *, conformal: bool) -> Callable[..., Result]:
    """Return a runner for mlforecast with LightGBM."""

    def run(train: pd.DataFrame, ids: Any, freq: str, horizon: int, country: str) -> Result:
        """Fit and forecast; means, and quantiles where intervals are conformal."""
        import holidays
        import lightgbm
        from mlforecast import MLForecast
        from mlforecast.lag_transforms import RollingMean
        from mlforecast.utils import PredictionIntervals

        parameters: dict[str, Any] = {"n_estimators": 300, "verbosity": -1, "num_threads": 1, "objective": objective}
        parameters |= {"learning_rate": 0.05} | ({"tweedie_variance_power": 1.2} if objective == "tweedie" else {})
        lags = [1, 2, 3, 4, 8, 13, 26, 52] if freq == "W" else [1, 2, 3, 4, 5, 6, 7, 14, 21, 28]
        windows = [4, 13, 26, 52] if freq == "W" else [7, 28, 56]
        off = holidays.country_holidays(country, years=range(2010, 2028))

        def days_off(dates: pd.DatetimeIndex) -> np.ndarray[Any, Any]:
            span = range(5) if freq == "W" else range(1)
            return np.array([sum((day + pd.Timedelta(days=d)).date() in off for d in span) for day in dates])

        model = MLForecast(
            models={"lgb": lightgbm.LGBMRegressor(**parameters)},
            freq="W-MON" if freq == "W" else "D",
            lags=lags,
            lag_transforms={1: [RollingMean(w) for w in windows]},
            date_features=["week" if freq == "W" else "dayofweek", "month", days_off],
        )
        windows_of = PredictionIntervals(n_windows=4, h=horizon) if conformal else None
        static = [c for c in ("category", "district") if c in train]
        typed = train.assign(**{c: train[c].astype("category").cat.codes for c in static})
        model.fit(typed, static_features=static, prediction_intervals=windows_of)
        frame = model.predict(horizon, level=_LEVELS if conformal else None).set_index("unique_id")
        return _matrices(frame, "lgb", ids, horizon, intervals=conformal)

    return run


def prophet(train: pd.DataFrame, ids: Any, freq: str, horizon: int, country: str) -> Result:
    """Fit one Prophet per cell, with holidays."""
    from prophet import Prophet

    rows = []
    for one in ids:
        model = Prophet(yearly_seasonality=True, weekly_seasonality=freq == "D", daily_seasonality=False)
        model.add_country_holidays(country)
        logging.getLogger("cmdstanpy").disabled = True
        model.fit(train.loc[train["unique_id"] == one, ["ds", "y"]])
        future = model.make_future_dataframe(horizon, freq="W-MON" if freq == "W" else "D", include_history=False)
        draws = np.maximum(model.predictive_samples(future)["yhat"], 0)
        rows.append((np.maximum(model.predict(future)["yhat"].to_numpy(), 0), draws))
    quantiles = {q: np.stack([np.quantile(draws, q, axis=1) for _, draws in rows]) for q in (*_QUANTILES, 0.5)}
    return np.stack([mean for mean, _ in rows]), quantiles


def _matrices(frame: pd.DataFrame, column: str, ids: Any, horizon: int, *, intervals: bool) -> Result:
    def matrix(name: str) -> Any:
        return np.maximum(np.stack([frame.loc[one, name].to_numpy() for one in ids]).reshape(len(ids), horizon), 0)

    mean = matrix(column)
    if not intervals:
        return mean, {}
    return mean, {q: matrix(f"{column}-{side}-{level}") for q, (side, level) in _QUANTILES.items()} | {0.5: mean}


PEERS: dict[str, Callable[..., Result]] = {
    "Croston SBA": statsforecast("CrostonSBA", intervals=False),
    "AutoETS": statsforecast("AutoETS", intervals=True),
    "DynamicOptimizedTheta": statsforecast("DynamicOptimizedTheta", intervals=True),
    "MSTL": statsforecast("MSTL", intervals=True),
    "mlforecast Poisson": mlforecast("poisson", conformal=False),
    "mlforecast Tweedie": mlforecast("tweedie", conformal=False),
    "mlforecast Tweedie conformal": mlforecast("tweedie", conformal=True),
    "Prophet": prophet,
}


_AT_LEVELS = ["AutoETS", "DynamicOptimizedTheta", "MSTL"]
_TWO_YEARS = 106


def main() -> None:
    """Run the peers over all cities and folds."""
    arguments = _arguments()
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    if arguments.by_level:
        by_level(out, arguments.only or _AT_LEVELS)
        return
    freq, horizon = ("D", 14) if arguments.daily else ("W", panels.HORIZON)
    for city in ((panels.load_daily if arguments.daily else panels.load_city)(name) for name in panels.CITIES):
        frame = city.y.merge(city.static, on="unique_id")
        for name in arguments.only or PEERS:
            content: dict[str, Any] = {"cpu": 0.0}
            for fold, cutoff in enumerate(city.cutoffs):
                train = frame[frame["ds"] <= cutoff]
                used = train if name.startswith("mlforecast") else train[["unique_id", "ds", "y"]]
                started = time.process_time()
                mean, quantiles = PEERS[name](used, city.static["unique_id"].tolist(), freq, horizon, city.country)
                content["cpu"] += time.process_time() - started
                content[f"mean_{fold}"] = mean
                content |= {f"q{q}_{fold}": values for q, values in quantiles.items()}
            np.savez_compressed(out / f"{freq}__{name}__{city.name}.npz", **content)
            print(city.name, name, round(content["cpu"], 1), flush=True)


def by_level(out: Path, names: list[str]) -> None:
    """Fit libraries to each level by itself, on the panels of left_out.py; files `L__<library>__<panel>.npz`."""
    for name in (*panels.CITIES, *panels.UNTUNED):
        city = panels.load_counts(name) if name in panels.COUNTS else panels.load_city(name)
        frame = city.y.merge(city.static, on="unique_id")
        for model in names:
            content = {
                f"{level}_{fold}": _at_level(model, frame[frame["ds"] <= cutoff], level, city)
                for fold, cutoff in enumerate(city.cutoffs)
                for level in ("cell", "category", "district", "city")
            }
            np.savez_compressed(out / f"L__{model}__{name}.npz", **content)
            print(name, model, flush=True)


def _at_level(model: str, known: pd.DataFrame, level: str, city: panels.City) -> Any:
    if level == "cell":
        ids, train = city.static["unique_id"].tolist(), known[["unique_id", "ds", "y"]]
    else:
        groups = known.assign(unique_id="all" if level == "city" else known[level])
        train = groups.groupby(["unique_id", "ds"], as_index=False)["y"].sum()
        ids = sorted(train["unique_id"].unique())
    if model == "MSTL" and train["ds"].nunique() < _TWO_YEARS:
        model = "AutoETS"  # a season needs two years
    return PEERS[model](train, ids, "W", city.horizon, city.country)[0]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--daily", action="store_true")
    parser.add_argument("--by-level", action="store_true", help="each level by itself, for left_out.py")
    parser.add_argument("--only", nargs="*", help=f"of {', '.join(PEERS)}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
