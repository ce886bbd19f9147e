"""Bring the levels together: cells are scaled, partly, towards what better-informed levels above expect.

Raking (iterative proportional fitting, Deming & Stephan 1940), softened: a cell is multiplied by
(upper forecast / sum of cells) ** weight. Sums of cells are then the forecast of every level, so all levels add up
exactly, and the season and level that only show in sums still reach the cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.forecast.hierarchy import Level
from models.forecast.windows import Floats

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

    level: Level
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
