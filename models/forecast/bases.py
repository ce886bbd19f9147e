"""Which base forecast a level is issued from: the model, unless what a planner knows already was better there.

A planner accepts a model that beats last year's same week and the same-week mean of earlier years. Where it did not, on
folds before this one, the better of the two is issued as that level's base forecast; the cells are raked to it, so that
all levels still add up, and every row of the level says so (`base_model`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from features.accuracy import errors_by
from features.configuration.forecast import BaseConfig
from models.forecast.baselines import PLAIN
from models.forecast.hierarchy import CELL, Hierarchy
from models.forecast.reconcile import Pull, rake
from models.forecast.windows import Floats

MODEL: Final = "weisu"


@dataclass(frozen=True)
class Base:
    """Why a level is issued from something else than the model.

    Attributes:
        model: `seasonal_naive` or `same_week_mean`.
        wape: Its error at that level, on the folds looked at.
        model_wape: The model's on the same folds.
        folds: How many those were.
    """

    model: str
    wape: float
    model_wape: float
    folds: int


def choose_bases(
    predictions: pd.DataFrame, config: BaseConfig, *, cutoff: pd.Timestamp | None = None
) -> dict[str, Base]:
    """Choose the base forecast of every level from folds that are over.

    A plain forecast replaces the model at a level when its WAPE there was lower by more than `margin` of the model's,
    and by more than `significance` standard errors of the difference per fold. Fewer than `fewest_folds` folds decide
    nothing.

    Args:
        predictions: `model, level, cutoff, ds, y, mean` of the model and of the plain forecasts, on common folds.
        config: By how much it must have been better.
        cutoff: Only folds whose last target is known by then count, the newest `fewest_folds` of them; all when None.

    Returns:
        Levels that are not issued from the model.
    """
    rows = predictions[predictions["model"].isin([MODEL, *PLAIN])]
    if cutoff is not None:
        over = rows.groupby("cutoff")["ds"].max()
        rows = rows[rows["cutoff"].isin(over[over <= cutoff].index.sort_values()[-config.fewest_folds :])]
    if rows["cutoff"].nunique() < config.fewest_folds:
        return {}
    errors = errors_by(rows, ["level", "model", "cutoff"]).reset_index().dropna(subset="wape")
    found = {}
    for level, table in errors.groupby("level"):
        base = _better(table.pivot_table(index="model", columns="cutoff", values="wape"), config)
        if base is not None:
            found[str(level)] = base
    return found


def _better(wape: pd.DataFrame, config: BaseConfig) -> Base | None:
    """Return the plain forecast that beat the model by enough; None where none did (rows: models, columns: folds)."""
    if MODEL not in wape.index:
        return None
    ours, best = wape.loc[MODEL], None
    for name in wape.index.intersection(list(PLAIN)):
        lead = ours - wape.loc[name]
        error = float(lead.std(ddof=1)) / np.sqrt(len(lead))
        better = lead.mean() > config.margin * ours.mean() and lead.mean() > config.significance * error
        if better and (best is None or wape.loc[name].mean() < best.wape):
            best = Base(str(name), float(wape.loc[name].mean()), float(ours.mean()), len(lead))
    return best


def issue_cells(cells: Floats, plain: Mapping[str, Floats], hierarchy: Hierarchy, bases: Mapping[str, str]) -> Floats:
    """Bring the cells together with the levels that are issued from a plain forecast.

    Args:
        cells: The model's means, cells x horizon.
        plain: Means of the cells by every plain forecast named in `bases`.
        hierarchy: The levels.
        bases: Level -> its base forecast; levels that are not named follow the model.

    Returns:
        Means of the cells; sums of them are the forecast of every level. The total, heard last, is met exactly.
    """
    start = plain[bases[CELL]] if CELL in bases else cells
    pulls = [
        Pull(level, level.sum(plain[bases[level.name]]), 1.0)
        for level in reversed(hierarchy.levels)
        if level.name in bases and level.name != CELL
    ]
    return rake(start, pulls) if pulls else start
