"""A category's tickets on its map: places with a ticket, and what was counted there day by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.placed import PlacedTickets
from models.hotspots.spatial.places import Floats, Pairs, Places, grid_places, named_places


@dataclass(frozen=True)
class Layout:
    """Tickets of one matter: every ticket's place, period (0 the oldest), and whether it counts (no caller's repeat).

    Attributes:
        matter: What they are about.
        places: Where they lie; an empty place is nobody's centre.
        near: Pairs of them that one circle may hold.
        place, period, counted: Of each ticket.
        key: "source/ticket_id" of the recent ones.
        periods: How many days.
    """

    matter: str
    places: Places
    near: Pairs
    place: NDArray[np.intp]
    period: NDArray[np.intp]
    counted: NDArray[np.bool_]
    key: Any
    periods: int

    def counts(self) -> Floats:
        """Return place x period counts (a period's lie side by side)."""
        places = len(self.places)
        flat = self.period[self.counted] * places + self.place[self.counted]
        counts = np.bincount(flat, minlength=places * self.periods).astype(float)
        return np.asarray(counts.reshape(self.periods, places).T)

    def recent(self, days: int) -> int:
        """Return how many tickets count in the last days."""
        return int(np.count_nonzero(self.counted & (self.period >= self.periods - days)))

    def keys(self, members: NDArray[np.intp], days: int) -> list[str]:
        """Return the keys of the tickets of some places in the last days, repeats with them."""
        inside = np.isin(self.place, members) & (self.period >= self.periods - days)
        return list(self.key.take(np.flatnonzero(inside)).to_pylist())


def layouts(
    placed: PlacedTickets, *, places: Literal["points", "district"], cell_km: float, radius_km: float
) -> Iterator[Layout]:
    """Yield the tickets of each matter on one grid, or in their districts; none where nothing lies anywhere."""
    if places == "points":
        laid, place = grid_places(placed.lat, placed.lon, cell_km=cell_km)
    else:
        districts = np.array(placed.districts, dtype=object)[placed.district]
        laid, place = named_places(districts, placed.lat, placed.lon)
    near = laid.pairs_within_km(radius_km)
    first = np.searchsorted(near[0], np.arange(len(laid) + 1))
    inside = np.flatnonzero(place >= 0)
    periods = int(placed.age[inside].max(initial=-1)) + 1
    # Numbers of 16 bits are sorted in one pass.
    narrow = np.min_scalar_type(len(placed.matters))
    by_matter = inside[np.argsort(placed.matter[inside].astype(narrow), kind="stable")]
    ends = np.cumsum(np.bincount(placed.matter[inside], minlength=len(placed.matters)))
    for matter, start, end in zip(placed.matters, [0, *ends], ends, strict=False):
        rows = by_matter[start:end]
        own, used = pd.factorize(place[rows], sort=True)
        yield Layout(
            matter=matter,
            places=Places(tuple(laid.names[at] for at in used), laid.lat[used], laid.lon[used], laid.reach_km),
            near=_among(near, first, used),
            place=own,
            period=periods - 1 - placed.age[rows].astype(np.intp),
            counted=~placed.again[rows],
            key=placed.key.take(rows),
            periods=periods,
        )


def _among(near: Pairs, first: NDArray[np.intp], used: NDArray[np.intp]) -> Pairs:
    """Return the pairs of some places, which are numbered anew; `first` is where each place's pairs begin."""
    sizes = first[used + 1] - first[used]
    own = np.arange(sizes.sum()) + np.repeat(first[used] - (np.cumsum(sizes) - sizes), sizes)
    number = np.full(first.size - 1, -1, dtype=np.intp)
    number[used] = np.arange(used.size)
    second = number[near[1][own]]
    both = second >= 0
    return np.repeat(np.arange(used.size), sizes)[both], second[both], near[2][own[both]]
