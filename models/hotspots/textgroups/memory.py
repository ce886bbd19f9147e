"""What the hotline has heard before: when each word and pair of words was last said, and how often.

Hashed and of fixed size, so that a year of any volume is 96 MB; learning a day is one pass over its words.
"""

from __future__ import annotations

import io
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, compress
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration.detection import MemoryConfig
from features.errors import BadInputError
from models.hotspots.textgroups.vectors import KnownTerms, WordedTexts

_SCHEMA: Final = 4
_BITS: Final = {"words": 22, "pairs": 23}
_AND: Final = " + "


class TopicMemory:
    """Counts of words and word pairs by day, forgetting with a half-life; last days are never forgotten.

    Words and pairs are kept apart: a city says half a million pairs a day, which would make every word look old. Learn
    days in order, and only days before the window that is judged.
    """

    def __init__(self, config: MemoryConfig | None = None) -> None:
        self.config = config or MemoryConfig()
        self._words, self._pairs = (Sketch(_BITS[name]) for name in ("words", "pairs"))
        self._habits = Habits()
        self._tickets = 0.0
        self._first_day: int | None = None
        self._day: int | None = None

    @property
    def through(self) -> pd.Timestamp | None:
        """The last day learnt, None before the first."""
        return None if self._day is None else pd.Timestamp(self._day, unit="D")

    @property
    def days(self) -> int:
        """How many days the memory spans."""
        return 0 if self._day is None or self._first_day is None else self._day - self._first_day + 1

    @property
    def tickets(self) -> float:
        """How many tickets were learnt, with the weight that is left of them."""
        return self._tickets

    def learn(self, texts: WordedTexts, day: pd.Timestamp, districts: Sequence[str] | None = None) -> None:
        """Add one day of tickets.

        Args:
            texts: Cut texts.
            day: Their day.
            districts: The district of each, for `within`; all in one when None.

        Raises:
            BadInputError: The day is not after the last one learnt.
        """
        number = _day_number(day)
        if self._day is not None and number <= self._day:
            raise BadInputError(f"{day.date()} is not after {self.through}", hint="learn days in order, each once")
        left = 1.0 if self._day is None else 0.5 ** ((number - self._day) / self.config.half_life_days)
        self._first_day = number if self._first_day is None else self._first_day
        self._day = number
        self._tickets = self._tickets * left + len(texts)
        self._habits.add(texts, [""] * len(texts) if districts is None else districts, left)
        rows = range(len(texts))
        self._words.add([word for row in rows for word in texts.words(row)], number, left)
        self._pairs.add([both for row in rows for both in pairs_of(texts, row)], number, left)

    def said(self, features: Sequence[str]) -> np.ndarray:
        """Return how many of `tickets` say each feature."""
        return self._of(features, Sketch.weights)

    def within(self, district: str) -> KnownTerms:
        """Return what the tickets of one district say, as far as they say it more than the whole city does."""
        return _Within(self, self._habits, district)

    def rates(self, features: Sequence[str]) -> np.ndarray:
        """Return how many tickets a day say each feature, recent days weighing more.

        Half a ticket is added to each: what was not said in a hundred days may yet be said once in two hundred.
        """
        share = 0.5 ** (1 / self.config.half_life_days)
        exposure = (1 - share**self.days) / (1 - share)
        return np.asarray((self.said(features) + self.config.unsaid) / max(exposure, 1.0))

    def days_absent(self, features: Sequence[str], at: pd.Timestamp) -> np.ndarray:
        """Return for how many days before `at` each feature was not said; a very large number for never."""
        return np.asarray(_day_number(at) - self._of(features, Sketch.last), dtype=np.int64)

    def _of(self, features: Sequence[str], read: Callable[[Sketch, Sequence[str]], np.ndarray]) -> np.ndarray:
        """Read features from where they are kept."""
        paired = np.array([_AND in feature for feature in features], dtype=bool)
        values = np.zeros(len(features))
        for sketch, mask in ((self._words, ~paired), (self._pairs, paired)):
            values[mask] = read(sketch, list(compress(features, mask)))
        return values

    def to_bytes(self) -> bytes:
        """Return the memory as a compressed numpy archive."""
        buffer = io.BytesIO()
        span = np.array([_SCHEMA, *(NEVER if day is None else day for day in (self._first_day, self._day))])
        kept = {
            f"{name}_{part}": values
            for name, sketch in (("words", self._words), ("pairs", self._pairs))
            for part, values in sketch.kept().items()
        }
        habits = np.frombuffer(json.dumps(self._habits.kept()).encode(), dtype=np.uint8)
        tickets = np.array(self._tickets)
        np.savez_compressed(buffer, span=span, tickets=tickets, habits=habits, **kept)  # type: ignore[arg-type]
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, config: MemoryConfig | None = None) -> TopicMemory:
        """Return the memory that `to_bytes` wrote.

        Raises:
            BadInputError: The bytes are of another schema version.
        """
        memory = cls(config)
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            schema, first, day = map(int, archive["span"])
            if schema != _SCHEMA:
                raise BadInputError(f"topic memory has schema {schema}, not {_SCHEMA}", hint="learn it again")
            memory._tickets = float(archive["tickets"])
            for name, sketch in (("words", memory._words), ("pairs", memory._pairs)):
                sketch.restore(**{part: archive[f"{name}_{part}"] for part in ("slots", "weight", "last")})
            memory._habits.restore(json.loads(archive["habits"].tobytes()))
        memory._first_day, memory._day = (None if value == NEVER else value for value in (first, day))
        return memory


@dataclass(frozen=True)
class _Within:
    """The city's memory, with what one district says habitually."""

    memory: TopicMemory
    habits: Habits
    district: str

    @property
    def tickets(self) -> float:
        return self.memory.tickets

    def said(self, features: Sequence[str]) -> np.ndarray:
        habitual = self.habits.shares(self.district, features) * self.tickets
        return np.asarray(np.maximum(self.memory.said(features), habitual))


def pairs_of(texts: WordedTexts, row: int) -> list[str]:
    """Return the pairs of the words that say a ticket's matter."""
    return [pair(*both) for both in combinations(sorted(set(texts.lead(row))), 2)]


def pair(first: str, second: str) -> str:
    """Return the name of an unordered pair of words."""
    return _AND.join(sorted((first, second)))


def _day_number(day: pd.Timestamp) -> int:
    return int((pd.Timestamp(day).normalize() - pd.Timestamp(0)).days)


# What the tickets of one district say day in, day out: its own name, its towns, the forms of its offices.


_LEAST: Final = 0.01
"""A word that fewer of a district's tickets say is not kept: it is no habit."""


class Habits:
    """Shares of words among the tickets of each district, forgetting with the memory they are part of.

    A city's memory cannot tell a district's own name from a rare word: three tickets in a hundred say it, and all of
    its own do.
    """

    def __init__(self) -> None:
        self._tickets: dict[str, float] = defaultdict(float)
        self._said: dict[str, dict[str, float]] = defaultdict(dict)

    def add(self, texts: WordedTexts, districts: Sequence[str], left: float) -> None:
        """Enter one day.

        Args:
            texts: Cut texts.
            districts: The district of each.
            left: What is left of the weight of the days before.
        """
        today: dict[str, Counter[str]] = defaultdict(Counter)
        for row, district in enumerate(districts):
            today[district].update(texts.words(row))
        self._tickets = defaultdict(float, {name: weight * left for name, weight in self._tickets.items()})
        for district, count in Counter(districts).items():
            self._tickets[district] += count
        for district in self._tickets:
            kept = {word: weight * left for word, weight in self._said[district].items()}
            for word, count in today[district].items():
                kept[word] = kept.get(word, 0.0) + count
            least = _LEAST * self._tickets[district]
            self._said[district] = {word: weight for word, weight in kept.items() if weight >= least}

    def shares(self, district: str, words: Sequence[str]) -> NDArray[np.floating]:
        """Return the share of the district's tickets that say each word, 0 for what is no habit."""
        said, tickets = self._said.get(district, {}), self._tickets.get(district, 0.0)
        return np.array([said.get(word, 0.0) for word in words]) / max(tickets, 1.0)

    def kept(self) -> dict[str, Any]:
        """Return the habits, JSON-ready: equal ones in equal order."""
        return {
            district: {"tickets": self._tickets[district], "said": dict(sorted(self._said[district].items()))}
            for district in sorted(self._tickets)
        }

    def restore(self, kept: dict[str, Any]) -> None:
        """Fill empty habits with what `kept` returned."""
        for district, habit in kept.items():
            self._tickets[district], self._said[district] = habit["tickets"], dict(habit["said"])


# Counts and last days of any number of names in a table of fixed size (a count-min sketch with forgetting).
#
# Each name has two slots and the smaller count, the older day, is its own: others can only have added to it
# (Cormode and Muthukrishnan 2005).


NEVER: Final = -(10**6)
"""The day on which nothing was said."""

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


class Sketch:
    """A table of `2**bits` slots.

    Args:
        bits: Size; half full, a new name looks old in one case of four.
    """

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._weight = np.zeros(1 << bits, dtype=np.float32)
        self._last = np.full(1 << bits, NEVER, dtype=np.int32)
        # Later counts are entered as larger ones, so that a day's forgetting is one number and no pass over the table.
        self._unit = 1.0
        self._floor: float | None = None

    def add(self, names: Sequence[str], day: int, left: float) -> None:
        """Enter one day.

        Args:
            names: What was said, as often as it was said.
            day: The day's number, after all before.
            left: What is left of the weight of the days before.
        """
        self._unit /= left
        self._floor = None
        if names:
            codes, counts = np.unique(_codes(names), return_counts=True)
            for slots in self._slots(codes):
                np.add.at(self._weight, slots, (counts * self._unit).astype(np.float32))
                self._last[slots] = day

    def weights(self, names: Sequence[str]) -> np.ndarray:
        """Return how often each name was said, forgetting included.

        In a crowded table half of the slots hold more than nothing without being meant; that much is taken off.
        """
        if self._floor is None:
            self._floor = float(np.median(self._weight))
        first, second = self._slots(_codes(names))
        least = np.minimum(self._weight[first], self._weight[second]) - self._floor
        return np.asarray(np.maximum(least, 0.0) / self._unit, dtype=float)

    def last(self, names: Sequence[str]) -> np.ndarray:
        """Return the day each name was last said, `NEVER` if it was not."""
        first, second = self._slots(_codes(names))
        return np.asarray(np.minimum(self._last[first], self._last[second]))

    def kept(self) -> dict[str, np.ndarray]:
        """Return what is not empty: `slots`, `weight` (as of the last day), `last`."""
        slots = np.flatnonzero(self._last != NEVER).astype(np.int32)
        weight = (self._weight[slots] / self._unit).astype(np.float32)
        return {"slots": slots, "weight": weight, "last": self._last[slots]}

    def restore(self, slots: np.ndarray, weight: np.ndarray, last: np.ndarray) -> None:
        """Fill an empty table with what `kept` returned."""
        self._weight[slots], self._last[slots] = weight, last

    def _slots(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # The low bits of the code and the high bits of its product: names that share one slot rarely share the other.
        mixed = codes.astype(np.uint64) * _MIX
        second = mixed >> np.uint64(64 - self._bits)
        return codes & ((1 << self._bits) - 1), second.astype(np.int64)


def _codes(names: Sequence[str]) -> np.ndarray:
    # crc32 and not hash(): the same on every machine and in every process.
    return np.array([zlib.crc32(name.encode()) for name in names], dtype=np.int64)
