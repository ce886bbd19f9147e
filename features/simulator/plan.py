"""The whole city, computed once from a configuration, and cut into chunks of days that any process can draw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue, catalogue
from features.simulator.city_places import CityPlaces, invent_places
from features.simulator.dirt.own_entries import OWN_CHANNELS
from features.simulator.dirt.pieces import Pieces
from features.simulator.dirt.renames import with_new_labels
from features.simulator.dirt.settle import settle_dirt
from features.simulator.dirt.weak_bursts import weak_bursts
from features.simulator.incidents import Incidents, inject_incidents
from features.simulator.intensity import expected_tickets
from features.simulator.simulator_config import SimulatorConfig

Floats = NDArray[np.float64]

_CHUNK_TICKETS: Final = 200_000


@dataclass(frozen=True)
class Chunk:
    """Some consecutive days: `first` included, `last` excluded, as offsets from the start; `tickets` ordinary ones."""

    index: int
    first: int
    last: int
    tickets: int


@dataclass(frozen=True)
class Plan:
    """Everything that is settled before single tickets are drawn.

    Attributes:
        config: What was asked for.
        city: The city on paper.
        shown: The same as the export names it: with the labels and channels that dirt adds.
        places: Its invented places.
        volume: Relative volume (days, leaves, districts), summing to 1.
        incidents: What is injected.
        dirt: Every piece of dirt; none in the clean city.
        chunks: The days in portions of about 200,000 tickets; every portion has its own random stream.
    """

    config: SimulatorConfig
    city: CityCatalogue
    shown: CityCatalogue
    places: CityPlaces
    volume: Floats
    incidents: Incidents
    dirt: Pieces
    chunks: tuple[Chunk, ...]

    @property
    def expected(self) -> Floats:
        """Ordinary tickets that every day, leaf and district expects."""
        return self.volume * sum(chunk.tickets for chunk in self.chunks)


@lru_cache(maxsize=1)
def make_plan(config: SimulatorConfig) -> Plan:
    """Settle the city for a configuration; the same in every process."""
    city = catalogue()
    places = invent_places(city, config.rng(0))
    volume = expected_tickets(config, city)
    incidents = inject_incidents(config, city, places)
    ordinary = config.tickets - len(incidents.ticket_opened)
    dirt, pieces, shown = config.dirt, Pieces(), city
    if dirt is not None and dirt.burst_times:
        # Bursts come on top: how many there are must not change what is usual.
        ordinary = config.tickets - int(incidents.size[incidents.repeat].sum())
        incidents = weak_bursts(config, city, places, volume * ordinary, incidents, dirt=dirt)
    if dirt is not None:
        pieces = settle_dirt(config, dirt, city, places, volume * ordinary)
        shown = with_new_labels(city, pieces, OWN_CHANNELS)
    return Plan(
        config=config,
        city=city,
        shown=shown,
        places=places,
        volume=volume,
        incidents=incidents,
        dirt=pieces,
        chunks=_chunks(volume.sum(axis=(1, 2)), ordinary, config.rng(6)),
    )


def _chunks(by_day: Floats, tickets: int, rng: np.random.Generator) -> tuple[Chunk, ...]:
    """Cut the days where the expected tickets fill a chunk, and share the tickets out: exactly `tickets` in all."""
    filled = (np.cumsum(by_day) * tickets / _CHUNK_TICKETS).astype(int)
    starts = np.unique(np.concatenate([[0], np.flatnonzero(np.diff(filled)) + 1]))
    ends = np.append(starts[1:], len(by_day))
    shares = np.add.reduceat(by_day, starts)
    drawn = rng.multinomial(tickets, shares / shares.sum())
    return tuple(Chunk(i, int(a), int(b), int(n)) for i, (a, b, n) in enumerate(zip(starts, ends, drawn, strict=True)))
