"""Offices, a department of a district each, that start or stop using the tool: a shift of level that is no event."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.dirt.pieces import DirtKind, Pieces
from features.simulator.incidents import choose
from features.simulator.simulator_config import SimulatorConfig

BESIDE: Final = 0.03
"""Share of its tickets that reach the tool while an office does not use it."""


def offices(config: SimulatorConfig, city: CityCatalogue, rng: np.random.Generator, *, a_year: float) -> Pieces:
    """Return the offices that start or stop, one after the other over the span.

    Args:
        config: The city's span.
        city: Its departments and districts; busy offices are drawn more often.
        rng: The stream of this kind.
        a_year: How many a year.
    """
    departments = list(dict.fromkeys(leaf.department for leaf in city.leaves))
    volume = np.zeros((len(departments), len(city.districts)))
    for leaf in city.leaves:
        volume[departments.index(leaf.department)] += leaf.weight * np.array([d.population for d in city.districts])
    chosen = np.array(list(dict.fromkeys(choose(volume.ravel(), 10 * volume.size, rng).tolist())), dtype=np.int64)
    start = spread_out(config, a_year, rng)
    chosen = chosen[: len(start)]
    start, starts = start[: len(chosen)], rng.random(len(chosen)) < 0.5  # noqa: PLR2004 - one or the other
    return Pieces(
        kind=[DirtKind.OFFICE_STARTS if it else DirtKind.OFFICE_STOPS for it in starts],
        leaf=np.full(len(chosen), -1),
        district=chosen % len(city.districts),
        start=start,
        end=np.full(len(chosen), config.last_second),
        detail=[departments[n // len(city.districts)] for n in chosen],
    )


def spread_out(config: SimulatorConfig, a_year: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return so many moments a year, spread evenly over the span and each at random within its part."""
    count = round(a_year * config.days / 365.25)
    span = config.last_second - config.first_second
    share = (np.arange(count) + rng.random(count)) / max(count, 1)
    return config.first_second + (share * span).astype(np.int64)


def in_use(
    pieces: Pieces, city: CityCatalogue, leaf: NDArray[np.int64], district: NDArray[np.int64], at: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return which share of its tickets reaches the tool, by matter, district and moment."""
    share = np.ones(np.broadcast(leaf, district, at).shape)
    department = np.array([item.department for item in city.leaves])
    for n in pieces.of(DirtKind.OFFICE_STARTS, DirtKind.OFFICE_STOPS):
        own = (department[leaf] == pieces.detail[n]) & (district == pieces.district[n])
        idle = (at < pieces.start[n]) == (pieces.kind[n] == DirtKind.OFFICE_STARTS)
        share = np.where(own & idle, BESIDE, share)
    return share
