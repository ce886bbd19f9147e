"""Bring the levels together: each is issued from the model, or from a plain forecast that was better there.

A planner accepts a model that beats last year's same week and the same-week mean of earlier years. Where it did not
(`models/forecast/skill.py` judges that), the better of the two is issued as that level's base forecast; the cells are
raked to what every level is issued from, so that all levels still add up, and every row says so (`base_model`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.forecast.hierarchy import CELL, Hierarchy, HierarchyLevel
from models.forecast.members import Floats


def issue_cells(cells: Floats, plain: Mapping[str, Floats], hierarchy: Hierarchy, bases: Mapping[str, str]) -> Floats:
    """Bring the cells together with the levels that are issued from a plain forecast.

    Args:
        cells: The model's means, cells x horizon.
        plain: Means of the cells by every plain forecast named in `bases`.
        hierarchy: The levels.
        bases: Level -> its base forecast; levels that are not named are issued from the model.

    Returns:
        Means of the cells; sums of them are the forecast of every level. The total, heard last, is met exactly.
    """
    if not bases:
        return cells
    sources = {level.name: plain[bases[level.name]] if level.name in bases else cells for level in hierarchy.levels}
    uppers = [level for level in reversed(hierarchy.levels) if level.name != CELL]
    return rake(sources[CELL], [Pull(level, level.sum(sources[level.name]), 1.0) for level in uppers])


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
