"""How many citizens' tickets every cell truly expects: in a window, and hour by hour."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DAY: Final = 86_400
_HOURS: Final = 24
_HOUR_SECONDS: Final = _DAY // _HOURS


def expected_between(
    volume: Floats, city: CityCatalogue, first_second: int, *, leaf: Ints, district: Ints, start: Ints, end: Ints
) -> Floats:
    """Return the tickets that each cell expects in its window.

    Args:
        volume: Expected tickets of every day, leaf and district.
        city: Whose hours of the day are used.
        first_second: First second of the span, since the epoch in local civil time.
        leaf: Of each window.
        district: Of each window.
        start: Of each window, seconds since the epoch in local civil time.
        end: The same.
    """
    passed = np.concatenate([np.zeros((len(city.leaves), 1)), np.cumsum(hour_shares(city), axis=1)], axis=1)
    first = (start - first_second) // _DAY
    total = np.zeros(len(leaf))
    for n in range(int((end - start).max(initial=0)) // _DAY + 2):
        day = first + n
        midnight = first_second + day * _DAY
        share = _passed(passed, leaf, end - midnight) - _passed(passed, leaf, start - midnight)
        inside = (day >= 0) & (day < len(volume))
        total += np.where(inside, volume[np.clip(day, 0, len(volume) - 1), leaf, district] * share, 0.0)
    return total


def _passed(passed: Floats, leaf: Ints, second: Ints) -> Floats:
    """Return the share of a day's tickets that come before a second of it."""
    hour = np.clip(second, 0, _DAY) / _HOUR_SECONDS
    whole = np.minimum(hour.astype(np.int64), _HOURS - 1)
    before, after = passed[leaf, whole], passed[leaf, whole + 1]
    share: Floats = before + (hour - whole) * (after - before)
    return share


def hour_shares(city: CityCatalogue) -> Floats:
    """Return the share of its day's tickets that each leaf has in each hour, leaves x 24."""
    return np.stack([city.hours[leaf.hours].weights for leaf in city.leaves])


def draw_seconds(city: CityCatalogue, leaf: Ints, rng: np.random.Generator) -> Ints:
    """Draw the second of the day by the leaf's hours: inverse cumulative shares of all profiles on one axis."""
    names = list(city.hours)
    profile = np.array([names.index(item.hours) for item in city.leaves])[leaf]
    axis = np.concatenate([i + np.cumsum(city.hours[name].weights) for i, name in enumerate(names)])
    hour = np.searchsorted(axis, profile + rng.random(len(leaf)), side="right") - profile * 24
    seconds: Ints = np.clip(hour, 0, 23) * _HOUR_SECONDS + rng.integers(0, _HOUR_SECONDS, len(leaf))
    return seconds
