"""Breaks at the origin: an office that left, a category that died, a district that tripled, a shutdown.

Trees and trailing means follow such a break over months. Here it is found at once, by comparing the last weeks of every
category and district with the year before them (a likelihood ratio of Poisson rates, scaled by the series' own
overdispersion; cf. Killick & Eckley 2014 on change points), and the forecast of that series is moved to its level since
the break. A fall that also came last year at this time is a season, not a break. Rises take longer to be believed and
are judged by the median week, so that a burst of tickets is not taken for a new level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.configuration.forecaster import BreakConfig
from models.forecast.hierarchy import HierarchyLevel
from models.forecast.members import Floats, Indices

_YEAR: Final = 52


_SMALLEST: Final = 0.02


Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Breaks:
    """The newest break of each series of a level.

    Attributes:
        weeks: Weeks since the break; 0 where there is none.
        level: Tickets a week since then.
        fell: Whether the level fell.
    """

    weeks: Indices
    level: Floats
    fell: Flags


def find_breaks(y: Floats, config: BreakConfig) -> Breaks:
    """Find breaks in the last half year of weekly counts.

    Args:
        y: Series x weeks, the last one complete.
        config: What is a break.
    """
    count, known = y.shape
    found = Breaks(np.zeros(count, dtype=np.intp), np.zeros(count), np.zeros(count, dtype=bool))
    best = np.zeros(count)
    for weeks in range(config.shortest_fall, min(config.longest, known - config.shortest_before) + 1):
        evidence, fell, rose, level = _at(y, weeks, config)
        rose &= weeks >= config.shortest_rise
        take = (fell | rose) & (evidence > best)
        best = np.where(take, evidence, best)
        found = Breaks(
            np.where(take, weeks, found.weeks),
            np.where(take, np.where(fell, level[0], level[1]), found.level),
            np.where(take, fell, found.fell),
        )
    return found


def move_to_breaks(
    cells: Floats, y: Floats, levels: Sequence[HierarchyLevel], *, week: int, config: BreakConfig
) -> Floats:
    """Move the forecast of series that broke to their level since then.

    Args:
        cells: Means, cells x horizon.
        y: Cells x known periods.
        levels: Groupings to judge, one after the other.
        week: Periods in a week: 1 for weekly panels, 7 for daily ones.
        config: What is a break, and how far it moves.

    Returns:
        Means of the same shape. Shapes over the horizon stay, series without a break stay.
    """
    whole = cells.shape[1] // week * week
    if not whole:
        return cells
    wanted = [(level, *_wanted(cells, level, y, week, whole, config)) for level in levels]
    moved = cells
    # Twice: what one level takes from a broken office comes back to the categories that broke the other way.
    for level, target, broke in wanted * 2:
        factor = np.where(broke, target / _said(moved, level, week, whole), 1.0)
        moved = moved * np.minimum(factor, config.largest_factor)[level.groups][:, None]
    return moved


def _wanted(
    cells: Floats, level: HierarchyLevel, y: Floats, week: int, whole: int, config: BreakConfig
) -> tuple[Floats, Flags]:
    """Return the weekly level that each series should have, and which ones broke away from the forecast."""
    broken = find_breaks(weekly_sums(level.sum(y), week), config)
    said = _said(cells, level, week, whole)
    trust = broken.weeks / (broken.weeks + config.certain_after)
    target = said ** (1 - trust) * np.maximum(broken.level, _SMALLEST) ** trust
    # A model that has followed the break already, or gone beyond it, is not pulled back.
    away = np.where(broken.fell, target < said, target > said)
    return target, (broken.weeks > 0) & away


def _said(cells: Floats, level: HierarchyLevel, week: int, whole: int) -> Floats:
    return np.asarray(np.maximum(level.sum(cells)[:, :whole].mean(axis=1) * week, _SMALLEST))


def weekly_sums(y: Floats, week: int) -> Floats:
    """Return sums over whole weeks that end with the last period; `week` is the number of periods in one."""
    kept = y[:, y.shape[1] % week :]
    return np.asarray(kept.reshape(len(y), -1, week).sum(axis=2))


def _at(y: Floats, weeks: int, config: BreakConfig) -> tuple[Floats, Flags, Flags, tuple[Floats, Floats]]:
    """Judge a break `weeks` ago: evidence, whether it fell, whether it rose, and the levels of a fall and a rise."""
    after, before = y[:, -weeks:], y[:, :-weeks][:, -_YEAR:]
    middle = np.median(after, axis=1)
    change = _log_ratio(after.sum(axis=1), weeks, before)
    rise = _log_ratio(middle * weeks, weeks, before)
    season = np.zeros(len(y))
    then = y[:, :-_YEAR]
    if then.shape[1] >= weeks + config.shortest_before:
        season = _log_ratio(then[:, -weeks:].sum(axis=1), weeks, then[:, :-weeks][:, -_YEAR:])
    evidence = np.maximum(
        _evidence(after, before, config.memory), np.where(change < 0, _rank_evidence(after, before, config.memory), 0.0)
    )
    far = np.log(config.factor)
    fell = (evidence > config.fall_evidence) & (change < -far) & (change - season < -far)
    rose = (evidence > config.rise_evidence) & (rise > far) & (rise - season > far)
    return evidence, fell, rose, (after.mean(axis=1), middle)


def _log_ratio(total: Floats, weeks: int, before: Floats) -> Floats:
    """Return the log ratio of a weekly level to the one before; one ticket is added to each side."""
    return np.asarray(np.log((total + 1.0) / weeks) - np.log((before.sum(axis=1) + 1.0) / before.shape[1]))


def _evidence(after: Floats, before: Floats, memory: float) -> Floats:
    """Return the log likelihood ratio of two Poisson rates against one, scaled by overdispersion and memory."""
    n, m = after.shape[1], before.shape[1]
    late, early = after.mean(axis=1), before.mean(axis=1)
    common = (n * late + m * early) / (n + m)
    spread = np.maximum(1.0, before.var(axis=1, ddof=1) / np.maximum(early, 0.2))
    ratio = n * _gain(late, common) + m * _gain(early, common)
    return np.asarray(ratio / (spread * memory))


def _rank_evidence(after: Floats, before: Floats, memory: float) -> Floats:
    """Return the evidence of weeks that all lie low among the weeks before, which no burst before can hide."""
    lower = (before <= after.max(axis=1, keepdims=True)).mean(axis=1)
    return np.asarray(-after.shape[1] / memory * np.log(np.maximum(lower, 1 / before.shape[1])))


def _gain(rate: Floats, common: Floats) -> Floats:
    tiny = 1e-9
    return np.asarray(rate * np.log(np.maximum(rate, tiny) / np.maximum(common, tiny)))
