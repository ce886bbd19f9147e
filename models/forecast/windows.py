"""Trailing sums of many series at many origins, by cumulative sums: no loop over series or time.

Every function takes indices of origins and looks only at columns up to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Steps:
    """Pairs of origin and horizon, flattened.

    Attributes:
        origin: Index of the last known period, shape (pairs,).
        ahead: Periods from there to the target.
    """

    origin: Indices
    ahead: Indices

    @classmethod
    def grid(cls, origins: Sequence[int] | Indices, horizons: Sequence[int]) -> Steps:
        """Return every origin with every horizon."""
        origin, ahead = np.meshgrid(np.asarray(origins), np.asarray(horizons), indexing="ij")
        return cls(origin.ravel().astype(np.intp), ahead.ravel().astype(np.intp))

    @property
    def target(self) -> Indices:
        """Index of the period that is forecast."""
        return self.origin + self.ahead


class Sums:
    """Windowed sums of a matrix of series x periods."""

    def __init__(self, y: Floats) -> None:
        self._cumulative = np.concatenate([np.zeros((len(y), 1)), np.cumsum(y, axis=1)], axis=1)

    def window(self, end: Indices, length: int) -> tuple[Floats, Indices]:
        """Return sums over the `length` periods ending at `end`, and how many of them exist."""
        last = self._cumulative.shape[1] - 1
        upto, since = np.clip(end + 1, 0, last), np.clip(end + 1 - length, 0, last)
        return self._cumulative[:, upto] - self._cumulative[:, since], upto - since
