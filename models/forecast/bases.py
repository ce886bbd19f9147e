"""Which base forecast a level is issued from: the model, unless what a planner knows already was better there.

A planner accepts a model that beats last year's same week and the same-week mean of earlier years. Where it did not, on
folds before this one, the better of the two is issued as that level's base forecast; the cells are raked to it, so that
all levels still add up, and every row of the level says so (`base_model`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from features.accuracy import errors_by
from features.configuration.forecaster import BaseConfig
from models.forecast.baselines import PLAIN
from models.forecast.hierarchy import CELL, Hierarchy, HierarchyLevel
from models.forecast.members import Floats

MODEL: Final = "weisu"


@dataclass(frozen=True)
class PlainBase:
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
) -> dict[str, PlainBase]:
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


def _better(wape: pd.DataFrame, config: BaseConfig) -> PlainBase | None:
    """Return the plain forecast that beat the model by enough; None where none did (rows: models, columns: folds)."""
    if MODEL not in wape.index:
        return None
    ours, best = wape.loc[MODEL], None
    for name in wape.index.intersection(list(PLAIN)):
        lead = ours - wape.loc[name]
        error = float(lead.std(ddof=1)) / np.sqrt(len(lead))
        better = lead.mean() > config.margin * ours.mean() and lead.mean() > config.significance * error
        if better and (best is None or wape.loc[name].mean() < best.wape):
            best = PlainBase(str(name), float(wape.loc[name].mean()), float(ours.mean()), len(lead))
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


# Bring the levels together: cells are scaled, partly, towards what better-informed levels above expect.
#
# Raking (iterative proportional fitting, Deming & Stephan 1940), softened: a cell is multiplied by
# (upper forecast / sum of cells) ** weight. Sums of cells are then the forecast of every level, so all levels add up
# exactly, and the season and level that only show in sums still reach the cells.


_SWEEPS: Final = 2
"""Two levels that disagree meet after two rounds."""

_TINY: Final = 1e-9
_LARGEST_FACTOR: Final = 4.0
"""No pull moves a cell farther in one round: guards against sums of next to nothing."""


@dataclass(frozen=True)
class Pull:
    """One level's wish.

    Attributes:
        level: Grouping of the cells.
        mean: What the level's own model expects, series x horizon; NaN where it has no opinion.
        weight: 0 ignores it, 1 makes the cells add up to it.
        doubt: Tickets added to both sides, so that an empty period of a small level says little.
    """

    level: HierarchyLevel
    mean: Floats
    weight: float
    doubt: float = 0.0


def rake(cells: Floats, pulls: Sequence[Pull]) -> Floats:
    """Scale cells towards the levels above.

    Args:
        cells: Means, cells x horizon, non-negative.
        pulls: Levels in the order they are heard; the last has the last word.

    Returns:
        Means of the same shape, non-negative.
    """
    wishes = [(pull, np.maximum(_compromise(cells, pull), _TINY)) for pull in pulls]
    scaled = np.maximum(cells, _TINY)
    for _ in range(_SWEEPS):
        for pull, wish in wishes:
            factor = wish / np.maximum(pull.level.sum(scaled), _TINY)
            scaled = scaled * np.clip(factor, 1 / _LARGEST_FACTOR, _LARGEST_FACTOR)[pull.level.groups]
    return scaled


def _compromise(cells: Floats, pull: Pull) -> Floats:
    bottom_up = np.maximum(pull.level.sum(cells), _TINY)
    wanted = np.where(np.isfinite(pull.mean), np.maximum(pull.mean, _TINY), bottom_up)
    return np.asarray(bottom_up * ((wanted + pull.doubt) / (bottom_up + pull.doubt)) ** pull.weight)
