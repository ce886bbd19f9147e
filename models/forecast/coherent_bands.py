"""Bands that agree with each other: with their mean, with the parts of their series, and with the weeks of a sum.

Each level learns its own dispersion, so nothing but this makes a whole at least as large as what its largest part is
almost sure to bring, or four weeks together as likely as the weeks say one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from models.forecast.hierarchy import Hierarchy, HierarchyLevel
from models.forecast.members import Floats

LOW: Final = 0.1
MIDDLE: Final = 0.5
HIGH: Final = 0.9
_HELD_FROM: Final = 5.0
"""Means above this lie inside their band; below, a band of whole numbers may well be nought to nought."""

Bands = dict[float, Floats]
"""Quantile level -> values, series x periods."""


def around_mean(mean: Floats, bands: Bands) -> Bands:
    """Return bands whose lowest part is no higher and whose highest part is no lower than a mean that is not small."""
    held = mean > _HELD_FROM
    return {
        level: np.where(held & (level <= LOW), np.minimum(values, np.floor(mean)), values)
        if level < MIDDLE
        else np.where(held & (level >= HIGH), np.maximum(values, np.ceil(mean)), values)
        for level, values in bands.items()
    }


def above_parts(hierarchy: Hierarchy, bands: Mapping[str, Bands]) -> dict[str, Bands]:
    """Return the bands of all levels, medians raised to what the largest part brings nine times in ten.

    Args:
        hierarchy: The levels.
        bands: Level name -> its bands; levels without both quantiles stay as they are.
    """
    raised = {name: dict(of_level) for name, of_level in bands.items()}
    for whole in hierarchy.levels:
        if whole.name not in raised or MIDDLE not in raised[whole.name]:
            continue
        least = np.zeros_like(raised[whole.name][MIDDLE])
        for part in hierarchy.levels:
            inside = None if part is whole else _whole_of(part, whole)
            if inside is not None and LOW in bands.get(part.name, {}):
                np.maximum.at(least, inside, bands[part.name][LOW])
        for level, values in raised[whole.name].items():
            if level >= MIDDLE:
                raised[whole.name][level] = np.maximum(values, least)
    return raised


def within_periods(total: Bands, mean: Floats, periods: Bands) -> Bands:
    """Return the bands of a sum, held to what its periods say.

    Periods err together at most entirely: then the quantiles of the sum are the sums of theirs, and no band is wider.
    The median lies between the sum of the medians and the mean.

    Args:
        total: Quantile level -> values per series, of the sum.
        mean: Mean of the sum per series.
        periods: Quantile level -> values, series x periods.
    """
    held = dict(total)
    for level, values in total.items():
        together = periods[level].sum(axis=1)
        if level < MIDDLE:
            held[level] = np.maximum(values, np.minimum(together, np.floor(mean)))
        elif level > MIDDLE:
            held[level] = np.minimum(values, np.maximum(together, np.ceil(mean)))
        else:
            held[level] = np.clip(values, together, np.maximum(together, np.ceil(mean)))
    return held


def _whole_of(part: HierarchyLevel, whole: HierarchyLevel) -> np.ndarray | None:
    """Return the series of `whole` that each series of `part` lies in; None where parts lie across."""
    first = np.full(len(part.ids), -1)
    first[part.groups] = whole.groups
    return first if np.array_equal(first[part.groups], whole.groups) else None
