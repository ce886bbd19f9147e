"""One global LightGBM over all cells, with Tweedie loss, that sees plain lags and walks ahead on its own forecasts.

Cf. Januschowski et al. (2022) on trees in the M5, and Montero-Manso & Hyndman (2021) on global models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.configuration import ForecastConfig
from features.configuration.forecast import TreeConfig
from models.forecast.cadence import Cadence
from models.forecast.hierarchy import Hierarchy
from models.forecast.onestep import OneStepBuilder
from models.forecast.regimes import lesson_weights
from models.forecast.windows import Floats, Indices, Steps

_ROWS_PER_THREAD: Final = 200_000
"""Below this, threads wait for each other longer than they work."""


@dataclass(frozen=True)
class Booster:
    """A fitted LightGBM; `native` is the library's own object."""

    native: Any
    names: tuple[str, ...]

    def raw(self, X: NDArray[np.float32]) -> Floats:
        """Return the raw score (log mean) of each row, in the shape of X without its last axis."""
        scores = self.native.predict(X.reshape(-1, X.shape[-1]), raw_score=True, num_threads=1)
        return np.asarray(scores, dtype=float).reshape(X.shape[:-1])

    def export(self) -> bytes:
        """Return LightGBM's own text format."""
        return str(self.native.model_to_string()).encode()

    @classmethod
    def restore(cls, content: bytes) -> Booster:
        """Read what `export` wrote."""
        import lightgbm

        native = lightgbm.Booster(model_str=content.decode())
        return cls(native, tuple(native.feature_name()))


def fit_onestep(
    y: Floats, hierarchy: Hierarchy, cadence: Cadence, drivers: Floats, config: ForecastConfig, *, threads: int
) -> Booster | None:
    """Fit the one-step model on past origins; None where there is too little to learn from."""
    origins = _origins(y.shape[1] - 2, len(y), cadence, config)
    if len(origins) * len(y) < config.onestep.min_rows or not y[:, origins + 1].any():
        return None
    X, names = OneStepBuilder(hierarchy, cadence).at(y, origins, drivers[origins + 1])
    weight = lesson_weights(y.sum(axis=0), Steps.grid(origins, [1]), cadence, config.lessons)
    return _train(X, y[:, origins + 1], weight, names, config.onestep, config.seed, threads)


def one_step_means(
    booster: Booster, y: Floats, hierarchy: Hierarchy, cadence: Cadence, drivers: Floats, origins: Indices
) -> Floats:
    """Return the one-step model's means of the period after each origin, cells x origins."""
    X, _ = OneStepBuilder(hierarchy, cadence).at(y, origins, drivers[origins + 1])
    return np.asarray(np.exp(booster.raw(X)))


def walk(booster: Booster, y: Floats, hierarchy: Hierarchy, cadence: Cadence, drivers: Floats, horizon: int) -> Floats:
    """Walk the one-step model ahead of `y` on its own means; returns log means, cells x horizon.

    Args:
        booster: The one-step model.
        y: Cells x known periods.
        hierarchy: Groups the cells.
        cadence: Lags and windows.
        drivers: Calendar of known and coming periods.
        horizon: Periods ahead.
    """
    builder = OneStepBuilder(hierarchy, cadence)
    # Phases (weekday, season) hang on absolute indices: cut whole years off the front, never more.
    cut = max(0, (y.shape[1] - builder.reach()) // cadence.year * cadence.year)
    history, known = y[:, cut:], y.shape[1]
    steps = []
    for ahead in range(horizon):
        origin: Indices = np.array([history.shape[1] - 1])
        X, _ = builder.at(history, origin, drivers[[known + ahead]])
        steps.append(booster.raw(X)[:, 0])
        history = np.column_stack([history, np.exp(steps[-1])])
    return np.column_stack(steps)


def _origins(last: int, width: int, cadence: Cadence, config: ForecastConfig) -> Indices:
    """Choose the origins to learn from, newest last, thinned to the row budget.

    A long history starts after a year and a bit, so that seasons are known; a short one starts where it can.
    """
    first = cadence.warm_up if last >= cadence.warm_up * 1.5 else max(4, last // 3)
    first = max(first, last - int(cadence.year * config.years))
    enough = -(-max(1, last - first + 1) * width // config.max_rows)
    return np.arange(last, first - 1, -max(1, enough), dtype=np.intp)[::-1]


def _train(
    X: NDArray[np.float32],
    target: Floats,
    weight: Floats,
    names: tuple[str, ...],
    size: TreeConfig,
    seed: int,
    threads: int,
) -> Booster:
    import lightgbm

    data = lightgbm.Dataset(
        X.reshape(-1, X.shape[-1]),
        target.ravel(),
        weight=np.broadcast_to(weight, target.shape).ravel(),
        feature_name=list(names),
    )
    parameters = {
        "objective": "tweedie",
        "tweedie_variance_power": size.tweedie_power,
        "learning_rate": size.learning_rate,
        "num_leaves": size.leaves,
        "min_data_in_leaf": int(np.clip(target.size // size.rows_per_leaf, 5, size.min_leaf)),
        "max_bin": size.max_bin,
        "feature_fraction": size.feature_fraction,
        "bagging_fraction": size.bagging_fraction,
        "bagging_freq": 1,
        "lambda_l2": size.lambda_l2,
        "force_col_wise": True,
        "deterministic": True,
        "seed": seed,
        "num_threads": min(threads, 1 + target.size // _ROWS_PER_THREAD),
        "verbosity": -1,
    }
    return Booster(lightgbm.train(parameters, data, size.trees), names)
