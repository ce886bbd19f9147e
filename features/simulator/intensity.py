"""How many tickets each cell expects each day: trend, seasons, days off, the lunar year, shocks and shared luck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.calendars import calendar_frame
from features.simulator.catalogue import CityCatalogue, District, Leaf, Profile
from features.simulator.simulator_config import SimulatorConfig

Floats = NDArray[np.float64]

_YEAR: Final = 365.25
_WORKDAY: Final = np.array([1.06, 1.02, 1.0, 0.99, 0.97, 1.0, 1.0])
_SPRING_WEEK: Final = (-1, 6)
_RUN_UP_DAYS: Final = 28
_FALL_DAYS: Final = 7
_REBOUND_DAYS: Final = 10
_REBOUND: Final = 1.08
_POLICY_STEPS: Final = (3.35, 1.8, 0.55)
"""Level shifts of single matters; 3.35 is the +235 % that one change of policy brought."""
_TOURIST_SEASONS: Final = frozenset({"tourist", "snowbird"})


@dataclass(frozen=True)
class Days:
    """The simulated days and what kind of day each is."""

    day: NDArray[np.datetime64]
    weekday: NDArray[np.int64]
    off: NDArray[np.bool_]
    holiday: NDArray[np.bool_]
    to_new_year: NDArray[np.int64]


def civil_days(config: SimulatorConfig) -> Days:
    """Return the span's days with weekday (0 = Monday), days off, public holidays and distance to Spring Festival."""
    last = config.start + timedelta(days=config.days - 1)
    frame: Any = calendar_frame("CN", config.start, last)
    day = frame["date"].to_numpy().astype("datetime64[D]")
    return Days(
        day=day,
        weekday=(day.astype(int) + 3) % 7,
        off=~frame["is_workday"].to_numpy(bool),
        holiday=frame["is_holiday"].to_numpy(bool),
        to_new_year=frame["days_to_lunar_new_year"].to_numpy(np.int64),
    )


def expected_tickets(config: SimulatorConfig, city: CityCatalogue) -> Floats:
    """Return the relative volume of every day, leaf and district, overdispersion included.

    Returns:
        Array (days, leaves, districts) that sums to 1.
    """
    days = civil_days(config)
    volume = _in_time(days, city, config.rng(1))[:, :, None] * _in_space(days, city, config.rng(2))
    sensitivity = np.array([[getattr(city.profiles[leaf.season], kind) for kind in KINDS] for leaf in city.leaves])
    shocks = shock_days(days.day, city.districts, config.rng(3))
    volume *= np.maximum(1.0 + np.einsum("dak,lk->dla", shocks, sensitivity), 0.2)
    volume *= _luck(volume.shape, config.rng(4))
    volume /= volume.sum()
    return volume


def _in_time(days: Days, city: CityCatalogue, rng: np.random.Generator) -> Floats:
    """Return (days, leaves): season, week, holidays, birth and policy steps of every leaf."""
    profiles = {name: _season(days, profile) for name, profile in city.profiles.items()}
    in_time = np.stack([profiles[leaf.season] * leaf.weight * _week(days, city, leaf) for leaf in city.leaves], axis=1)
    age = np.arange(len(days.day))[:, None] / len(days.day)
    in_time *= age >= np.array([leaf.born for leaf in city.leaves])
    for step in _POLICY_STEPS:
        leaf, moment = rng.integers(len(city.leaves)), rng.uniform(0.2, 0.9)
        in_time[:, leaf] *= np.where(age[:, 0] >= moment, step, 1.0)
    return in_time


def _season(days: Days, profile: Profile) -> Floats:
    day_of_year = (days.day - days.day.astype("datetime64[Y]")).astype(int) + 1.0
    season = np.ones(len(days.day))
    for centre, width, height in profile.bumps:
        away = np.abs(day_of_year - centre)
        away = np.minimum(away, _YEAR - away)
        season += height * np.exp(-0.5 * (away / width) ** 2)
    to_new_year = days.to_new_year
    in_week = (to_new_year >= _SPRING_WEEK[0]) & (to_new_year <= _SPRING_WEEK[1])
    season *= np.where(days.holiday & ~in_week, profile.holiday, 1.0)
    return season * _lunar(to_new_year, profile)


def _lunar(to_new_year: NDArray[np.int64], profile: Profile) -> Floats:
    """Return the factor of the lunar year: run-up, fall over the last week, the festival week, rebound."""
    first, last = _SPRING_WEEK
    before = np.clip((to_new_year + _RUN_UP_DAYS) / _RUN_UP_DAYS, 0, 1)
    fall = 1 + (profile.spring - 1) * (to_new_year + _FALL_DAYS + 1) / (2 * _FALL_DAYS)
    run_up = np.where(to_new_year < first, 1 + (profile.run_up - 1) * before, 1.0)
    nearing = np.where((to_new_year < first) & (to_new_year >= -_FALL_DAYS), fall, 1.0)
    after = np.where((to_new_year > last) & (to_new_year <= last + _REBOUND_DAYS), _REBOUND, 1.0)
    in_week = (to_new_year >= first) & (to_new_year <= last)
    return np.where(in_week, profile.spring, run_up * np.maximum(nearing, 0.2) * after)


def _week(days: Days, city: CityCatalogue, leaf: Leaf) -> Floats:
    return np.where(days.off, city.hours[leaf.hours].weekend, _WORKDAY[days.weekday])


def _in_space(days: Days, city: CityCatalogue, rng: np.random.Generator) -> Floats:
    """Return (days, leaves, districts): size, growth, tourism and the tastes of every district."""
    size = np.array([d.population for d in city.districts])
    years = np.arange(len(days.day)) / _YEAR
    growth = np.exp(np.outer(years, [d.trend for d in city.districts]))
    tourism = np.array([d.tourism for d in city.districts])
    tourist = np.array([leaf.season in _TOURIST_SEASONS for leaf in city.leaves])
    taste = rng.gamma(6.0, 1 / 6.0, (len(city.leaves), len(size))) * np.where(tourist[:, None], tourism, 1.0)
    in_space: Floats = (size * growth)[:, None, :] * taste[None]
    return in_space


def _luck(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return the gamma factors that make counts overdispersed, shared by day, leaf, district and week of a cell."""
    days, leaves, districts = shape
    weeks = np.arange(days) // 7
    by_cell_week = rng.gamma(12.0, 1 / 12.0, (weeks[-1] + 1, leaves, districts))
    by_leaf_week = np.exp(_wandering(weeks[-1] + 1, leaves, rng))
    by_leaf_day = rng.gamma(60.0, 1 / 60.0, (days, leaves))
    by_district_day = rng.gamma(120.0, 1 / 120.0, (days, districts))
    luck: Floats = by_cell_week[weeks] * (by_leaf_week[weeks] * by_leaf_day)[:, :, None] * by_district_day[:, None, :]
    return luck


def _wandering(
    weeks: int, leaves: int, rng: np.random.Generator, *, memory: float = 0.85, sigma: float = 0.12
) -> Floats:
    """Return a log-level per week and leaf that remembers: a first-order autoregression."""
    level = np.zeros((weeks, leaves))
    steps = rng.normal(0, sigma * np.sqrt(1 - memory**2), (weeks, leaves))
    level[0] = rng.normal(0, sigma, leaves)
    for week in range(1, weeks):
        level[week] = memory * level[week - 1] + steps[week]
    return level


# Shocks that districts and categories share: typhoons, heat waves, heavy rain, cold spells.


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
