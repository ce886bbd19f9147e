"""A stand-in for the first weeks: daily sums of which the surge detector knows too little, against their last days.

It has neither trend nor season. A sum is compared with its own usual day, in which a high day counts no more than a
bound, so that the first storm does not teach the second to be usual; and with the rest of the city on the same day, so
that a Monday after a holiday is no surge of everything.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import nbinom

from features.configuration.surge import StandInConfig

Floats = NDArray[np.float64]

SUMS: Final = ("total", "district", "department", "category", "category1_district")
"""Levels that a stand-in judges: a cell of a young hotline has too few tickets."""
STAND_IN: Final = "stand_in"
"""Who judged a row that the stand-in judged; '' where nobody did, `model` else."""
MODEL: Final = "model"
_WEEK: Final = 7


def stand_in(judged: pd.DataFrame, y: pd.DataFrame, static: pd.DataFrame, config: StandInConfig) -> pd.DataFrame:
    """Return the output of `detect_surges` with the sums judged that it could not judge.

    Args:
        judged: Daily output of `detect_surges`.
        y: The panel it was asked about, from the hotline's first day or the first of its memory on.
        static: Hierarchy of the series.
        config: How it judges.

    Returns:
        The same rows; `by` says who judged each: `model`, `stand_in`, or '' for nobody.
    """
    judged = judged.assign(by=np.where(judged["judged"], MODEL, ""))
    level = judged["unique_id"].map(static.set_index("unique_id")["level"])
    sums = level.isin(SUMS)
    open_rows = judged.index[~judged["judged"] & sums]
    newest = judged["ds"] == judged["ds"].max()
    if not len(open_rows) or judged.loc[newest & sums, "judged"].mean() >= config.enough:
        return judged
    counted = "callers" if "callers" in y else "y"
    known = y.merge(static[["unique_id", "level"]], on="unique_id")
    summed = known[known["level"].isin(SUMS)]
    wide = summed.pivot_table(index="unique_id", columns="ds", values=counted, aggfunc="sum", fill_value=0.0)
    wide = wide.reindex(columns=pd.date_range(y["ds"].min(), y["ds"].max()), fill_value=0.0)
    levels = static.set_index("unique_id")["level"].reindex(wide.index).to_numpy()
    first = int(wide.columns.get_indexer([judged["ds"].min()])[0])
    expected, upper, p_value = _judge(wide.to_numpy(dtype=float), levels, wide.columns, config, first=first)
    rows = wide.index.get_indexer(judged.loc[open_rows, "unique_id"])
    columns = wide.columns.get_indexer(judged.loc[open_rows, "ds"])
    p = p_value[rows, columns]
    inside = ~np.isnan(p)
    at, rows, columns, p = open_rows[inside], rows[inside], columns[inside], p[inside]
    judged.loc[at, "expected"], judged.loc[at, "upper"] = expected[rows, columns], upper[rows, columns]
    judged.loc[at, "p_value"] = judged.loc[at, "p_value_1"] = p
    judged.loc[at, "recurrence_days"], judged.loc[at, "window"] = 1 / p, 1
    judged.loc[at, "by"] = STAND_IN
    return judged


def _judge(
    y: Floats, levels: NDArray[np.object_], days: pd.DatetimeIndex, config: StandInConfig, *, first: int = 0
) -> tuple[Floats, Floats, Floats]:
    """Return expected, upper and p-value of every day from `first` on, NaN where too few days lie before it."""
    expected, upper, p_value = (np.full(y.shape, np.nan) for _ in range(3))
    weekday = days.day_of_week.to_numpy()
    whole = "total" if "total" in levels else "category"
    shape = _shapes(y[levels == whole].sum(axis=0), weekday, config)
    for day in range(max(config.fewest_days, first), y.shape[1]):
        past = slice(max(day - config.days, 0), day)
        here = np.maximum(shape[day][weekday], config.least)
        scaled = y[:, past] / here[past]
        bound = config.bound_times * np.median(scaled, axis=1) + config.bound_plus
        capped = np.minimum(scaled, bound[:, None])
        mean = np.maximum(capped.mean(axis=1), config.least) * here[day]
        deviation = np.square(capped * here[past] - mean[:, None] / here[day] * here[past]).mean(axis=1)
        dispersion = np.maximum(deviation / np.maximum(mean / here[day], config.least), config.dispersion)
        rise = np.ones(len(y))
        for level in set(levels):
            rise[levels == level] = _rise(y[levels == level, day], mean[levels == level], config)
        mean = mean * rise
        variance = dispersion * mean * (1 + 1 / (past.stop - past.start)) + (config.common * mean) ** 2
        size = mean**2 / (variance - mean)
        known = nbinom(size, size / (size + mean))
        expected[:, day] = mean
        upper[:, day] = known.ppf(1 - config.alpha)
        p_value[:, day] = np.clip(known.sf(y[:, day] - 1) - known.pmf(y[:, day]) / 2, 1e-12, 1.0)
    return expected, upper, p_value


def _shapes(total: Floats, weekday: NDArray[np.int64], config: StandInConfig) -> list[Floats]:
    """Return, for every day, what the seven weekdays were of a usual day of the whole city before it."""
    shapes = []
    for day in range(len(total)):
        past = slice(max(day - config.days, 0), day)
        usual = max(float(np.median(total[past])) if day else 0.0, config.least)
        own = [np.median(values) if len(values := total[past][weekday[past] == n]) else usual for n in range(_WEEK)]
        weeks = (past.stop - past.start) / _WEEK
        # One usual day more, so that a single Sunday does not say what Sundays are.
        shapes.append((weeks * np.array(own) / usual + 1) / (weeks + 1))
    return shapes


def _rise(today: Floats, mean: Floats, config: StandInConfig) -> float:
    """Return how far the middle one of a level's busy sums lies above its usual day: that much the whole city rose."""
    busy = mean >= config.busy
    if busy.sum() < config.fewest_busy:
        return 1.0
    return max(float(np.median(today[busy] / mean[busy])), 1.0)
