"""A member that borrows: season and level in three layers, city, category, cell, each shrunk to the layer above.

A cell of one ticket a week knows neither its season nor whether its level has just moved; its category and its city do.
So a cell's season is its category's, changed as far as its own counts insist, and its level is its own slow one, moved
by what its category and the city have done since. Levels are discounted means (exponential forgetting) of counts over
seasons; shrinkage is that of a Gamma-Poisson (cf. West & Harrison 1997 on discounting, and Efron & Morris 1975).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.configuration import ForecastConfig
from features.configuration.forecaster import DailyLayerConfig, SeasonShapeConfig
from models.forecast.hierarchy import Hierarchy
from models.forecast.members import Floats, Sums
from models.forecast.periods import Cadence

_SMALLEST: Final = 1e-6


def layered_means(y: Floats, hierarchy: Hierarchy, cadence: Cadence, horizon: int, config: ForecastConfig) -> Floats:
    """Forecast cells from the season and level of their city, their category and themselves.

    Args:
        y: Cells x known periods, weekly.
        hierarchy: Groups the cells.
        cadence: Gives the length of the year.
        horizon: Periods ahead.
        config: How smooth the layers are, and how much is shrunk.

    Returns:
        Means, cells x horizon. Without two years of history every season is 1.
    """
    category, layers, shape = hierarchy.category(), config.layers, config.seasons
    groups, year, known = category.groups, cadence.year, y.shape[1]
    city, categories = y.sum(axis=0, keepdims=True), category.sum(y)
    of_city = season(city, np.ones((1, year)), reach=layers.city_reach, config=shape)
    of_category = season(
        categories, np.repeat(of_city, len(categories), axis=0), reach=layers.category_reach, config=shape
    )
    of_cell = season(y, of_category[groups], reach=layers.cell_reach, config=shape)

    moved = _level(city, of_city, layers.city_half_life, layers.shortest_life) / _level(
        city, of_city, layers.category_half_life, layers.shortest_life
    )
    now = _level(categories, of_category, layers.category_half_life, layers.shortest_life) * moved
    moved = now / _level(categories, of_category, layers.cell_half_life, layers.shortest_life)
    count, expected = _discounted(y, of_cell, layers.cell_half_life, layers.shortest_life)
    slow = _level(y, of_cell, layers.long_run, layers.shortest_life)
    level = (count + layers.shrink_weeks * slow) / (expected + layers.shrink_weeks) * moved[groups]
    return np.asarray(level[:, None] * of_cell[:, (known + np.arange(horizon)) % year])


def season(y: Floats, prior: Floats, *, reach: int, config: SeasonShapeConfig) -> Floats:
    """Return how each period of the year stands to the year around it, series x periods of the year.

    Args:
        y: Series x known periods; the first one is period 0 of the year.
        prior: The season of the layer above, of the same shape as the result.
        reach: Periods to each side over which it is smoothed.
        config: How much is shrunk, and how fast years fade.

    Returns:
        Positive ratios; the prior where the history is too short.
    """
    year, known = prior.shape[1], y.shape[1]
    if known < config.fewest_years * year:
        return prior
    at = np.arange(known)
    phase, years_back = at % year, (known - 1 - at) // year
    weight = config.year_decay**years_back
    usual = _centred_mean(y, year) * prior[:, phase]
    observed, expected = np.zeros((len(y), year)), np.zeros((len(y), year))
    np.add.at(observed.T, phase, (y * weight).T)
    np.add.at(expected.T, phase, (usual * weight).T)
    return np.asarray(
        (_smooth(observed, reach) + config.shrink_tickets) / (_smooth(expected, reach) + config.shrink_tickets) * prior
    )


def _centred_mean(y: Floats, year: int) -> Floats:
    """Return the mean over the year around each period, at the ends over the first and the last year."""
    known = y.shape[1]
    first = np.clip(np.arange(known) - year // 2, 0, known - year)
    total, count = Sums(y).window(first + year - 1, year)
    return np.asarray(total / count)


def _smooth(values: Floats, reach: int) -> Floats:
    """Return triangular moving averages over the circle of the year."""
    weights = {shift: reach + 1.0 - abs(shift) for shift in range(-reach, reach + 1)}
    total = sum(weight * np.roll(values, shift, axis=1) for shift, weight in weights.items())
    return np.asarray(total / sum(weights.values()))


def _discounted(y: Floats, seasons: Floats, half_life: float, shortest_life: int) -> tuple[Floats, Floats]:
    """Return the discounted sums of counts and of seasons since each series' first ticket."""
    known = y.shape[1]
    at = np.arange(known)
    weight = 0.5 ** (at[::-1] / half_life)
    born = np.where((y > 0).any(axis=1), (y > 0).argmax(axis=1), 0)
    alive = at >= np.minimum(born, known - shortest_life)[:, None]
    return y @ weight, (seasons[:, at % seasons.shape[1]] * alive) @ weight


def _level(y: Floats, seasons: Floats, half_life: float, shortest_life: int) -> Floats:
    count, expected = _discounted(y, seasons, half_life, shortest_life)
    return np.asarray(np.maximum(count, _SMALLEST) / np.maximum(expected, _SMALLEST))


# The layered member of daily panels: season, weekday and level, shrunk from the city to the category to the cell.
#
# Days are noisy, so each part is learned over the span on which it is steady: the season of the year and the
# weekday from the whole history, a cell's level over months, and only what its category has done lately from the
# last days. A burst (a storm, a queue typed in at once) would carry a level away with it: levels are learned from
# counts cut at what is usual for an outlying day, and what was cut in the last year comes back as a factor of the
# city, so that a mean stays a mean.


def daily_means(y: Floats, hierarchy: Hierarchy, cadence: Cadence, horizon: int, config: ForecastConfig) -> Floats:
    """Forecast cells from the season and weekdays of their category, their level, and what the category did lately.

    Args:
        y: Cells x known days.
        hierarchy: Groups the cells.
        cadence: Gives the lengths of year and week.
        horizon: Days ahead.
        config: How smooth the layers are, and how much is shrunk.

    Returns:
        Means, cells x horizon. Without two years of history every season is 1.
    """
    category, layers = hierarchy.category(), config.daily_layers
    groups, known = category.groups, y.shape[1]
    categories = category.sum(y)
    shape = _shapes(categories, cadence, known + horizon, config)

    usual = shape[:, :known] * _alive(categories, layers.shortest_life)
    calm = without_bursts(categories, usual, layers)
    slow = _daily_layers_level(calm, usual, layers.slow)
    count, expected = _daily_layers_discounted(calm, layers.recent), _daily_layers_discounted(usual, layers.recent)
    moved = (count + layers.shrink_days * slow) / (expected + layers.shrink_days) / slow

    of_cells = shape[groups, :known] * _alive(y, layers.shortest_life)
    level = _daily_layers_level(without_bursts(y, of_cells, layers), of_cells, layers.slow) * moved[groups]
    bursts = categories[:, -cadence.year :].sum() / max(calm[:, -cadence.year :].sum(), _SMALLEST)
    return np.asarray(bursts * level[:, None] * shape[groups, known:])


def without_bursts(y: Floats, usual: Floats, layers: DailyLayerConfig) -> Floats:
    """Cut counts some standard deviations above their slow level.

    Args:
        y: Series x days.
        usual: Season and weekday of each day, zero before a series' first ticket.
        layers: What is usual for an outlying day.
    """
    expected = _daily_layers_level(y, usual, layers.slow)[:, None] * usual
    spread = np.sqrt(np.maximum(expected, layers.quiet) * (1 + layers.overdispersion * expected))
    return np.minimum(y, expected + layers.burst * spread)


def _shapes(categories: Floats, cadence: Cadence, periods: int, config: ForecastConfig) -> Floats:
    """Return season times weekday of known and coming days, categories x days, around 1."""
    known, at, layers, shape = categories.shape[1], np.arange(periods), config.daily_layers, config.seasons
    city = categories.sum(axis=0, keepdims=True)
    of_city = season(city, np.ones((1, cadence.year)), reach=layers.city_reach, config=shape)
    of_category = season(
        categories, np.repeat(of_city, len(categories), axis=0), reach=layers.category_reach, config=shape
    )
    of_city, of_category = of_city[:, at % cadence.year], of_category[:, at % cadence.year]
    city_week = _weekdays(city, of_city[:, :known], np.ones((1, cadence.week)), tickets=1.0)
    week = _weekdays(categories, of_category[:, :known], city_week, tickets=layers.weekday_tickets)
    return np.asarray(of_category * week[:, at % cadence.week])


def _weekdays(y: Floats, seasons: Floats, prior: Floats, *, tickets: float) -> Floats:
    """Return how each weekday stands to the mean day, series x weekdays, shrunk to the layer above."""
    week = prior.shape[1]
    count = np.stack([y[:, day::week].sum(axis=1) for day in range(week)], axis=1)
    expected = np.stack([seasons[:, day::week].sum(axis=1) for day in range(week)], axis=1)
    mean = count.sum(axis=1, keepdims=True) / np.maximum(expected.sum(axis=1, keepdims=True), _SMALLEST)
    return np.asarray((count + tickets * prior) / (expected * mean + tickets))


def _alive(y: Floats, shortest_life: int) -> Floats:
    """Return 1 since each series' first ticket, and over the last days in any case."""
    known = y.shape[1]
    born = np.where((y > 0).any(axis=1), (y > 0).argmax(axis=1), known)
    return np.asarray(np.arange(known) >= np.minimum(born, known - shortest_life)[:, None], dtype=float)


def _daily_layers_level(y: Floats, usual: Floats, half_life: float) -> Floats:
    return (_daily_layers_discounted(y, half_life) + _SMALLEST) / (
        _daily_layers_discounted(usual, half_life) + _SMALLEST
    )


def _daily_layers_discounted(values: Floats, half_life: float) -> Floats:
    return np.asarray(values @ 0.5 ** (np.arange(values.shape[1])[::-1] / half_life))
