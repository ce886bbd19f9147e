"""Places that counts are kept for: districts at their centres, or the cells of a grid laid over points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from features.errors import BadInputError

_EARTH_KM: Final = 6371.0088
_KM_PER_DEGREE: Final = _EARTH_KM * np.pi / 180

Floats = NDArray[np.float64]
Pairs = tuple[NDArray[np.intp], NDArray[np.intp], Floats]
"""First place, second place and the distance between them in km, in this order."""


@dataclass(frozen=True)
class ScanPlaces:
    """Named points on the map.

    Attributes:
        names: One per place.
        lat, lon: Degrees, WGS 84.
        reach_km: How far tickets of a place lie from its point at most: half a grid cell's diagonal, 0 for districts.
    """

    names: tuple[str, ...]
    lat: Floats
    lon: Floats
    reach_km: float = 0.0

    def __len__(self) -> int:
        return len(self.names)

    def distances_km(self) -> Floats:
        """Return great-circle distances between all pairs of places, in km."""
        everyone = np.arange(len(self))
        return self._apart_km(everyone[:, None], everyone)

    def pairs_within_km(self, radius_km: float) -> Pairs:
        """Return the ordered pairs of places no farther apart, each place with itself too, and their distances in km.

        Ordered by the first place, then by distance, then by the second place.
        """
        lat, lon = np.radians(self.lat), np.radians(self.lon)
        sphere = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
        # A little farther than asked for, so that rounding loses no pair; the distance itself decides.
        chord = 2 * np.sin(min(radius_km / (2 * _EARTH_KM), np.pi / 2)) * (1 + 1e-9) + 1e-9
        near = cKDTree(sphere).query_pairs(chord, output_type="ndarray")
        own = np.arange(len(self))
        first = np.concatenate([own, near[:, 0], near[:, 1]]).astype(np.intp)
        second = np.concatenate([own, near[:, 1], near[:, 0]]).astype(np.intp)
        apart = self._apart_km(first, second)
        order = np.lexsort((second, apart, first))
        order = order[apart[order] <= radius_km]
        return first[order], second[order], apart[order]

    def _apart_km(self, first: NDArray[np.intp], second: NDArray[np.intp]) -> Floats:
        lat, lon = np.radians(self.lat), np.radians(self.lon)
        half_lat = np.sin((lat[first] - lat[second]) / 2) ** 2
        half_lon = np.sin((lon[first] - lon[second]) / 2) ** 2
        chord = half_lat + np.cos(lat[first]) * np.cos(lat[second]) * half_lon
        return np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))


def named_places(
    names: Sequence[str] | pd.Series, lat: ArrayLike, lon: ArrayLike
) -> tuple[ScanPlaces, NDArray[np.intp]]:
    """Return one place per name, at the median of its tickets, and the place of every ticket (-1: no name).

    A name none of whose tickets has coordinates is no place.
    """
    frame = pd.DataFrame({"name": np.asarray(names, dtype=object), "lat": lat, "lon": lon})
    named = frame[(frame["name"] != "") & frame["name"].notna()]
    centres = named.groupby("name")[["lat", "lon"]].median().dropna()
    index = pd.Index(centres.index).get_indexer(frame["name"])
    places = ScanPlaces(tuple(map(str, centres.index)), *centres.to_numpy(dtype=float).T)
    return places, np.asarray(index, dtype=np.intp)


def grid_places(lat: ArrayLike, lon: ArrayLike, *, cell_km: float) -> tuple[ScanPlaces, NDArray[np.intp]]:
    """Return the occupied cells of a square grid over points, and the cell of every point (-1: no coordinates).

    Args:
        lat: Degrees north; NaN where a ticket has no coordinates.
        lon: Degrees east.
        cell_km: Side of a cell.

    Raises:
        BadInputError: `cell_km` is not positive.
    """
    if cell_km <= 0:
        raise BadInputError(f"cell_km is {cell_km}", hint="take 0.25 to 2 km")
    y, x = np.asarray(lat, dtype=float), np.asarray(lon, dtype=float)
    known = np.isfinite(y) & np.isfinite(x)
    index = np.full(y.size, -1, dtype=np.intp)
    if not known.any():
        return ScanPlaces((), np.empty(0), np.empty(0)), index
    step_y = cell_km / _KM_PER_DEGREE
    step_x = step_y / max(np.cos(np.radians(np.median(y[known]))), 0.01)
    rows, columns = np.floor(y[known] / step_y).astype(int), np.floor(x[known] / step_x).astype(int)
    west, width = columns.min(), np.ptp(columns) + 1
    index[known], cells = pd.factorize(rows * width + (columns - west), sort=True)
    centre_y, centre_x = (cells // width + 0.5) * step_y, (cells % width + west + 0.5) * step_x
    names = tuple(f"{a:.3f},{b:.3f}" for a, b in zip(centre_y, centre_x, strict=True))
    return ScanPlaces(names, centre_y, centre_x, reach_km=cell_km / np.sqrt(2)), index
