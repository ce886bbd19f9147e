"""Members above the cells: each level is also forecast on its own, and the cells are brought to a compromise.

A cell of one ticket a week cannot follow a level, its category and its city can. So categories, districts and the total
are each forecast three ways: smoothed (models/forecast/smoothing.py), smoothed with the season taken out and put back,
and as last year's same weeks. How much each way counts is learned from its errors at past origins of this very panel,
level by level; together they have a fixed share against the sum of the cells. Dense cells are smoothed too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from features.configuration import ForecastConfig
from models.forecast.bases import Pull, rake
from models.forecast.hierarchy import Hierarchy, HierarchyLevel
from models.forecast.layers import season
from models.forecast.members import Floats, PlainMembers, Steps, Sums
from models.forecast.periods import Cadence
from models.forecast.smoothing import smoothed

Weights = Mapping[str, Mapping[str, float]]
"""Grouping -> way of forecasting -> its weight; the weights of a grouping sum to 1."""

STEADY: Final = "steady"
SEASONAL: Final = "seasonal"
LAST_YEAR: Final = "last_year"
_TINY: Final = 1e-6
_LOWEST_SEASON: Final = 0.2
_QUARTER: Final = 13
_ODDEST: Final = 0.98
"""Weeks beyond this share of squared deviations say nothing about how far a series scatters."""


def learn_weights(
    y: Floats, hierarchy: Hierarchy, cadence: Cadence, config: ForecastConfig
) -> dict[str, dict[str, float]]:
    """Learn how much each way of forecasting a level counts, from its errors at past origins.

    Args:
        y: Cells x known weeks.
        hierarchy: The levels.
        cadence: Gives the length of the year.
        config: Origins, their distance, and how sharply the better way is preferred.

    Returns:
        Weights of the groupings; empty for daily panels, and where the history is too short to judge.
    """
    follow = config.follow
    last = y.shape[1] - follow.ahead
    origins = range(last, max(last - follow.judged_weeks, follow.shortest - 1), -follow.judged_every)
    if not follow.share or cadence.week or not origins:
        return {}
    errors: dict[str, dict[str, float]] = {}
    for origin in origins:
        for name, ways in _forecasts(y[:, :origin], hierarchy, cadence, follow.ahead, config).items():
            actual = _groupings(hierarchy)[name].sum(y[:, origin : origin + follow.ahead])
            for way, mean in ways.items():
                of_level = errors.setdefault(name, {})
                share = float(np.abs(actual - mean).sum() / max(actual.sum(), 1.0))
                of_level[way] = of_level.get(way, 0.0) + share
    return {name: _shares(of_level, follow.sharpness) for name, of_level in errors.items()}


def follow(
    cells: Floats, y: Floats, weights: Weights, hierarchy: Hierarchy, cadence: Cadence, config: ForecastConfig
) -> Floats:
    """Bring the cells to a compromise with what the levels above say on their own.

    Args:
        cells: Means, cells x horizon.
        y: Cells x known weeks.
        weights: What `learn_weights` returned; nothing is followed where it is empty.
        hierarchy: The levels.
        cadence: Gives the length of the year.
        config: Shares of the levels and of dense cells.

    Returns:
        Means of the same shape.
    """
    if not weights:
        return cells
    said = _forecasts(y, hierarchy, cadence, cells.shape[1], config)
    pulls = []
    for name, level in _groupings(hierarchy).items():
        own = sum(weight * said[name][way] for way, weight in weights[name].items())
        share = config.follow.share
        pulls.append(Pull(level, (1.0 - share) * level.sum(cells) + share * own, 1.0))
    return rake(_dense(cells, y, config), pulls)


def _groupings(hierarchy: Hierarchy) -> dict[str, HierarchyLevel]:
    """Return the levels that are forecast on their own, in the order in which they are heard."""
    return {"total": hierarchy.levels[0], "district": hierarchy.district(), "category": hierarchy.category()}


def _shares(errors: Mapping[str, float], sharpness: float) -> dict[str, float]:
    least = max(min(errors.values()), _TINY)
    raw = {way: (max(error, _TINY) / least) ** -sharpness for way, error in errors.items()}
    return {way: value / sum(raw.values()) for way, value in raw.items()}


def _forecasts(
    y: Floats, hierarchy: Hierarchy, cadence: Cadence, horizon: int, config: ForecastConfig
) -> dict[str, dict[str, Floats]]:
    """Return grouping -> way -> means, series x horizon."""
    members = PlainMembers(y, cadence, config.members)
    last_year = members.season(Steps.grid([y.shape[1] - 1], range(1, horizon + 1)))
    seasons = _seasons(y, hierarchy, cadence, horizon, config)
    found = {}
    for name, level in _groupings(hierarchy).items():
        counts, shape = level.sum(y), seasons[name]
        known = shape[:, : y.shape[1]]
        found[name] = {
            STEADY: smoothed(counts, horizon, config.follow),
            SEASONAL: smoothed(counts / known, horizon, config.follow) * shape[:, y.shape[1] :],
            LAST_YEAR: level.sum(last_year),
        }
    return found


def _seasons(
    y: Floats, hierarchy: Hierarchy, cadence: Cadence, horizon: int, config: ForecastConfig
) -> dict[str, Floats]:
    """Return the season of each known and coming week, per grouping; shrunk by how far its counts scatter."""
    year, at = cadence.year, np.arange(y.shape[1] + horizon) % cadence.year
    layers, shape = config.layers, config.seasons
    reaches = {"total": layers.city_reach, "district": layers.cell_reach, "category": layers.category_reach}
    prior, found = np.ones((1, year)), {}
    for name, level in _groupings(hierarchy).items():
        counts = level.sum(y)
        above = np.repeat(prior, len(counts), axis=0)
        own = season(counts / _scatter(counts, year)[:, None], above, reach=reaches[name], config=shape)
        prior = own if name == "total" else prior
        found[name] = np.maximum(own[:, at], _LOWEST_SEASON)
    return found


def _scatter(y: Floats, year: int) -> Floats:
    """Return variance over mean around the quarter's level, at least 1: as many counts say as much as a Poisson one."""
    known = y.shape[1]
    if known < 2 * year:
        return np.ones(len(y))
    end = np.clip(np.arange(known) + _QUARTER // 2, _QUARTER - 1, known - 1)
    total, count = Sums(y).window(end, _QUARTER)
    level = np.maximum(total / count, _LOWEST_SEASON / 4)
    squared = (y - level) ** 2 / level * _QUARTER / (_QUARTER - 1)
    kept = np.minimum(squared, np.quantile(squared, _ODDEST, axis=1, keepdims=True))
    return np.asarray(np.maximum(kept.mean(axis=1), 1.0))


def _dense(cells: Floats, y: Floats, config: ForecastConfig) -> Floats:
    """Average cells that have counts enough to follow their own level with that level."""
    follow = config.follow
    mean = y[:, -follow.history :].mean(axis=1)
    dense = mean >= follow.dense
    if not dense.any():
        return cells
    share = (follow.dense_share * mean / (mean + follow.half_dense))[dense, None]
    mixed = cells.copy()
    mixed[dense] = (1.0 - share) * cells[dense] + share * smoothed(y[dense], cells.shape[1], follow)
    return mixed
