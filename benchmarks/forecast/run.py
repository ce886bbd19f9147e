"""The peers' table, re-made: ours beside every library and the noise floor, on the folds of panels.py.

    WEISU_REAL_DATA=... python benchmarks/forecast/run.py [--daily] [--peers FOLDER] [--prophet] [--json FILE]

Peers are run by peers.py in an environment of their own; see README.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import panels
from scoring import LEVELS, QUANTILES, Forecasts, Truth, score, table

from features.calendars import calendar_frame
from features.configuration import ForecastConfig
from models.forecast.baselines import PLAIN
from models.forecast.candidate_models import RivalInput, rival
from models.forecast.distribution import count_cdf, count_quantiles
from models.forecast.model import matrix_of
from models.forecast.rolling_origin import ISSUED, backtest

_LEVEL_NAMES = {"cell": "cell", "category": "category", "district": "district", "city": "total"}
_COLUMNS = (
    "wape_cell",
    "mase",
    "rmsse",
    "wql",
    "cover80",
    "wape_category",
    "wape_district",
    "wape_city",
    "bias",
    "cpu",
)
_DRAWS = 20


def main() -> None:
    """Run, print, and write JSON when asked to."""
    arguments = _arguments()
    freq, horizon = ("D", 14) if arguments.daily else ("W", panels.HORIZON)
    load = panels.load_daily if arguments.daily else panels.load_city
    cities = [load(name) for name in panels.CITIES]
    truths = [Truth.of(city, horizon) for city in cities]
    models: dict[str, Forecasts] = {}
    names = ["seasonal_naive", "same_week_mean", "window_mean", "lightgbm", "weisu"]
    for name in names:
        models[name] = run_model(name, cities, truths, freq, horizon, ForecastConfig())
    models["issued"] = run_issued(cities, truths, freq, horizon)
    names.append("issued")
    if arguments.prophet:
        pulls = {"matter": 0.15, "total": 0.15}
        models["weisu + Prophet above"] = run_model(
            "weisu", cities, truths, freq, horizon, ForecastConfig(prophet=pulls)
        )
    if arguments.peers:
        models |= read_peers(Path(arguments.peers), truths, freq)
    report(models, truths, names, arguments.json)


def run_model(
    name: str, cities: Sequence[Any], truths: Sequence[Truth], freq: str, horizon: int, config: ForecastConfig
) -> Forecasts:
    """Refit and forecast one of our models at every fold."""
    result = Forecasts()
    for city, truth in zip(cities, truths, strict=True):
        panel, hierarchy = matrix_of(city.y, city.static, freq)
        order = pd.Index(panel.ids).get_indexer(city.static["unique_id"])
        for fold, cutoff in enumerate(city.cutoffs):
            known = RivalInput(
                panel.until(cutoff),
                hierarchy,
                partial(calendar_frame, city.country),
                config.model_copy(update={"horizon": horizon}),
                horizon,
            )
            started = time.process_time()
            outcome = rival(name)(known)
            result.cpu += time.process_time() - started
            mean = outcome.mean[order]
            alpha = {
                level: _in_order(outcome.alpha[_LEVEL_NAMES[level]], order if level == "cell" else None)
                for level in LEVELS
            }
            key = (city.name, fold)
            result.mean[key] = mean
            result.quantiles[key] = count_quantiles(mean, alpha["cell"], QUANTILES)
            result.steps[key] = {level: _cdf_steps(truth, fold, level, mean, alpha[level]) for level in LEVELS}
    return result


def run_issued(cities: Sequence[Any], truths: Sequence[Truth], freq: str, horizon: int) -> Forecasts:
    """Forecast every fold as it would have been issued: from a plain forecast at levels where the model lost before."""
    result = Forecasts()
    for city, truth in zip(cities, truths, strict=True):
        calendar, started = partial(calendar_frame, city.country), time.process_time()
        models = ("weisu", *PLAIN, ISSUED)
        rows = backtest(
            city.y,
            city.static,
            freq=freq,
            origins=panels.ORIGINS,
            horizon=horizon,
            models=models,
            calendar=calendar,
            step=panels.DAYS_BETWEEN if freq == "D" else None,
        ).predictions
        result.cpu += time.process_time() - started
        rows = rows[rows["model"] == ISSUED].assign(level=rows["level"].replace("total", "city"))
        for level, base in rows.loc[rows["base_model"] != "weisu", ["level", "base_model"]].value_counts().index:
            print(f"{city.name}: {level} issued from {base} in some folds")
        for fold, cutoff in enumerate(city.cutoffs):
            _take_issued(result, truth, fold, rows[rows["cutoff"] == cutoff], city.static["unique_id"])
    return result


def _take_issued(result: Forecasts, truth: Truth, fold: int, rows: pd.DataFrame, cells: pd.Series) -> None:
    key = (truth.name, fold)
    by_level = {level: rows[rows["level"] == level].set_index("unique_id") for level in LEVELS}
    by_level["cell"] = by_level["cell"].loc[cells]

    def matrix(level: str, column: str) -> Any:
        return by_level[level][column].to_numpy().reshape(-1, truth.horizon)

    result.mean[key] = matrix("cell", "mean")
    result.quantiles[key] = {q: matrix("cell", f"p{100 * q:g}") for q in QUANTILES}
    result.steps[key] = {
        level: _cdf_steps(truth, fold, level, result.mean[key], matrix(level, "alpha")) for level in LEVELS
    }


def _in_order(alpha: Any, order: Any) -> Any:
    values = alpha if order is None else alpha[order]
    return values[:, None] if values.ndim == 1 else values


def _cdf_steps(truth: Truth, fold: int, level: str, cells: Any, alpha: Any) -> tuple[Any, Any]:
    mean, y = truth.sum(level, cells), truth.sum(level, truth.actual(fold))
    return count_cdf(y - 1, mean, alpha), count_cdf(y, mean, alpha)


def read_peers(folder: Path, truths: Sequence[Truth], freq: str) -> dict[str, Forecasts]:
    """Read what peers.py wrote: one .npz per library and city, keys `mean_<fold>`, `q<level>_<fold>`, `cpu`."""
    found: dict[str, Forecasts] = {}
    for path in sorted(folder.glob(f"{freq}__*.npz")):
        _, model, city = path.stem.split("__")
        content = np.load(path)
        peer = found.setdefault(model, Forecasts())
        peer.cpu += float(content["cpu"])
        for fold in range(panels.ORIGINS):
            peer.mean[city, fold] = content[f"mean_{fold}"]
            quantiles = {q: content[f"q{q}_{fold}"] for q in QUANTILES if f"q{q}_{fold}" in content}
            if quantiles:
                peer.quantiles[city, fold] = quantiles
    complete = {t.name for t in truths}
    return {name: peer for name, peer in found.items() if {city for city, _ in peer.mean} == complete}


def noise_floor(
    model: Forecasts, truths: Sequence[Truth], folds: Sequence[int], alpha: float = 0.0
) -> dict[str, float]:
    """Score a forecaster that knows every rate: counts are redrawn around the model's own means.

    Poisson draws are the lowest floor there is; the share of the error above it is what any model could still win.
    """
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(_DRAWS):
        drawn = [_redrawn(truth, model, rng, alpha) for truth in truths]
        rows.append(score(drawn, Forecasts(mean=model.mean), folds))
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def _redrawn(truth: Truth, model: Forecasts, rng: np.random.Generator, alpha: float) -> Truth:
    y = truth.y.copy()
    for fold, cutoff in enumerate(truth.cutoffs):
        mean = np.maximum(model.mean[truth.name, fold], 1e-9)
        rate = mean if alpha <= 0 else rng.gamma(1 / alpha, mean * alpha)
        y[:, cutoff + 1 : cutoff + 1 + truth.horizon] = rng.poisson(rate)
    return replace(truth, y=y)


def report(models: dict[str, Forecasts], truths: Sequence[Truth], ours: Sequence[str], target: str | None) -> None:
    """Print the tables, development folds and reported folds apart; write everything as JSON."""
    document: dict[str, Any] = {"schema_version": 1}
    parts = {"all six origins": range(panels.ORIGINS), "last two": range(panels.DEVELOPMENT, panels.ORIGINS)}
    for title, folds in parts.items():
        scores = {name: score(truths, model, folds) | {"cpu": model.cpu} for name, model in models.items()}
        scores["noise floor (Poisson)"] = noise_floor(models["weisu"], truths, folds)
        print(f"\n{title}\n{table(scores, _COLUMNS)}")
        print("\nbias by city\n" + table({n: scores[n] for n in ours}, [f"bias_{t.name}" for t in truths]))
        for level in LEVELS:
            columns = [f"pit{n}_{level}" for n in (50, 80, 90)]
            print("\nrandomised PIT\n" + table({n: scores[n] for n in ours}, columns))
        document[title] = scores
    if target:
        Path(target).write_text(json.dumps(document, indent=2), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--daily", action="store_true", help="city x category, 14 days")
    parser.add_argument("--peers", help="folder that peers.py wrote to")
    parser.add_argument("--prophet", action="store_true", help="also ours with Prophet above the cells")
    parser.add_argument("--json", help="file for all scores")
    return parser.parse_args()


if __name__ == "__main__":
    main()
