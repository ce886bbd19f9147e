"""What no citizen called in though its channel is a citizens': one hand's list, another system's file."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.city_places import CityPlaces
from features.simulator.dirt.pieces import NOBODY, DirtKind, Pieces, batches, sizes_to
from features.simulator.incidents import choose
from features.simulator.simulator_config import SimulatorConfig

Ints = NDArray[np.int64]

_TYPED: Final = (6, 1.5, 1.2)
"""Entries of a list: six and a log-normal with this median and sigma; Boston's: 7, one in ten 13 or more."""
_GAP: Final = (64.0, 0.45)
"""Median of a list's mean gap in seconds, and its sigma; no gap is longer than three minutes."""
_UNEVEN: Final = (0.45, 0.5)
"""Median of the gaps' standard deviation over their mean, and its sigma: a third of the lists are above 0.6."""
_LONGEST_GAP: Final = 180.0
_NAMED: Final = 0.3
"""Share of lists whose entries all carry the number of one caller."""
_ALONG: Final = 0.5
"""Share of lists along one street."""
_FILE: Final = (25.0, 0.7, 12)
"""Rows of an imported file: median, sigma, and the fewest."""
_FILE_MINUTES: Final = 12.0
_FILE_SHAPE: Final = 1.4
_OTHER_SYSTEM: Final = "110转办"
_HOTLINE: Final = "12345热线"
_DAY: Final = 86_400


def lists(
    config: SimulatorConfig, city: CityCatalogue, places: CityPlaces, count: int, rng: np.random.Generator
) -> Pieces:
    """Return lists of one matter in one district that one hand types in, a minute or so apart.

    Args:
        config: The city's span.
        city: Its matters and districts.
        places: Its places.
        count: How many tickets.
        rng: The stream of this kind.
    """
    least, median, sigma = _TYPED
    size = sizes_to(count, least + median * rng.lognormal(0.0, sigma, count // least + 1), least)
    leaf, district, start = _when_and_what(config, city, len(size), rng)
    mean = _GAP[0] * rng.lognormal(0.0, _GAP[1], len(size))
    shape = 1 / (_UNEVEN[0] * rng.lognormal(0.0, _UNEVEN[1], len(size))) ** 2
    gaps = rng.gamma(np.repeat(shape, size), np.repeat(mean / shape, size))
    named = rng.random(len(size)) < _NAMED
    return batches(
        DirtKind.LIST, leaf, district, start, size, np.clip(gaps, 1.0, _LONGEST_GAP),
        place=_along_streets(places, district, size, rng),
        channel=np.full(len(size), city.channels["names"].index(_HOTLINE)),
        caller=np.where(named, np.arange(len(size)), NOBODY),
    )  # fmt: skip


def imports(
    config: SimulatorConfig, city: CityCatalogue, places: CityPlaces, count: int, rng: np.random.Generator
) -> Pieces:
    """Return files of another system, each of one matter in all districts, keyed in within minutes and without callers.

    Args:
        config: The city's span.
        city: Its matters and districts.
        places: Its places.
        count: How many tickets.
        rng: The stream of this kind.
    """
    median, sigma, least = _FILE
    size = sizes_to(count, median * rng.lognormal(0.0, sigma, count // least + 1), least)
    leaf, _, start = _when_and_what(config, city, len(size), rng)
    mean = _FILE_MINUTES * 60 / np.repeat(size, size)
    everywhere = choose(np.array([d.population for d in city.districts]), int(size.sum()), rng)
    return batches(
        DirtKind.IMPORT, leaf, np.full(len(size), -1), start, size, rng.gamma(_FILE_SHAPE, mean / _FILE_SHAPE),
        place=places.draw(everywhere, rng),
        channel=np.full(len(size), city.channels["names"].index(_OTHER_SYSTEM)),
        caller=np.full(len(size), NOBODY),
    )  # fmt: skip


def _when_and_what(
    config: SimulatorConfig, city: CityCatalogue, count: int, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Draw matter, district and beginning of each piece, in office hours."""
    leaf = choose(np.sqrt([leaf.weight * (leaf.born == 0) for leaf in city.leaves]), count, rng)
    district = choose(np.array([d.population for d in city.districts]), count, rng)
    day = config.first_second // _DAY + rng.integers(0, config.days, count)
    return leaf, district, day * _DAY + (rng.uniform(7.0, 19.0, count) * 3600).astype(np.int64)


def _along_streets(places: CityPlaces, district: Ints, size: Ints, rng: np.random.Generator) -> Ints:
    """Return the place of each entry: half of the lists go along one street, the others all over their district."""
    street = places.street[places.draw(district, rng)]
    along = np.repeat(rng.random(len(size)) < _ALONG, size)
    first, last = (np.searchsorted(places.street, np.repeat(street, size), side=side) for side in ("left", "right"))
    beside = first + (rng.random(len(first)) * (last - first)).astype(np.int64)
    return np.where(along, beside, places.draw(np.repeat(district, size), rng))
