"""Counts and last days of any number of names in a table of fixed size (a count-min sketch with forgetting).

Each name has two slots and the smaller count, the older day, is its own: others can only have added to it (Cormode and
Muthukrishnan 2005).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

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
