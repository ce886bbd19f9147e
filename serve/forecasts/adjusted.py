"""A forecast with the planners' numbers in it: what stands in force for a series, its parts, its whole and its sums.

An override says what one series brings in one period. The cells of the model are raked until every override of that
period holds (iterative proportional fitting, Deming & Stephan 1940), each keeping the shares that the model gives its
parts, and what no override speaks of stays as it is; every level is then the sum of its cells again. Overrides that
cannot hold together are told: the newest has the last word, the others are unmet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.series import LEVELS
from serve.store.tables import ForecastOverride

Key = tuple[str, datetime]
"""A series and the start of its period."""

BANDS: Final = ("p10", "p50", "p90")
_SWEEPS: Final = 200
_MET: Final = 1e-6
_UNMET: Final = 0.005
"""An override that misses its number by more than this share, and by half a ticket, does not hold."""


@dataclass(frozen=True)
class Adjusted:
    """A forecast with the overrides in force.

    Attributes:
        rows: The rows given; `mean, p10, p50, p90` as in force, `model_mean` as the model said, and whether an override
            touches the row (`touched`).
        unmet: Ids of overrides that do not hold, each with the ids of those that they contradict.
    """

    rows: pd.DataFrame
    unmet: Mapping[str, tuple[str, ...]]


def adjust(rows: pd.DataFrame, overrides: Mapping[Key, ForecastOverride]) -> Adjusted:
    """Put the overrides in force into a forecast.

    Args:
        rows: All levels of an issue: `unique_id, level, ds, mean, p10, p50, p90` and the dimensions.
        overrides: Of the same frequency, in the same labels; those of other periods and series are left out.
    """
    rows = rows.assign(model_mean=rows["mean"], touched=False)
    unmet: dict[str, tuple[str, ...]] = {}
    for ds in sorted({key[1] for key in overrides} & set(pd.DatetimeIndex(rows["ds"]).to_pydatetime())):
        week = rows.index[rows["ds"] == ds]
        own = {key[0]: override for key, override in overrides.items() if key[1] == ds}
        adjusted, missed = _adjusted_period(rows.loc[week], own)
        rows.loc[week, ["mean", "touched", *BANDS]] = adjusted[["mean", "touched", *BANDS]]
        unmet |= missed
    return Adjusted(rows, unmet)


def adjust_sums(sums: pd.DataFrame, adjusted: Adjusted) -> pd.DataFrame:
    """Carry the overrides of single periods to what several periods bring together.

    Args:
        sums: `unique_id, periods, mean, p10, p50, p90`.
        adjusted: The forecast of the single periods.

    Returns:
        The sums with `mean, p10, p50, p90` as in force, `model_mean` and `touched`.
    """
    rows = adjusted.rows.assign(delta=adjusted.rows["mean"] - adjusted.rows["model_mean"])
    sums = sums.assign(model_mean=sums["mean"], touched=False)
    order = {ds: number for number, ds in enumerate(sorted(rows["ds"].unique()), start=1)}
    changed = rows[rows["touched"]]
    for periods in sums["periods"].unique():
        within = changed[changed["ds"].map(order) <= periods].groupby("unique_id")["delta"].sum()
        at = sums.index[(sums["periods"] == periods) & sums["unique_id"].isin(within.index)]
        if not len(at):
            continue
        mean = (sums.loc[at, "model_mean"] + sums.loc[at, "unique_id"].map(within)).clip(lower=0)
        sums.loc[at, list(BANDS)] = _moved(sums.loc[at], mean)
        sums.loc[at, "mean"], sums.loc[at, "touched"] = mean, True
    return sums


def _adjusted_period(
    week: pd.DataFrame, overrides: Mapping[str, ForecastOverride]
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Return the rows of one period in force, and the overrides of it that do not hold."""
    by_id = week.set_index("unique_id")
    known = sorted(
        (one for name, one in overrides.items() if name in by_id.index), key=lambda one: (one.created_at, one.id)
    )
    names = {one.id: name for name, one in overrides.items()}
    cells = week[week["level"] == "cell"]
    inside = {one.id: _inside(cells, by_id.loc[names[one.id]]) for one in known}
    spread = [one for one in known if inside[one.id].any()]
    means = cells["mean"].to_numpy(dtype=float)
    raked = _raked(means, [(inside[one.id], one.value) for one in spread])
    mean = week["mean"] + _sums_of(week, cells, raked - means)
    # A series has its own number exactly, also one without cells (a panel of sums).
    values = {names[one.id]: float(raked[inside[one.id]].sum()) if inside[one.id].any() else one.value for one in known}
    mean = week["unique_id"].map(values).fillna(mean).clip(lower=0)
    touched = ~np.isclose(mean, week["mean"], atol=1e-9) | week["unique_id"].isin([names[one.id] for one in known])
    moved = week.assign(mean=mean, touched=touched)
    moved[list(BANDS)] = _moved(week, mean)
    for one in known:
        at = moved.index[moved["unique_id"] == names[one.id]]
        for name, value in (("p10", one.p10), ("p90", one.p90)):
            if value is not None:
                moved.loc[at, name] = value
    return moved, _unmet(spread, inside, raked)


def _inside(cells: pd.DataFrame, series: pd.Series) -> NDArray[np.bool_]:
    """Tell which cells belong to a series."""
    if series["level"] == "cell":
        return np.asarray(cells["unique_id"] == series.name, dtype=bool)
    belongs = np.ones(len(cells), dtype=bool)
    for name in LEVELS[str(series["level"])]:
        belongs &= np.asarray(cells[name] == series[name], dtype=bool)
    return belongs


def _raked(means: NDArray[np.float64], wanted: Sequence[tuple[NDArray[np.bool_], float]]) -> NDArray[np.float64]:
    """Scale cells until each group of them sums to its number, the last one exactly."""
    cells = means.copy()
    for _ in range(_SWEEPS):
        largest = 0.0
        for inside, value in wanted:
            before = cells[inside].sum()
            largest = max(largest, abs(before - value))
            cells[inside] = cells[inside] * (value / before) if before > 0 else value / inside.sum()
        if largest < _MET:
            break
    return cells


def _sums_of(week: pd.DataFrame, cells: pd.DataFrame, delta: NDArray[np.float64]) -> pd.Series:
    """Return the change of every row of a period: the sum of its cells' changes."""
    changes = cells.assign(delta=delta)
    found = pd.Series(0.0, index=week.index)
    for level, rows in week.groupby("level", sort=False):
        names = ["unique_id"] if level == "cell" else list(LEVELS[str(level)])
        if not names:
            found.loc[rows.index] = delta.sum()
            continue
        summed = changes.groupby(names)["delta"].sum()
        keys = pd.MultiIndex.from_frame(rows[names]) if len(names) > 1 else pd.Index(rows[names[0]])
        found.loc[rows.index] = summed.reindex(keys).fillna(0.0).to_numpy()
    return found


def _moved(rows: pd.DataFrame, mean: pd.Series) -> pd.DataFrame:
    """Scale bands as their means were; a band around nothing follows the mean."""
    before = rows["mean"]
    factor = (mean / before.where(before > 0)).fillna(0.0)
    changed = ~np.isclose(mean, before, atol=1e-9)
    moved = {name: rows[name].mask(changed, (rows[name] * factor).round()) for name in BANDS}
    moved["p10"] = moved["p10"].mask(changed, np.minimum(moved["p10"], np.floor(mean)))
    moved["p90"] = moved["p90"].mask(changed, np.maximum(moved["p90"], np.ceil(mean)))
    return pd.DataFrame(moved)


def _unmet(
    overrides: Sequence[ForecastOverride], inside: Mapping[str, NDArray[np.bool_]], cells: NDArray[np.float64]
) -> dict[str, tuple[str, ...]]:
    missed = {}
    for one in overrides:
        misses = abs(float(cells[inside[one.id]].sum()) - one.value)
        if misses > max(0.5, _UNMET * one.value):
            others = [two.id for two in overrides if two.id != one.id and (inside[two.id] & inside[one.id]).any()]
            missed[one.id] = tuple(others)
    return missed
