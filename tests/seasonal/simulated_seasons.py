"""Weekly series with known seasons of several shapes, and series without any: what a season finder is judged by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MONDAY: Final = pd.Timestamp("2020-01-06")


def weeks_of(years: int) -> pd.DatetimeIndex:
    """Return the Mondays of so many years and a third."""
    return pd.date_range(_MONDAY, periods=52 * years + 17, freq="7D")


def _within(weeks: pd.DatetimeIndex, first: int, last: int, shift: Callable[[int], int] = lambda _: 0) -> Floats:
    """Return 1 in the ISO weeks of a season, moved by so many weeks in each year."""
    iso = weeks.isocalendar()
    moved = np.array([shift(year) for year in iso["year"]])
    return np.asarray((iso["week"] - moved).between(first, last), dtype=float)


def seasonal(shape: str, years: int, draw: np.random.Generator) -> tuple[Floats, tuple[int, int]]:
    """Return the expected tickets of each week, and the ISO weeks in which the season lies."""
    weeks = weeks_of(years)
    first = int(draw.integers(8, 28))
    moves = {int(year): int(draw.integers(-1, 2)) for year in weeks.year.unique()}
    moves |= {year + 1: 0 for year in moves if year + 1 not in moves}
    level = float(draw.choice([5.0, 15.0, 60.0]))
    trend = np.exp(draw.uniform(-0.2, 0.3) * np.arange(len(weeks)) / 52)
    length, times = {
        "summer": (14, 2.5),
        "sharp": (3, 8.0),
        "half a year": (24, 2.5),
        "moving": (6, 4.0),
        "only then": (12, 1.0),
        "rounded": (16, 3.0),
    }[shape]
    last = first + length - 1
    inside = _within(weeks, first, last, (lambda year: moves[year]) if shape == "moving" else lambda _: 0)
    if shape == "only then":
        return level * trend * inside, (first, last)
    if shape == "rounded":
        iso = weeks.isocalendar()["week"].to_numpy(dtype=float)
        inside = inside * np.sin(np.pi * (iso - first + 0.5) / length)
    return level * trend * (1 + (times - 1) * inside), (first, last)


SHAPES: Final = ("summer", "sharp", "half a year", "moving", "only then", "rounded")


def unseasonal(kind: str, years: int, draw: np.random.Generator) -> Floats:
    """Return the expected tickets of each week of a series that has no season."""
    count = len(weeks_of(years))
    level = float(draw.choice([1.0, 5.0, 15.0, 60.0]))
    mean = np.full(count, level)
    if kind == "growing":
        return mean * np.exp(draw.uniform(0.3, 0.9) * np.arange(count) / 52)
    if kind == "wandering":
        return mean * np.exp(np.cumsum(draw.normal(0, 0.12, count)))
    if kind == "storms":
        for week in draw.integers(0, count - 3, 2 * years):
            mean[week : week + draw.integers(1, 4)] *= draw.uniform(3, 10)
    if kind == "steps":
        for week in draw.integers(10, count - 10, 3):
            mean[week:] *= draw.choice([0.4, 2.5])
    return mean


WITHOUT: Final = ("flat", "growing", "wandering", "storms", "steps")


def counts(mean: Floats, draw: np.random.Generator, dispersion: float = 1.5) -> NDArray[np.int64]:
    """Draw overdispersed counts: the variance is so many times the mean."""
    shape = np.maximum(mean, 1e-9) / (dispersion - 1)
    return np.asarray(draw.poisson(draw.gamma(shape, dispersion - 1)), dtype=np.int64)
