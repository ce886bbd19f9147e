"""Shocks that districts and categories share: typhoons, heat waves, heavy rain, cold spells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import District

Floats = NDArray[np.float64]

KINDS: Final = ("typhoon", "aftermath", "heat", "rain", "cold")
_REACH_DEGREES: Final = 0.7
_AFTERMATH_DAYS: Final = 10


@dataclass(frozen=True)
class _Regime:
    """When a shock comes: events a year, and the window of the year (days) they fall into."""

    per_year: float
    first_day: int
    last_day: int
    days: tuple[int, int]


_REGIMES: Final = {
    "typhoon": _Regime(4.5, 185, 300, (2, 4)),
    "heat": _Regime(5.0, 130, 235, (4, 10)),
    "rain": _Regime(9.0, 120, 310, (1, 3)),
    "cold": _Regime(3.0, 350, 410, (3, 7)),
}


def shock_days(days: NDArray[np.datetime64], districts: tuple[District, ...], rng: np.random.Generator) -> Floats:
    """Draw the intensity of every shock, day by day and district by district.

    Args:
        days: The simulated days, `datetime64[D]`, consecutive.
        districts: Where the shocks can land.
        rng: The stream of the shocks.

    Returns:
        Array (days, districts, `KINDS`), 0 on quiet days, about 1 on the worst day of an ordinary event.
    """
    intensity = np.zeros((len(days), len(districts), len(KINDS)))
    centres = np.array([d.centre for d in districts])
    first_year, last_year = (int(str(day)[:4]) for day in (days[0], days[-1]))
    for year in range(first_year - 1, last_year + 1):
        for kind, regime in _REGIMES.items():
            for _ in range(rng.poisson(regime.per_year)):
                begin = np.datetime64(f"{year}-01-01") + int(rng.integers(regime.first_day, regime.last_day))
                length = int(rng.integers(regime.days[0], regime.days[1] + 1))
                _land(intensity, kind, int((begin - days[0]).astype(int)), length, centres, rng=rng)
    return intensity


def _land(intensity: Floats, kind: str, first: int, length: int, centres: Floats, *, rng: np.random.Generator) -> None:
    """Add one event that begins on day `first`, which may lie outside the span."""
    strength = rng.gamma(4.0, 0.25)
    eye = centres[rng.integers(len(centres))] + rng.normal(0, 0.2, 2)
    distance = np.hypot(*(centres - eye).T)
    reach = np.exp(-((distance / _REACH_DEGREES) ** 2)) if kind in {"typhoon", "rain"} else np.ones(len(centres))
    shape = np.sin(np.pi * (np.arange(length) + 0.5) / length)
    _add(intensity[:, :, KINDS.index(kind)], first, strength * np.outer(shape, reach))
    if kind == "typhoon":
        _add(intensity[:, :, KINDS.index("rain")], first, 0.6 * strength * np.outer(shape, reach))
        fading = np.exp(-np.arange(_AFTERMATH_DAYS) / 4.0)
        _add(intensity[:, :, KINDS.index("aftermath")], first + length, strength * np.outer(fading, reach))


def _add(target: Floats, first: int, block: Floats) -> None:
    begin, end = max(first, 0), min(first + len(block), len(target))
    if begin < end:
        target[begin:end] += block[begin - first : end - first]
