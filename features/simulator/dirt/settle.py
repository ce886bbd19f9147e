"""All dirt of one city, settled before single tickets are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.city_places import CityPlaces
from features.simulator.dirt.default_points import default_points
from features.simulator.dirt.lists import imports, lists
from features.simulator.dirt.offices import offices
from features.simulator.dirt.own_entries import own_entries
from features.simulator.dirt.pieces import Pieces, together
from features.simulator.dirt.renames import renames
from features.simulator.dirt.weather import weather
from features.simulator.dirt_config import Dirt
from features.simulator.simulator_config import SimulatorConfig


def settle_dirt(
    config: SimulatorConfig, dirt: Dirt, city: CityCatalogue, places: CityPlaces, expected: NDArray[np.float64]
) -> Pieces:
    """Return every piece of dirt of a city but the bursts.

    Args:
        config: The city's span and seed.
        dirt: How much of each kind.
        city: Its matters and districts.
        places: Its places.
        expected: Citizens' tickets that every day, leaf and district expects.
    """

    def tickets(share: float) -> int:
        return round(config.tickets * share / (1 - dirt.added_share))

    parts = [
        own_entries(config, city, places, tickets(dirt.own_entries), config.rng(20, 1)),
        lists(config, city, places, tickets(dirt.lists), config.rng(20, 2)),
        imports(config, city, places, tickets(dirt.imports), config.rng(20, 3)),
        default_points(config, city) if dirt.default_points else Pieces(),
        offices(config, city, config.rng(20, 4), a_year=dirt.offices),
        renames(config, city, config.rng(20, 5), a_year=dirt.renames),
        weather(config, city, places, expected, config.rng(20, 6), a_year=dirt.shocks),
    ]
    return together([part for part in parts if len(part)] or [Pieces()])
