"""Invented communities, roads and markets, each in a street of a district, with a point on the map."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_KINDS: Final = ("homes", "villages", "roads", "spots")
_SHARES: Final = {"街道": (0.6, 0.0, 0.25, 0.15), "社区": (0.6, 0.0, 0.25, 0.15), "镇": (0.3, 0.42, 0.18, 0.1)}
ROAD: Final = _KINDS.index("roads")


@dataclass(frozen=True)
class CityPlaces:
    """All places, ordered by district.

    Attributes:
        name: Name of each place, such as 碧海花园.
        street: Index of its street into `street_names`.
        district: Index of its district.
        kind: 0 homes, 1 village, 2 road, 3 market or square.
        lat, lon: Its point.
        cumulative: District index plus the running share of the district's volume: one sorted axis for all districts.
        first: Index of each district's first place; one more entry than districts.
    """

    name: list[str]
    street: Ints
    street_names: list[str]
    district: Ints
    kind: Ints
    lat: Floats
    lon: Floats
    cumulative: Floats
    first: Ints

    def draw(self, district: Ints, rng: np.random.Generator) -> Ints:
        """Draw a place for each ticket of the given districts; busy places are drawn more often."""
        at = np.searchsorted(self.cumulative, district + rng.random(len(district)), side="right")
        return np.clip(at, self.first[district], self.first[district + 1] - 1)


def invent_places(city: CityCatalogue, rng: np.random.Generator) -> CityPlaces:
    """Invent every place of the city."""
    per_street = city.places["per_street"]
    streets = [(d, street) for d, district in enumerate(city.districts) for street in district.streets]
    district = np.repeat([d for d, _ in streets], per_street)
    street = np.repeat(np.arange(len(streets)), per_street)
    kind = np.concatenate([_kinds(name, per_street, rng) for _, name in streets])
    lat, lon = _points(city, district, street, len(streets), rng)
    first = np.searchsorted(district, np.arange(len(city.districts) + 1))
    return CityPlaces(
        name=_names(city, kind, per_street, rng),
        street=street,
        street_names=[name for _, name in streets],
        district=district,
        kind=kind,
        lat=lat,
        lon=lon,
        cumulative=_cumulative(rng.gamma(0.8, 1.0, len(street)) + 0.02, first),
        first=first,
    )


def _kinds(street: str, count: int, rng: np.random.Generator) -> Ints:
    shares = next((share for suffix, share in _SHARES.items() if street.endswith(suffix)), _SHARES["镇"])
    return rng.choice(len(_KINDS), count, p=shares)


def _names(city: CityCatalogue, kind: Ints, per_street: int, rng: np.random.Generator) -> list[str]:
    """Name places so that no two of one street share a stem while stems last."""
    stems = city.places["stems"]
    endings = [city.places[name] for name in _KINDS]
    names = []
    for start in range(0, len(kind), per_street):
        order = np.resize(rng.permutation(len(stems)), per_street)
        chosen = rng.random(per_street)
        for stem, which, u in zip(order, kind[start : start + per_street], chosen, strict=True):
            names.append(stems[stem] + endings[which][int(u * len(endings[which]))])
    return names


def _points(
    city: CityCatalogue, district: Ints, street: Ints, streets: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    centre = np.array([d.centre for d in city.districts])
    spread = np.array([d.spread for d in city.districts])[district]
    street_offset = rng.normal(0, 1, (streets, 2))[street]
    point = centre[district] + spread[:, None] * (street_offset + 0.25 * rng.normal(0, 1, (len(district), 2)))
    return point[:, 0], point[:, 1]


def _cumulative(weight: Floats, first: Ints) -> Floats:
    parts = [np.cumsum(weight[a:b]) / weight[a:b].sum() for a, b in itertools.pairwise(first)]
    return np.concatenate([d + part for d, part in enumerate(parts)])
