"""Weather over the whole city at once: from one hour on, all matters that it concerns rise together for some days."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.city_places import CityPlaces
from features.simulator.dirt.offices import spread_out
from features.simulator.dirt.pieces import ANYBODY, NONE, Added, DirtKind, Pieces
from features.simulator.rates import draw_seconds
from features.simulator.simulator_config import SimulatorConfig

Floats = NDArray[np.float64]

_KINDS: Final = {"heat": (130, 235), "cold": (330, 60), "rain": (0, 366)}
"""Weather, and the days of the year between which it comes first of all."""
_STRENGTH: Final = (4.0, 0.25)
_LENGTH: Final = (1, 3)
_FADES: Final = (1.0, 0.5, 0.25)
_DAY: Final = 86_400


def weather(
    config: SimulatorConfig,
    city: CityCatalogue,
    places: CityPlaces,
    expected: Floats,
    rng: np.random.Generator,
    *,
    a_year: float,
) -> Pieces:
    """Return the shocks and the tickets that they bring.

    Args:
        config: The city's span.
        city: Its matters and districts.
        places: Its places.
        expected: Citizens' tickets that a day, leaf and district expect.
        rng: The stream of this kind.
        a_year: How many shocks a year.
    """
    start = spread_out(config, a_year, rng)
    days = rng.integers(_LENGTH[0], _LENGTH[1] + 1, len(start))
    strength = rng.gamma(*_STRENGTH, len(start))
    kinds = [_kind_on(moment) for moment in start]
    pieces = Pieces(
        kind=[DirtKind.WEATHER] * len(start),
        leaf=np.full(len(start), NONE),
        district=np.full(len(start), NONE),
        start=start,
        end=np.minimum((start // _DAY + days) * _DAY, config.last_second),
        detail=[f"{kind} {force:.3f}" for kind, force in zip(kinds, strength, strict=True)],
    )
    extra = rng.poisson(rise(pieces, config, city) * expected)
    day, leaf, district = (np.repeat(axis, extra[extra > 0]) for axis in np.nonzero(extra))
    opened = config.first_second + day * _DAY + draw_seconds(city, leaf, rng)
    piece = _piece_at(pieces, opened)
    kept = piece >= 0
    count = int(kept.sum())
    place = places.draw(district, rng)
    added = Added(
        piece[kept], opened[kept], leaf[kept], place[kept], np.full(count, NONE), np.full(count, ANYBODY)
    )  # fmt: skip
    return Pieces(pieces.kind, pieces.leaf, pieces.district, pieces.start, pieces.end, pieces.detail, added)


def rise(pieces: Pieces, config: SimulatorConfig, city: CityCatalogue) -> Floats:
    """Return the factor by which weather adds to what a day and leaf expect, as if it began at midnight.

    Returns:
        Array (days, leaves, 1).
    """
    added = np.zeros((config.days, len(city.leaves), 1))
    for n in pieces.of(DirtKind.WEATHER):
        kind, force = pieces.detail[n].split()
        sensitivity = np.array([max(getattr(city.profiles[leaf.season], kind), 0.0) for leaf in city.leaves])
        first = int((pieces.start[n] - config.first_second) // _DAY)
        last = int((pieces.end[n] - 1 - config.first_second) // _DAY)
        for day in range(first, last + 1):
            added[day, :, 0] = np.maximum(added[day, :, 0], sensitivity * float(force) * _FADES[day - first])
    return added


def _kind_on(moment: int) -> str:
    date = np.datetime64(int(moment), "s").astype("datetime64[D]")
    day = int((date - date.astype("datetime64[Y]")).astype(int))
    for kind, (first, last) in _KINDS.items():
        inside = first <= day <= last if first <= last else day >= first or day <= last
        if inside:
            return kind
    return "rain"


def _piece_at(pieces: Pieces, opened: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return during which shock a ticket came; -1 before one begins."""
    piece = np.full(len(opened), -1)
    for n in pieces.of(DirtKind.WEATHER):
        piece[(opened >= pieces.start[n]) & (opened < pieces.end[n])] = n
    return piece
