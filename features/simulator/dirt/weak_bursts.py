"""Bursts of a few times what is usual: sizes are drawn as multiples of what the cell has in the window anyway."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.city_places import CityPlaces
from features.simulator.dirt.offices import in_use, offices
from features.simulator.dirt.pieces import Pieces
from features.simulator.dirt_config import Dirt
from features.simulator.incidents import Incidents, choose, draw_windows, moments_of
from features.simulator.rates import expected_between
from features.simulator.simulator_config import SimulatorConfig

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SIGMA: Final = 1.1
_LEAST_TIMES: Final = 1.5
_SIZE: Final = (5, 60)
"""Fewest tickets of a burst, which is five people, and the most."""
_DRAWS: Final = 400
_LARGEST_SHARE: Final = 0.20
"""Of all tickets that are a burst's: the list ends there."""


def weak_bursts(
    config: SimulatorConfig, city: CityCatalogue, places: CityPlaces, volume: Floats, clean: Incidents, *, dirt: Dirt
) -> Incidents:
    """Return the incidents of a clean city with other bursts, each a multiple of its cell's background.

    The multiple is drawn first; matter, district and window are drawn until it makes a burst of 5 to 60 tickets. Where
    no draw does, the burst that comes nearest has five tickets (or 60), another multiple than was asked for.

    Args:
        config: The city's span.
        city: Its matters and districts.
        places: Its places.
        volume: Tickets that every day, leaf and district expect.
        clean: The clean city's incidents, whose persistent callers stay.
        dirt: Median of the multiple, and how many offices stand idle: there less is usual.
    """
    rng = config.rng(20, 0)
    times = np.maximum(dirt.burst_times * rng.lognormal(0.0, _SIGMA, config.burst_count), _LEAST_TIMES)
    idle = offices(config, city, config.rng(20, 4), a_year=dirt.offices)
    columns = _cells(config, city, volume, times, idle, rng)
    kept = np.cumsum(columns[-1]) <= _LARGEST_SHARE * config.tickets
    leaf, district, start, end, size = (column[kept] for column in columns)
    count = len(size)
    which = np.repeat(np.arange(count), size)
    place, problem = places.draw(district, rng), rng.integers(0, 3, count)
    opened = moments_of(city, leaf[which], start[which], end[which], rng)
    again = clean.repeat
    kept = again[clean.ticket_incident] if len(clean.ticket_incident) else clean.ticket_incident.astype(bool)
    return Incidents(
        repeat=np.concatenate([np.zeros(count, dtype=bool), again[again]]),
        leaf=np.concatenate([leaf, clean.leaf[again]]),
        place=np.concatenate([place, clean.place[again]]),
        problem=np.concatenate([problem, clean.problem[again]]),
        start=np.concatenate([start, clean.start[again]]),
        end=np.concatenate([end, clean.end[again]]),
        size=np.concatenate([size, clean.size[again]]),
        ticket_incident=np.concatenate([which, clean.ticket_incident[kept]]),
        ticket_opened=np.concatenate([opened, clean.ticket_opened[kept]]),
    )


def _cells(
    config: SimulatorConfig, city: CityCatalogue, volume: Floats, times: Floats, idle: Pieces, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return leaf, district, start, end and size of each burst."""
    count = len(times)
    weight = np.array([leaf.weight * leaf.burst * (leaf.born == 0) for leaf in city.leaves])
    people = np.array([d.population for d in city.districts])
    best = [np.zeros(count, dtype=np.int64) for _ in range(4)]
    off = np.full(count, np.inf)
    size = np.full(count, _SIZE[0])
    for _ in range(_DRAWS):
        open_ = np.flatnonzero(off > 0)
        if not len(open_):
            break
        drawn = (choose(weight, len(open_), rng), choose(people, len(open_), rng))
        window = draw_windows(config, np.zeros(len(open_), dtype=bool), rng)
        at = {"leaf": drawn[0], "district": drawn[1], "start": window[0], "end": window[1]}
        usual = expected_between(volume, city, config.first_second, **at) * in_use(idle, city, *drawn, window[0])
        wish = times[open_] * usual
        miss = np.maximum(np.maximum(_SIZE[0] - wish, wish - _SIZE[1]), 0.0)
        nearer = miss < off[open_]
        chosen = open_[nearer]
        off[chosen] = miss[nearer]
        size[chosen] = np.clip(np.round(wish[nearer]), *_SIZE).astype(np.int64)
        for column, values in zip(best, at.values(), strict=True):
            column[chosen] = values[nearer]
    return best[0], best[1], best[2], best[3], size
