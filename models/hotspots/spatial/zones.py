"""The circles that a scan looks at: every place with its nearest neighbours, one more at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from models.hotspots.spatial.scan_places import Floats, Pairs, ScanPlaces

_GROWTH: Final = 1.25


@dataclass(frozen=True)
class Zones:
    """Nested circles around every place.

    Attributes:
        neighbours: Place x rank -> place, the centre first; where the radius ends, the number of places (a row of
            zeros is kept there, so that a shorter list repeats its last circle instead of needing a mask).
        radii_km: Place x rank -> distance of the place at that rank from the centre.
    """

    neighbours: NDArray[np.intp]
    radii_km: Floats

    @classmethod
    def around(cls, places: ScanPlaces, *, max_radius_km: float, max_places: int | None = None) -> Zones:
        """Return the circles up to a radius.

        Args:
            places: Where counts are kept.
            max_radius_km: No circle reaches farther.
            max_places: No circle holds more places; half of all when None, as is usual: a cluster of more than half
                the city is a quiet rest.
        """
        return cls.of(len(places), places.pairs_within_km(max_radius_km), max_places=max_places)

    @classmethod
    def of(cls, count: int, near: Pairs, *, max_places: int | None = None) -> Zones:
        """Return the circles of `count` places, given all pairs that a circle may hold, as `pairs_within_km` does."""
        centre, place, distance = near
        most = max(1, min(max_places or max(count // 2, 1), count))
        sizes = np.bincount(centre, minlength=count)
        rank = np.arange(centre.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        kept = rank < most
        width = max(int(min(sizes.max(initial=0), most)), 1)
        neighbours = np.full((count, width), count, dtype=np.intp)
        radii = np.zeros((count, width))
        neighbours[centre[kept], rank[kept]] = place[kept]
        radii[centre[kept], rank[kept]] = distance[kept]
        return cls(neighbours, np.maximum.accumulate(radii, axis=1))

    @cached_property
    def rings(self) -> Rings:
        """The rings around all places."""
        return Rings.of(self, np.arange(self.neighbours.shape[0]))

    @property
    def width(self) -> int:
        """Most places in one circle."""
        return int(self.neighbours.shape[1])

    def growing_sums(self, *values: Floats) -> Iterator[tuple[Floats, ...]]:
        """Yield, for circles of 1, 2, ... places, the sums of per-place arrays over each centre's circle.

        Args:
            values: Arrays whose first axis is the place.

        Yields:
            Arrays of the same shapes, whose first axis is the centre. They are reused: copy what you keep.
        """
        padded = [np.concatenate([array, np.zeros((1, *array.shape[1:]))]) for array in values]
        sums = [np.zeros_like(array[:-1]) for array in padded]
        for rank in range(self.width):
            members = self.neighbours[:, rank]
            for n, array in enumerate(padded):
                sums[n] += array[members]
            yield tuple(sums)

    def members(self, centre: int, rank: int) -> NDArray[np.intp]:
        """Return the places of a centre's circle up to a rank."""
        row = self.neighbours[centre, : rank + 1]
        return np.asarray(row[row < self.neighbours.shape[0]], dtype=np.intp)


@dataclass(frozen=True)
class Rings:
    """Some sizes of the circles around some centres, as the rings between them: sums without a loop over places.

    Attributes:
        ranks: Last rank of each size; a size is at least a quarter larger than the one before, so that hardly any
            cluster lies far from one.
        members: One sparse matrix, (size x centre) x place: the places a circle has more than the one before.
    """

    ranks: NDArray[np.intp]
    members: csr_array

    @classmethod
    def of(cls, zones: Zones, centres: NDArray[np.intp]) -> Rings:
        """Return the rings of the circles around `centres`."""
        ranks = _sizes(zones.width) - 1
        near = zones.neighbours[centres]
        places = zones.neighbours.shape[0]
        size = np.searchsorted(ranks, np.arange(zones.width))
        row = np.arange(len(centres))[:, None] + len(centres) * size
        inside = near < places
        shape = (len(centres) * ranks.size, places)
        # Single precision counts exactly to 16 million, at half the traffic.
        ones = np.ones(int(inside.sum()), dtype=np.float32)
        return cls(ranks, csr_array((ones, (row[inside], near[inside])), shape=shape))

    def around(self, centres: NDArray[np.intp]) -> Rings:
        """Return the rings of some of these centres, given by their position."""
        every = self.members.shape[0] // self.ranks.size
        rows = np.arange(0, self.members.shape[0], every)[:, None] + centres
        return Rings(self.ranks, self.members[rows.ravel()])

    def growing_sums(self, values: NDArray[np.floating]) -> NDArray[Any]:
        """Return the sums of a per-place array over each circle: size x centre x the array's other axes."""
        rings = self.members @ values.reshape(values.shape[0], -1)
        sums = rings.reshape(self.ranks.size, -1, *values.shape[1:])
        for size in range(1, self.ranks.size):
            sums[size] += sums[size - 1]
        return np.asarray(sums)


def _sizes(width: int) -> NDArray[np.intp]:
    """Return how many places the circles hold: 1, 2, 3, 4, 5, 7, 9, ... up to all."""
    grown = np.floor(_GROWTH ** np.arange(np.ceil(np.log(width) / np.log(_GROWTH)) + 1))
    return np.unique(np.append(np.minimum(grown, width), width)).astype(np.intp)
