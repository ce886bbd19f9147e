"""One global LightGBM over all cells and horizons: Poisson loss, the horizon a feature, the level an offset.

The offset frees the trees from learning the level (Montero-Manso & Hyndman 2021 on global models; M5 winners on
LightGBM with count losses), so few shallow trees are enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from models.forecast.cadence import Cadence, ForecastConfig
from models.forecast.design import Design, DesignBuilder
from models.forecast.windows import Floats, Indices, Steps

_MIN_ROWS: Final = 400
_WARM_UP: Final = {"W": 60, "D": 400}
_SHORT_WARM_UP: Final = 0.4


@dataclass(frozen=True)
class Booster:
    """A fitted global model; `native` is LightGBM's own object."""

    native: Any
    names: tuple[str, ...]

    def log_mean(self, design: Design) -> Floats:
        """Return the log of the mean, shape (cells, pairs)."""
        raw = self.native.predict(design.flat(), raw_score=True, num_threads=1)
        return np.asarray(design.offset + np.asarray(raw, dtype=float).reshape(design.offset.shape))

    def export(self) -> bytes:
        """Return LightGBM's own text format."""
        return str(self.native.model_to_string()).encode()

    @classmethod
    def restore(cls, content: bytes) -> Booster:
        """Read what `export` wrote."""
        import lightgbm

        native = lightgbm.Booster(model_str=content.decode())
        return cls(native, tuple(native.feature_name()))


def training_steps(periods: int, cells: int, cadence: Cadence, config: ForecastConfig) -> Steps:
    """Choose the origins and horizons to learn from, newest last; thinned to the row budget.

    A long history starts after a year and a bit, so that seasons are known; a short one starts where it can.
    """
    horizons = [step for step in cadence.horizons if step <= config.horizon] or [1]
    last = periods - 1 - horizons[-1]
    warm = _WARM_UP[cadence.freq]
    first = warm if last - warm >= warm // 2 else max(4, int(last * _SHORT_WARM_UP))
    first = max(first, last - int(cadence.year * config.years))
    rows = max(1, last - first + 1) * cells * len(horizons)
    stride = max(2 if cadence.freq == "W" else 3, -(-rows // config.max_rows))
    origins: Indices = np.arange(last, first - 1, -stride)[::-1]
    return Steps.grid(origins, horizons)


def fit_booster(
    builder: DesignBuilder, config: ForecastConfig, *, objective: dict[str, Any], threads: int
) -> Booster | None:
    """Fit the global model on past origins of the builder's history; None where there is too little to learn from."""
    import lightgbm

    steps = training_steps(builder.y.shape[1], len(builder.y), builder.cadence, config)
    if len(steps.origin) * len(builder.y) < _MIN_ROWS:
        return None
    design = builder.at(steps)
    target = builder.y[:, steps.target]
    data = lightgbm.Dataset(
        design.flat(), target.ravel(), init_score=design.offset.ravel(), feature_name=list(design.names)
    )
    leaf = int(np.clip(target.size // 500, 20, 200))
    parameters = {
        **objective,
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": leaf,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "max_bin": 63,
        "force_col_wise": True,
        "deterministic": True,
        "seed": config.seed,
        "num_threads": threads,
        "verbosity": -1,
    }
    return Booster(lightgbm.train(parameters, data, config.trees), design.names)
