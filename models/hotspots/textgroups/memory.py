"""What the hotline has heard before: when each word and pair of words was last said, and how often.

Hashed and of fixed size, so that a year of any volume is 96 MB; learning a day is one pass over its words.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, compress
from typing import Final

import numpy as np
import pandas as pd

from features.configuration.detection import MemoryConfig
from features.errors import BadInputError
from models.hotspots.textgroups.habits import Habits
from models.hotspots.textgroups.sketch import NEVER, Sketch
from models.hotspots.textgroups.vectors import History, WordedTexts

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

    def within(self, district: str) -> History:
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
