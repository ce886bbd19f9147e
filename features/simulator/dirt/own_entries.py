"""Crews and inspectors key in what they found: many tickets within minutes, in channels that are not citizens'."""

from __future__ import annotations

from typing import Final

import numpy as np

from features.simulator.catalogue import CityCatalogue
from features.simulator.city_places import CityPlaces
from features.simulator.dirt.pieces import NOBODY, DirtKind, Pieces, batches, sizes_to
from features.simulator.incidents import choose
from features.simulator.simulator_config import SimulatorConfig

OWN_CHANNELS: Final = ("网格员上报", "巡查采集")
"""As the mapping of the simulated source names them too."""

_MATTERS: Final = 12
"""What crews see on their rounds: potholes, lamps, trees, litter."""
_MEDIAN, _SIGMA = 1.2, 1.35
"""Entries of one matter, district and day: Boston's crews have half of them alone, one day in a hundred 25 or more."""
_GAP_SECONDS: Final = 46.0
_GAP_SHAPE: Final = 1.4
_SHIFT: Final = (7, 17)
_HOUR: Final = 3600


def own_entries(
    config: SimulatorConfig, city: CityCatalogue, places: CityPlaces, count: int, rng: np.random.Generator
) -> Pieces:
    """Return so many own entries, in batches of one matter and district.

    Args:
        config: The city's span.
        city: Its matters and districts.
        places: Its places.
        count: How many tickets.
        rng: The stream of this kind.
    """
    size = sizes_to(count, _MEDIAN * rng.lognormal(0.0, _SIGMA, count + 1), 1)
    weight = np.array([leaf.weight * (leaf.hours == "day") * (leaf.born == 0) for leaf in city.leaves])
    seen = choose(weight, 4 * _MATTERS, rng)
    seen = np.unique(seen)[:_MATTERS]
    leaf = seen[rng.integers(0, len(seen), len(size))]
    district = choose(np.array([d.population for d in city.districts]), len(size), rng)
    day = config.first_second // 86_400 + rng.integers(0, config.days, len(size))
    start = day * 86_400 + (rng.uniform(*_SHIFT, len(size)) * _HOUR).astype(np.int64)
    total = int(size.sum())
    return batches(
        DirtKind.OWN_ENTRIES, leaf, district, start, size, rng.gamma(_GAP_SHAPE, _GAP_SECONDS / _GAP_SHAPE, total),
        place=places.draw(np.repeat(district, size), rng),
        channel=len(city.channels["names"]) + rng.integers(0, len(OWN_CHANNELS), len(size)),
        caller=np.full(len(size), NOBODY),
    )  # fmt: skip
