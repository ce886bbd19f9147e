"""The city on paper: category tree, districts and time profiles, read from the TOML files beside this module."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Leaf:
    """One matter people call about, with the class and item above it."""

    class_name: str
    class_code: str
    item_name: str
    item_code: str
    name: str
    code: str
    department: str
    mix: str
    hours: str
    weight: float
    season: str
    problems: tuple[str, ...]
    burst: bool = False
    born: float = 0.0


@dataclass(frozen=True)
class District:
    """A city or county: share of volume, where it lies, how it grows."""

    name: str
    population: float
    centre: tuple[float, float]
    spread: float
    trend: float
    tourism: float
    streets: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """How a matter's volume moves in time; see seasons.toml for the meaning of each number."""

    bumps: tuple[tuple[float, float, float], ...] = ()
    spring: float = 0.43
    run_up: float = 1.0
    holiday: float = 0.75
    typhoon: float = 0.0
    aftermath: float = 0.0
    heat: float = 0.0
    rain: float = 0.0
    cold: float = 0.0


@dataclass(frozen=True)
class Hours:
    """Relative volume in each hour of the day, and on days off."""

    weights: Floats
    weekend: float


@dataclass(frozen=True)
class CityCatalogue:
    """Everything of the city that is written down rather than drawn."""

    leaves: tuple[Leaf, ...]
    districts: tuple[District, ...]
    profiles: dict[str, Profile]
    mixes: dict[str, Floats]
    request_types: tuple[str, ...]
    hours: dict[str, Hours]
    places: dict[str, Any] = field(repr=False)
    channels: dict[str, Any] = field(repr=False)
    phrases: dict[str, Any] = field(repr=False)


@cache
def catalogue() -> CityCatalogue:
    """Read the city's four TOML files once per process."""
    seasons, city = _toml("seasons"), _toml("city")
    return CityCatalogue(
        leaves=tuple(_leaves(_toml("catalogue"))),
        districts=tuple(_district(row) for row in city["district"]),
        profiles={name: _profile(row) for name, row in seasons["profile"].items()},
        mixes={name: np.array(row) for name, row in seasons["mix"].items()},
        request_types=tuple(seasons["types"]),
        hours={name: _hours(row) for name, row in seasons["hours"].items()},
        places=city["places"],
        channels=city["channels"],
        phrases=_toml("phrases"),
    )


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files("features.simulator").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def _leaves(tree: dict[str, Any]) -> list[Leaf]:
    return [
        Leaf(
            class_name=top["name"],
            class_code=f"{i:02d}",
            item_name=item["name"],
            item_code=f"{i:02d}{j:02d}",
            code=f"{i:02d}{j:02d}{k:02d}",
            department=item["department"],
            mix=item["mix"],
            hours=item["hours"],
            **{**leaf, "problems": tuple(leaf["problems"])},
        )
        for i, top in enumerate(tree["class"], 1)
        for j, item in enumerate(top["item"], 1)
        for k, leaf in enumerate(item["leaf"], 1)
    ]


def _district(row: dict[str, Any]) -> District:
    return District(**{**row, "centre": tuple(row["centre"]), "streets": tuple(row["streets"])})


def _profile(row: dict[str, Any]) -> Profile:
    return Profile(**{**row, "bumps": tuple(tuple(bump) for bump in row.get("bumps", ()))})


def _hours(row: dict[str, Any]) -> Hours:
    weights = np.array(row["weights"], dtype=float)
    return Hours(weights=weights / weights.sum(), weekend=row["weekend"])
