"""What one kind of dirt leaves in a city: its pieces, each with matter, place and time, and the tickets they add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

NONE: Final = -1
"""No single leaf or district; no channel of its own."""
NOBODY: Final = -1
ANYBODY: Final = -2
"""A citizen, drawn as always."""


def _nothing() -> Ints:
    return np.zeros(0, dtype=np.int64)


class DirtKind(StrEnum):
    """The kinds of dirt, as the truth names them."""

    OWN_ENTRIES = "own_entries"
    LIST = "list"
    IMPORT = "import"
    DEFAULT_POINT = "default_point"
    OFFICE_STARTS = "office_starts"
    OFFICE_STOPS = "office_stops"
    RENAME = "rename"
    WEATHER = "weather"


@dataclass(frozen=True)
class Added:
    """Tickets that are added, one entry each.

    Attributes:
        piece: Of which piece.
        opened: Seconds since the epoch in local civil time.
        leaf, place: What and where.
        channel: Index into the channels' names; `NONE` as drawn.
        caller: `NOBODY`, `ANYBODY`, or the number of a hand.
    """

    piece: Ints = field(default_factory=_nothing)
    opened: Ints = field(default_factory=_nothing)
    leaf: Ints = field(default_factory=_nothing)
    place: Ints = field(default_factory=_nothing)
    channel: Ints = field(default_factory=_nothing)
    caller: Ints = field(default_factory=_nothing)

    def __len__(self) -> int:
        return len(self.piece)


@dataclass(frozen=True)
class Pieces:
    """Pieces of dirt, one entry each.

    Attributes:
        kind: What kind.
        leaf, district: The matter and district it is about; `NONE` for several.
        start, end: Seconds since the epoch in local civil time.
        detail: What else there is to say: a department, the new label, the weather.
        added: The tickets that they add.
    """

    kind: list[DirtKind] = field(default_factory=list)
    leaf: Ints = field(default_factory=_nothing)
    district: Ints = field(default_factory=_nothing)
    start: Ints = field(default_factory=_nothing)
    end: Ints = field(default_factory=_nothing)
    detail: list[str] = field(default_factory=list)
    added: Added = field(default_factory=Added)

    def __len__(self) -> int:
        return len(self.kind)

    def of(self, *kinds: DirtKind) -> list[int]:
        """Return the numbers of the pieces of some kinds."""
        return [n for n, kind in enumerate(self.kind) if kind in kinds]


def together(parts: Sequence[Pieces]) -> Pieces:
    """Return the pieces of several kinds in one numbering, the added tickets in order of opening."""
    firsts = np.cumsum([0, *map(len, parts)])[:-1]
    added = {
        name: np.concatenate([getattr(part.added, name) for part in parts])
        for name in ("opened", "leaf", "place", "channel", "caller")
    }
    piece = np.concatenate([part.added.piece + first for part, first in zip(parts, firsts, strict=True)])
    order = np.argsort(added["opened"], kind="stable")
    return Pieces(
        kind=[kind for part in parts for kind in part.kind],
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in ("leaf", "district")},
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "end")},
        detail=[detail for part in parts for detail in part.detail],
        added=Added(piece=piece[order], **{name: values[order] for name, values in added.items()}),
    )


def batches(
    kind: DirtKind, leaf: Ints, district: Ints, start: Ints, size: Ints, gaps: NDArray[np.float64], *, place: Ints,
    channel: Ints, caller: Ints,
) -> Pieces:  # fmt: skip
    """Return pieces whose tickets come one after the other.

    Args:
        kind: What kind they are.
        leaf: The matter of each piece.
        district: Its district.
        start: Its beginning.
        size: How many tickets it has.
        gaps: Of each ticket, seconds since the one before; the first one's counts for nothing.
        place: Of each ticket.
        channel: Of each piece.
        caller: Of each piece, as in `Added`.
    """
    piece = np.repeat(np.arange(len(size)), size)
    first = np.cumsum(size) - size
    passed = np.cumsum(gaps)
    since = (passed - passed[first][piece]) if len(size) else passed
    opened = start[piece] + since.astype(np.int64)
    last = opened[first + size - 1] if len(size) else start
    added = Added(piece, opened, leaf[piece], place, channel[piece], caller[piece])
    return Pieces([kind] * len(size), leaf, district, start, last + 1, [""] * len(size), added)


def sizes_to(total: int, draw: NDArray[np.float64], least: int) -> Ints:
    """Return whole sizes of at least `least`, so many of `draw` that they sum to `total` or just below."""
    size = np.maximum(draw.astype(np.int64), least)
    return size[np.cumsum(size) <= total]
