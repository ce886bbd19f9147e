"""What the hotline has heard before: when each word and pair of words was last said, and how often.

Hashed and of fixed size, so that a year of any volume is 48 MB; learning a day is one pass over its words.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

from features.errors import BadInputError
from models.hotspots.textgroups.vectors import WordedTexts

_BITS: Final = 22
_NEVER: Final = -(10**6)
_HALF_LIFE_DAYS: Final = 56.0
_SCHEMA: Final = 1
_UNSAID: Final = 0.5
"""Tickets added to what was counted: silence over a short memory proves little."""


class TopicMemory:
    """Counts of words and word pairs by day, forgetting with a half-life of eight weeks; last days are never forgotten.

    Learn days in order, and only days before the window that is judged.
    """

    def __init__(self) -> None:
        self._weight = np.zeros(1 << _BITS, dtype=np.float32)
        self._last = np.full(1 << _BITS, _NEVER, dtype=np.int32)
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

    def learn(self, texts: WordedTexts, day: pd.Timestamp) -> None:
        """Add one day of tickets.

        Raises:
            BadInputError: The day is not after the last one learnt.
        """
        number = _day_number(day)
        if self._day is not None and number <= self._day:
            raise BadInputError(f"{day.date()} is not after {self.through}", hint="learn days in order, each once")
        if self._day is not None:
            self._weight *= np.float32(0.5 ** ((number - self._day) / _HALF_LIFE_DAYS))
        self._first_day = number if self._first_day is None else self._first_day
        self._day = number
        rows = [_hashes(features_of(texts, row)) for row in range(len(texts))]
        if rows:
            said, counts = np.unique(np.concatenate(rows), return_counts=True)
            self._weight[said] += counts.astype(np.float32)
            self._last[said] = number

    def rates(self, features: Sequence[str]) -> np.ndarray:
        """Return how many tickets a day say each feature, recent days weighing more.

        Half a ticket is added to each: what was not said in a hundred days may yet be said once in two hundred.
        """
        share = 0.5 ** (1 / _HALF_LIFE_DAYS)
        exposure = (1 - share**self.days) / (1 - share)
        return np.asarray((self._weight[_hashes(features)] + _UNSAID) / max(exposure, 1.0), dtype=float)

    def days_absent(self, features: Sequence[str], at: pd.Timestamp) -> np.ndarray:
        """Return for how many days before `at` each feature was not said; a very large number for never."""
        return np.asarray(_day_number(at) - self._last[_hashes(features)], dtype=np.int64)

    def to_bytes(self) -> bytes:
        """Return the memory as a compressed numpy archive."""
        kept = np.flatnonzero(self._last != _NEVER)
        buffer = io.BytesIO()
        span = np.array([_SCHEMA, _NEVER if self._first_day is None else self._first_day, self._day or _NEVER])
        np.savez_compressed(buffer, span=span, kept=kept, weight=self._weight[kept], last=self._last[kept])
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> TopicMemory:
        """Return the memory that `to_bytes` wrote.

        Raises:
            BadInputError: The bytes are of another schema version.
        """
        memory = cls()
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            schema, first, day = map(int, archive["span"])
            if schema != _SCHEMA:
                raise BadInputError(f"topic memory has schema {schema}, not {_SCHEMA}", hint="learn it again")
            memory._weight[archive["kept"]] = archive["weight"]
            memory._last[archive["kept"]] = archive["last"]
        memory._first_day, memory._day = (None if value == _NEVER else value for value in (first, day))
        return memory


def features_of(texts: WordedTexts, row: int) -> list[str]:
    """Return what the memory keeps of a ticket: its words, and the pairs of the words that say the matter."""
    lead = sorted(set(texts.lead(row)))
    return [*texts.words(row), *(pair(*both) for both in combinations(lead, 2))]


def pair(first: str, second: str) -> str:
    """Return the name of an unordered pair of words."""
    return "+".join(sorted((first, second)))


def _hashes(features: Iterable[str]) -> np.ndarray:
    # crc32 and not hash(): the same on every machine and in every process.
    codes = np.array([zlib.crc32(feature.encode()) for feature in features], dtype=np.int64)
    return np.asarray(codes & ((1 << _BITS) - 1))


def _day_number(day: pd.Timestamp) -> int:
    return int((pd.Timestamp(day).normalize() - pd.Timestamp(0)).days)
