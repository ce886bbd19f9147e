"""The points where tickets without a place are put: most on the town hall's, some on that of their own district."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.dirt.pieces import DirtKind, Pieces
from features.simulator.simulator_config import SimulatorConfig

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_IN_DISTRICT: Final = 0.2
"""Share of the tickets without a place that stand on their district's point."""


def default_points(config: SimulatorConfig, city: CityCatalogue) -> Pieces:
    """Return the points as pieces: the city's own first, then each district's."""
    count = len(city.districts) + 1
    return Pieces(
        kind=[DirtKind.DEFAULT_POINT] * count,
        leaf=np.full(count, -1),
        district=np.arange(-1, count - 1),
        start=np.full(count, config.first_second),
        end=np.full(count, config.last_second),
        detail=[f"{lat:.6f} {lon:.6f}" for lat, lon in coordinates(city)],
    )


def coordinates(city: CityCatalogue) -> Floats:
    """Return latitude and longitude of the points, in the order of the pieces."""
    centres = np.array([d.centre for d in city.districts])
    return np.round(np.concatenate([centres[:1] + 0.001, centres]), 6)


def put_on_points(district: Ints, share: float, rng: np.random.Generator) -> Ints:
    """Return the point that each ticket stands on, by its position in `coordinates`; -1 for its own."""
    without = rng.random(len(district)) < share
    own = rng.random(len(district)) < _IN_DISTRICT
    return np.where(without, np.where(own, district + 1, 0), -1)
