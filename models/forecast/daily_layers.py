"""The layered member of daily panels: season, weekday and level, shrunk from the city to the category to the cell.

Days are noisy, so each part is learned over the span on which it is steady: the season of the year and the weekday from
the whole history, a cell's level over months, and only what its category has done lately from the last days. A burst
(a storm, a queue typed in at once) would carry a level away with it: levels are learned from counts cut at what is
usual for an outlying day, and what was cut in the last year comes back as a factor of the city, so that a mean stays a
mean.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.configuration import ForecastConfig
from features.configuration.forecast import DailyLayerConfig
from models.forecast.cadence import Cadence
from models.forecast.hierarchy import Hierarchy
from models.forecast.layers import season
from models.forecast.windows import Floats

_SMALLEST: Final = 1e-6


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
    matter, layers = hierarchy.matter(), config.daily_layers
    groups, known = matter.groups, y.shape[1]
    matters = matter.sum(y)
    shape = _shapes(matters, cadence, known + horizon, config)

    usual = shape[:, :known] * _alive(matters, layers.shortest_life)
    calm = without_bursts(matters, usual, layers)
    slow = _level(calm, usual, layers.slow)
    count, expected = _discounted(calm, layers.recent), _discounted(usual, layers.recent)
    moved = (count + layers.shrink_days * slow) / (expected + layers.shrink_days) / slow

    of_cells = shape[groups, :known] * _alive(y, layers.shortest_life)
    level = _level(without_bursts(y, of_cells, layers), of_cells, layers.slow) * moved[groups]
    bursts = matters[:, -cadence.year :].sum() / max(calm[:, -cadence.year :].sum(), _SMALLEST)
    return np.asarray(bursts * level[:, None] * shape[groups, known:])


def without_bursts(y: Floats, usual: Floats, layers: DailyLayerConfig) -> Floats:
    """Cut counts some standard deviations above their slow level.

    Args:
        y: Series x days.
        usual: Season and weekday of each day, zero before a series' first ticket.
        layers: What is usual for an outlying day.
    """
    expected = _level(y, usual, layers.slow)[:, None] * usual
    spread = np.sqrt(np.maximum(expected, layers.quiet) * (1 + layers.overdispersion * expected))
    return np.minimum(y, expected + layers.burst * spread)


def _shapes(matters: Floats, cadence: Cadence, periods: int, config: ForecastConfig) -> Floats:
    """Return season times weekday of known and coming days, categories x days, around 1."""
    known, at, layers, shape = matters.shape[1], np.arange(periods), config.daily_layers, config.seasons
    city = matters.sum(axis=0, keepdims=True)
    of_city = season(city, np.ones((1, cadence.year)), reach=layers.city_reach, config=shape)
    of_matter = season(matters, np.repeat(of_city, len(matters), axis=0), reach=layers.matter_reach, config=shape)
    of_city, of_matter = of_city[:, at % cadence.year], of_matter[:, at % cadence.year]
    city_week = _weekdays(city, of_city[:, :known], np.ones((1, cadence.week)), tickets=1.0)
    week = _weekdays(matters, of_matter[:, :known], city_week, tickets=layers.weekday_tickets)
    return np.asarray(of_matter * week[:, at % cadence.week])


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


def _level(y: Floats, usual: Floats, half_life: float) -> Floats:
    return (_discounted(y, half_life) + _SMALLEST) / (_discounted(usual, half_life) + _SMALLEST)


def _discounted(values: Floats, half_life: float) -> Floats:
    return np.asarray(values @ 0.5 ** (np.arange(values.shape[1])[::-1] / half_life))
