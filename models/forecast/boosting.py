"""One global LightGBM over all cells, with Tweedie loss, that sees plain lags and walks ahead on its own forecasts.

Cf. Januschowski et al. (2022) on trees in the M5, and Montero-Manso & Hyndman (2021) on global models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.configuration import ForecastConfig
from features.configuration.forecaster import LessonConfig, TreeConfig
from models.forecast.hierarchy import Hierarchy
from models.forecast.members import Floats, Indices, Steps, Sums
from models.forecast.periods import Cadence

_BETWEEN: Final = "\n# next model\n"
"""Between the texts of models that are averaged."""
_ROWS_PER_THREAD: Final = 200_000
"""Below this, threads wait for each other longer than they work."""


@dataclass(frozen=True)
class Booster:
    """Fitted LightGBMs that differ by chance alone, averaged; `natives` are the library's own objects."""

    natives: tuple[Any, ...]
    names: tuple[str, ...]

    def raw(self, X: NDArray[np.float32]) -> Floats:
        """Return the raw score (log mean) of each row, in the shape of X without its last axis."""
        rows = X.reshape(-1, X.shape[-1])
        scores = [native.predict(rows, raw_score=True, num_threads=1) for native in self.natives]
        return np.asarray(np.mean(scores, axis=0), dtype=float).reshape(X.shape[:-1])

    def export(self) -> bytes:
        """Return LightGBM's own text format, one model after the other."""
        return _BETWEEN.join(str(native.model_to_string()) for native in self.natives).encode()

    @classmethod
    def restore(cls, content: bytes) -> Booster:
        """Read what `export` wrote."""
        import lightgbm

        natives = tuple(lightgbm.Booster(model_str=text) for text in content.decode().split(_BETWEEN))
        return cls(natives, tuple(natives[0].feature_name()))


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


def belief(y: Floats, cadence: Cadence, config: ForecastConfig) -> float:
    """Return how far a one-step model of this history is believed, between 0 and 1: few rows teach little."""
    rows = len(_origins(y.shape[1] - 2, len(y), cadence, config)) * len(y)
    return rows / (rows + config.onestep.half_believed)


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
    small = float(np.clip(size.large / max(target.size, 1), 1.0, size.steadied * size.patience))
    boosters = int(min(np.ceil(small), size.steadied))
    slower = min(small / boosters, size.patience) if boosters == size.steadied else 1.0
    parameters = {
        "objective": "tweedie",
        "tweedie_variance_power": size.tweedie_power,
        "learning_rate": size.learning_rate / slower,
        "num_leaves": size.leaves,
        "min_data_in_leaf": int(np.clip(target.size // size.rows_per_leaf, 5, size.min_leaf)),
        "max_bin": size.max_bin,
        "feature_fraction": size.feature_fraction,
        "bagging_fraction": size.bagging_fraction,
        "bagging_freq": 1,
        "lambda_l2": size.lambda_l2 + (size.steady_l2 - size.lambda_l2) * (slower - 1) / max(size.patience - 1, 1),
        "force_col_wise": True,
        "deterministic": True,
        "num_threads": min(threads, 1 + target.size // _ROWS_PER_THREAD),
        "verbosity": -1,
    }
    trees = round(size.trees * slower)
    fitted = [lightgbm.train(parameters | {"seed": seed + 1_000 * one}, data, trees) for one in range(boosters)]
    return Booster(tuple(fitted), names)


# Breaks in history: how far a past moment may teach the models.
#
# A pandemic, an office that leaves or a strike moves the whole city at once. Trees that learn from such weeks learn
# to chase every wobble of the total. So each past pair of origin and target is weighted by how ordinary the target
# was against the periods around it, and how settled the level was at the origin (Cauchy weights on log ratios).
# Only the past is looked at: the weights of a fit at a cutoff never see beyond it.


_HALF_YEAR: Final = 2
_QUARTER: Final = 4


def lesson_weights(total: Floats, steps: Steps, cadence: Cadence, config: LessonConfig) -> Floats:
    """Weigh past pairs of origin and target.

    Args:
        total: Sum over all cells, shape (periods,).
        steps: Origins and horizons of a training design.
        cadence: Gives the lengths of year and week.
        config: How unusual a target, and how unsettled an origin, counts half.

    Returns:
        Weights in (0, 1], shape (pairs,).
    """
    calm = total if not cadence.week else _weekly_mean(total, cadence.week)
    unusual = np.log((calm + config.pad) / (_typical(calm, cadence.year // _HALF_YEAR) + config.pad))
    moving = level_shift(calm, cadence, config.pad)
    return np.asarray(
        1.0
        / (1.0 + (unusual[steps.target] / config.shock) ** 2)
        / (1.0 + (moving[steps.origin] / config.level_spread) ** 2)
    )


def level_shift(total: Floats, cadence: Cadence, pad: float) -> Floats:
    """Return, per period, the log ratio of the last quarter's mean to the mean of the year before it."""
    quarter = cadence.year // _QUARTER
    cumulative = np.concatenate([[0.0], np.cumsum(total)])
    now = np.arange(1, len(total) + 1)
    recent_from, year_from = np.maximum(now - quarter, 0), np.maximum(now - quarter - cadence.year, 0)
    recent = (cumulative[now] - cumulative[recent_from]) / (now - recent_from)
    before = (cumulative[recent_from] - cumulative[year_from]) / np.maximum(recent_from - year_from, 1)
    shift = np.log((recent + pad) / (before + pad))
    return np.where(recent_from > year_from, shift, 0.0)


def _typical(series: Floats, half: int) -> Floats:
    """Return the running median over `half` periods to each side, as far as they are known."""
    padded = np.pad(series, half, constant_values=np.nan)
    return np.asarray(np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1))


def _weekly_mean(series: Floats, week: int) -> Floats:
    cumulative = np.concatenate([[0.0], np.cumsum(series)])
    end = np.arange(1, len(series) + 1)
    start = np.maximum(end - week, 0)
    return np.asarray((cumulative[end] - cumulative[start]) / (end - start))


# The design of the one-step model: plain lags and trailing means, recomputed as the forecast walks ahead.
#
# It is the classic recipe of the M5 winners (lags, rolling means, calendar, identities; Tweedie loss). Its errors
# differ from those of the layered member, which is why the two are averaged.


_PAD = 0.2


class OneStepBuilder:
    """Cuts one-step designs from a history that may grow by its own forecasts."""

    def __init__(self, hierarchy: Hierarchy, cadence: Cadence) -> None:
        self._category, self._district, self.cadence = hierarchy.category(), hierarchy.district(), cadence

    def reach(self) -> int:
        """Return how many trailing periods a design looks at."""
        return 2 * self.cadence.year + self.cadence.smooth + 2

    def at(self, y: Floats, origin: Indices, drivers: Floats) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """Return features of the period after each origin.

        Args:
            y: Cells x periods.
            origin: Indices of last known periods.
            drivers: Calendar rows of the targets, shape (origins, drivers).

        Returns:
            Shape (cells, origins, features) and the names.
        """
        columns = self._cell_columns(y, origin) | self._category_columns(y, origin)
        columns["category"] = self._category.groups[:, None].astype(float)
        columns["district"] = self._district.groups[:, None].astype(float)
        columns["days_off"], columns["festival"] = drivers[None, :, 0], drivers[None, :, 1]
        columns["season"] = drivers[None, :, 2] // 7
        X = np.empty((len(y), len(origin), len(columns)), dtype=np.float32)
        for position, values in enumerate(columns.values()):
            X[..., position] = values
        return X, tuple(columns)

    def _cell_columns(self, y: Floats, origin: Indices) -> dict[str, Floats]:
        cadence, sums = self.cadence, Sums(y)
        columns = {f"lag_{lag}": y[:, np.maximum(origin - lag, 0)] for lag in cadence.lags}
        for length in cadence.windows:
            columns[f"mean_{length}"] = _mean(sums, origin, length)
        if cadence.week:
            back = [y[:, np.maximum(origin + 1 - cadence.week * week, 0)] for week in range(1, 9)]
            columns["weekday_mean"] = np.mean(back, axis=0)
            columns["weekday"] = ((origin + 1) % cadence.week).astype(float)[None]
        width = 2 * cadence.smooth + 1
        for year in (1, 2):
            end = origin + 1 - year * cadence.year + cadence.smooth
            total, count = sums.window(end, width)
            columns[f"year_ago_{year}"] = np.where(count == width, total / width, np.nan)
        return columns

    def _category_columns(self, y: Floats, origin: Indices) -> dict[str, Floats]:
        cadence, groups = self.cadence, self._category.groups
        sums = Sums(self._category.sum(y))
        short, middle, long = cadence.windows[-1], cadence.year // 4, cadence.year
        columns = {f"category_{length}": _mean(sums, origin, length)[groups] for length in (short, middle, long)}
        then = _mean(sums, origin + 1 - cadence.year + cadence.smooth, 2 * cadence.smooth + 1)
        before = _mean(sums, origin - cadence.year, middle)
        columns["category_season"] = ((then + _PAD) / (before + _PAD))[groups]
        return columns


def _mean(sums: Sums, end: Indices, length: int) -> Floats:
    total, count = sums.window(end, length)
    return np.asarray(total / np.maximum(count, 1))
