"""What callers say: titles and texts joined from prepared pieces, a column at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.city_places import ROAD, CityPlaces
from features.simulator.draws import Draws
from features.simulator.plan import Plan, make_plan
from features.simulator.simulator_config import SimulatorConfig

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_POOL: Final = 4096
"""Prepared variants of a piece that holds a name or a number."""
_GOLDEN: Final = 0.6180339887498949
_SEPARATOR: Final = ""


@dataclass(frozen=True)
class _Table:
    """Strings that depend on a row, in variants: row r has `variants[r]` strings from `first[r]` on."""

    strings: Any
    first: Ints
    variants: Ints

    def pick(self, row: Ints, chance: Floats) -> Any:
        return _take(self.strings, self.first[row] + (chance * self.variants[row]).astype(np.int64))


@dataclass(frozen=True)
class Phrasebook:
    """Every piece of text the city can say.

    Attributes:
        openings, rooms, roads, since, impact: Pools, one of which is drawn.
        problems: By leaf; demand, title: by request type and leaf.
        addresses: District, street and name of every place.
        contact_shares: Running shares of the contact lines; before, after: their parts around the number; holds: what
            the number is.
        identities, plates: Pools of invented numbers.
    """

    openings: Any
    rooms: Any
    roads: Any
    since: Any
    impact: Any
    problems: _Table
    demand: _Table
    title: _Table
    addresses: Any
    contact_shares: Floats
    contact_before: _Table
    contact_after: Any
    contact_holds: Ints
    identities: Any
    plates: Any


_PHONE, _IDENTITY, _PLATE, _NOTHING = range(4)
_SLOTS: Final = ("{phone}", "{id}", "{plate}")


@lru_cache(maxsize=1)
def make_phrasebook(config: SimulatorConfig) -> Phrasebook:
    """Prepare all pieces for a configuration."""
    plan = make_plan(config)
    city, words, rng = plan.shown, plan.city.phrases, config.rng(7)
    lines = words["contact"]["lines"]
    parts = [_split(line) for line in lines]
    return Phrasebook(
        openings=pa.array(_filled(words["openings"], words, rng)),
        rooms=pa.array(_filled(words["rooms"], words, rng)),
        roads=pa.array(_filled(words["roads"], words, rng)),
        since=pa.array(words["since"]),
        impact=pa.array(words["impact"]),
        problems=_table([list(leaf.problems) for leaf in city.leaves]),
        demand=_table(_by_type_and_leaf(city, words["demand"])),
        title=_table(_by_type_and_leaf(city, words["title"])),
        addresses=pa.array(_addresses(city, plan.places)),
        contact_shares=np.cumsum(words["contact"]["shares"]),
        contact_before=_table([_filled([before], words, rng, count=256) for before, _, _ in parts]),
        contact_after=pa.array([after for _, _, after in parts]),
        contact_holds=np.array([holds for _, holds, _ in parts]),
        identities=pa.array(identity_numbers(_POOL, rng)),
        plates=pa.array(number_plates(_POOL, rng)),
    )


def write_words(plan: Plan, book: Phrasebook, drawn: Draws, rng: np.random.Generator) -> dict[str, Any]:
    """Return the columns that hold words: title, text, address and the caller's number, one entry per ticket."""
    chance = _Chances(plan, drawn, rng)
    road = plan.places.kind[drawn.place] == ROAD
    where = chance.kept()
    room = pc.if_else(pa.array(road), _one_of(book.roads, where), _one_of(book.rooms, where))
    place = _take(book.addresses, drawn.place)
    row = drawn.request_type * len(plan.shown.leaves) + drawn.leaf
    phone = _phones(drawn)
    text = pc.binary_join_element_wise(
        _one_of(book.openings, chance.kept()),
        place,
        room,
        _one_of(book.since, chance.free()),
        book.problems.pick(drawn.leaf, chance.problem()),
        _one_of(book.impact, chance.free()),
        book.demand.pick(row, chance.free()),
        *_contact(book, drawn, phone, chance),
        _SEPARATOR,
    )
    title = pc.binary_join_element_wise(_take(book.addresses, drawn.place), book.title.pick(row, chance.free()), "：")
    return {
        "title": title,
        "text": text,
        "address": pc.binary_join_element_wise(place, room, _SEPARATOR),
        "phone": pc.if_else(pa.array(drawn.caller >= 0), phone, pa.scalar(None, pa.string())),
    }


class _Chances:
    """Random numbers in [0, 1) for one piece each: the same for all tickets of one persistent caller where `kept`."""

    def __init__(self, plan: Plan, drawn: Draws, rng: np.random.Generator) -> None:
        self._plan, self._drawn, self._rng, self._calls = plan, drawn, rng, 0
        incident = drawn.incident
        repeat = plan.incidents.repeat
        self._persistent = (incident >= 0) & repeat[incident] if len(repeat) else np.zeros(len(incident), dtype=bool)

    def free(self) -> Floats:
        return self._rng.random(len(self._drawn))

    def kept(self) -> Floats:
        self._calls += 1
        own = (self._drawn.incident + self._calls / 7) * _GOLDEN % 1.0
        return np.where(self._persistent, own, self.free())

    def problem(self) -> Floats:
        """Return the chance that picks the sentence: all callers of one incident say the same."""
        if not len(self._plan.incidents.problem):
            return self.free()
        said = (self._plan.incidents.problem[self._drawn.incident] + 0.5) / 3
        return np.where(self._drawn.incident >= 0, said, self.free())


def _contact(book: Phrasebook, drawn: Draws, phone: Any, chance: _Chances) -> list[Any]:
    """Return what stands before, in and after the contact line's number."""
    kind = np.searchsorted(book.contact_shares, chance.free() * book.contact_shares[-1], side="right")
    holds = book.contact_holds[kind]
    kind = np.where((holds == _PHONE) & (drawn.caller < 0), 0, kind)  # an anonymous caller leaves no number
    holds = book.contact_holds[kind]
    number = pc.if_else(pa.array(holds == _PHONE), phone, "")
    number = pc.if_else(pa.array(holds == _IDENTITY), _one_of(book.identities, chance.kept()), number)
    number = pc.if_else(pa.array(holds == _PLATE), _one_of(book.plates, chance.kept()), number)
    return [book.contact_before.pick(kind, chance.kept()), number, _take(book.contact_after, kind)]


def _phones(drawn: Draws) -> Any:
    return pc.cast(pa.array(phone_numbers(drawn.caller)), pa.string())


def _take(pool: Any, index: Ints) -> Any:
    return pool.take(pa.array(index))


def _one_of(pool: Any, chance: Floats) -> Any:
    return _take(pool, (chance * len(pool)).astype(np.int64))


def _table(rows: list[list[str]]) -> _Table:
    variants = np.array([len(row) for row in rows])
    return _Table(pa.array([text for row in rows for text in row]), np.cumsum(variants) - variants, variants)


def _by_type_and_leaf(city: CityCatalogue, templates: dict[str, list[str]]) -> list[list[str]]:
    return [
        [line.format(topic=leaf.name, department=leaf.department) for line in templates[kind]]
        for kind in city.request_types
        for leaf in city.leaves
    ]


def _addresses(city: CityCatalogue, places: CityPlaces) -> list[str]:
    return [
        city.districts[d].name + places.street_names[s] + name
        for d, s, name in zip(places.district, places.street, places.name, strict=True)
    ]


def _filled(lines: list[str], words: dict[str, Any], rng: np.random.Generator, *, count: int = _POOL) -> list[str]:
    """Return `count` strings made from the lines in turn, their names and numbers invented."""
    names, callers = full_names(count, words, rng), polite_names(count, words, rng)
    building, unit = rng.integers(1, 40, count), rng.integers(1, 5, count)
    room = rng.integers(1, 33, count) * 100 + rng.integers(1, 9, count)
    number = rng.integers(1, 400, count)
    return [
        lines[i % len(lines)].format(
            name=names[i], caller=callers[i], building=building[i], unit=unit[i], room=room[i], number=number[i]
        )
        for i in range(count)
    ]


def _split(line: str) -> tuple[str, int, str]:
    """Return what stands before and after a contact line's number, and what the number is."""
    for holds, slot in enumerate(_SLOTS):
        before, found, after = line.partition(slot)
        if found:
            return before, holds, after
    return line, _NOTHING, ""


# Invented people: names, phone numbers, identity numbers, number plates. None of them can belong to anyone.
#
# Phone numbers use prefixes no operator was given, identity numbers a county code that does not exist (with a valid
# check digit), plates a letter the province does not issue: masking must find them, and nobody owns them.


PHONE_PREFIXES: Final = (142, 143, 154, 160, 161, 163, 164, 168, 169, 179)
_SUBSCRIBERS: Final = 10**8
_SCRAMBLE: Final = 48_271_123  # coprime to 10^8: distinct callers keep distinct numbers
_COUNTY: Final = "460199"
_WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECK: Final = "10X98765432"
_PLATE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def phone_numbers(caller: Ints) -> Ints:
    """Return the invented 11-digit number of each caller, as an integer; distinct for the first 10^9 callers."""
    prefixes = np.array(PHONE_PREFIXES)
    block, number = np.divmod(caller, _SUBSCRIBERS)
    prefix = prefixes[(caller + block) % len(prefixes)]
    numbers: Ints = prefix * _SUBSCRIBERS + number * _SCRAMBLE % _SUBSCRIBERS
    return numbers


def check_digit(first17: str) -> str:
    """Return the last character of an 18-character identity number (GB 11643, ISO 7064 MOD 11-2).

    >>> check_digit("46010019491231002")
    '8'
    """
    return _CHECK[int(np.dot([int(digit) for digit in first17], _WEIGHTS)) % 11]


def identity_numbers(count: int, rng: np.random.Generator) -> list[str]:
    """Return invented identity numbers with valid check digits, of a county that does not exist."""
    born = np.datetime64("1940-01-01") + rng.integers(0, 25_000, count)
    days = [str(day).replace("-", "") for day in born]
    first17 = [f"{_COUNTY}{day}{serial:03d}" for day, serial in zip(days, rng.integers(1, 1000, count), strict=True)]
    return [text + check_digit(text) for text in first17]


def number_plates(count: int, rng: np.random.Generator) -> list[str]:
    """Return invented number plates with the letter Z, which the province does not issue."""
    letters = rng.integers(0, len(_PLATE_LETTERS), count)
    numbers = rng.integers(0, 10_000, count)
    return [f"琼Z{_PLATE_LETTERS[a]}{n:04d}" for a, n in zip(letters, numbers, strict=True)]


def full_names(count: int, phrases: dict[str, Any], rng: np.random.Generator) -> list[str]:
    """Return invented full names, surname first."""
    return [_one(phrases["surnames"], rng) + _one(phrases["given"], rng) for _ in range(count)]


def polite_names(count: int, phrases: dict[str, Any], rng: np.random.Generator) -> list[str]:
    """Return surnames with a title, such as 王女士."""
    return [_one(phrases["surnames"], rng) + _one(phrases["titles"], rng) for _ in range(count)]


def _one(words: list[str], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]
