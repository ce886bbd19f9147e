"""What is injected on top of ordinary days, and known: bursts of many callers, and callers who call dozens of times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.city_places import CityPlaces
from features.simulator.simulator_config import SimulatorConfig
from features.vocabulary import Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_ORDINARY_DAY: Final = 550.0
"""Tickets a day of the demo city, at which a burst's median size is `_MEDIAN_SIZE`."""
_MEDIAN_SIZE: Final = 16.0
_SMALLEST: Final = 4
_LARGEST_SHARE: Final = {Kind.SHARED: 0.10, Kind.REPEAT: 0.03}
_TRIES: Final = 8


@dataclass(frozen=True)
class Incidents:
    """Injected incidents, one entry each.

    Attributes:
        repeat: True for 一人多诉, False for 多人同诉.
        leaf, place, problem: What and where; `problem` is the index of the sentence all its callers say.
        start, end: Its window, seconds since the epoch in local civil time.
        size: Tickets it adds.
        ticket_incident: Of each injected ticket, its incident.
        ticket_opened: When that ticket was opened, seconds since the epoch in local civil time.
    """

    repeat: NDArray[np.bool_]
    leaf: Ints
    place: Ints
    problem: Ints
    start: Ints
    end: Ints
    size: Ints
    ticket_incident: Ints
    ticket_opened: Ints


def inject_incidents(config: SimulatorConfig, city: CityCatalogue, places: CityPlaces) -> Incidents:
    """Draw every incident and the moments of its tickets."""
    rng = config.rng(5)
    shared = _sizes(config.burst_count, config, rng, repeat=False)
    again = _sizes(config.repeater_count, config, rng, repeat=True)
    size = np.concatenate([shared, again])
    repeat = np.arange(len(size)) >= len(shared)
    leaf, district = _matters(city, repeat, rng)
    start, end = draw_windows(config, repeat, rng)
    which = np.repeat(np.arange(len(size)), size)
    return Incidents(
        repeat=repeat,
        leaf=leaf,
        place=places.draw(district, rng),
        problem=rng.integers(0, 3, len(size)),
        start=start,
        end=end,
        size=size,
        ticket_incident=which,
        ticket_opened=moments_of(city, leaf[which], start[which], end[which], rng),
    )


def _sizes(count: int, config: SimulatorConfig, rng: np.random.Generator, *, repeat: bool) -> Ints:
    """Return the sizes; the list ends where injected tickets would be more than a set share of all."""
    if repeat:
        size = 6 + rng.gamma(2.0, 10.0, count)
    else:
        scale = np.clip((config.tickets / config.days / _ORDINARY_DAY) ** 0.4, 0.4, 3.0)
        size = _MEDIAN_SIZE * scale * rng.lognormal(0.0, 0.7, count)
    whole = np.maximum(size.astype(np.int64), _SMALLEST)
    return whole[np.cumsum(whole) <= _LARGEST_SHARE[Kind.REPEAT if repeat else Kind.SHARED] * config.tickets]


def _matters(city: CityCatalogue, repeat: NDArray[np.bool_], rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw leaf and district; the square root keeps small matters and places among them."""
    weight = np.sqrt([leaf.weight if leaf.born == 0 else 0.0 for leaf in city.leaves])
    shared = weight * [leaf.burst for leaf in city.leaves]
    people = np.sqrt([d.population for d in city.districts])
    count = len(repeat)
    leaf = np.where(repeat, choose(weight, count, rng), choose(shared, count, rng))
    return leaf, choose(people, count, rng)


def choose(weight: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Draw so many positions by weight."""
    return rng.choice(len(weight), count, p=weight / weight.sum())


def draw_windows(config: SimulatorConfig, repeat: NDArray[np.bool_], rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return start and end: hours to days for bursts, weeks to months for one caller."""
    begin = np.datetime64(config.start, "s").astype(np.int64)
    span = np.datetime64(config.export_time, "s").astype(np.int64) - begin
    shortest = np.where(repeat, 10 * _DAY, 2 * _HOUR)
    longest = np.where(repeat, 150 * _DAY, 6 * _DAY)
    length = np.exp(rng.uniform(np.log(shortest), np.log(longest)))
    length = np.minimum(length, 0.8 * span)
    start = begin + (rng.random(len(repeat)) * (span - length)).astype(np.int64)
    return start, start + length.astype(np.int64)


def moments_of(city: CityCatalogue, leaf: Ints, start: Ints, end: Ints, rng: np.random.Generator) -> Ints:
    """Draw when each ticket comes: early in the window rather than late, and at hours when people call."""
    names = list(city.hours)
    by_hour = np.stack([city.hours[name].weights / city.hours[name].weights.max() for name in names])
    profile = np.array([names.index(item.hours) for item in city.leaves])[leaf]
    tries = start[:, None] + (rng.beta(1.2, 2.2, (len(leaf), _TRIES)) * (end - start)[:, None]).astype(np.int64)
    accepted = rng.random(tries.shape) < by_hour[profile[:, None], tries // _HOUR % 24]
    moments: Ints = tries[np.arange(len(leaf)), accepted.argmax(axis=1)]
    return moments
