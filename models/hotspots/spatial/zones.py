"""The circles that a scan looks at: every place with its nearest neighbours, one more at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.hotspots.spatial.places import Floats, Places


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
    def around(cls, places: Places, *, max_radius_km: float, max_places: int | None = None) -> Zones:
        """Return the circles up to a radius.

        Args:
            places: Where counts are kept.
            max_radius_km: No circle reaches farther.
            max_places: No circle holds more places; half of all when None, as is usual: a cluster of more than half
                the city is a quiet rest.
        """
        count = len(places)
        most = max(1, min(max_places or max(count // 2, 1), count))
        distances = places.distances_km()
        order = np.argsort(distances, axis=1, kind="stable")[:, :most]
        radii = np.take_along_axis(distances, order, axis=1)
        inside = radii <= max_radius_km
        width = max(int(inside.sum(axis=1).max(initial=0)), 1)
        order = np.where(inside, order, count)[:, :width]
        reached = np.maximum.accumulate(np.where(inside, radii, 0.0), axis=1)[:, :width]
        return cls(order.astype(np.intp), reached)

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
