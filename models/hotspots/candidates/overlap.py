"""Which signals speak of the same tickets: one event is one candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from features.same_cause import LEAST_SHARED
from models.hotspots.candidates.signals import Signal
from models.hotspots.candidates.sums import hosted


def merge_overlapping(signals: Sequence[Signal], *, share: float = 0.5) -> list[list[Signal]]:
    """Group signals that are about the same tickets or cells, and tell a cause at the level that explains it.

    Two signals are one when they share at least `share` of the smaller one's tickets (three, or as much of the larger
    one's too: never by a single ticket of many), or a cell in overlapping windows.
    What a sum takes in (see `hosted`) links nothing else: it would chain everything into one.

    Returns:
        Groups in the order of their first signal.
    """
    inside, dropped = hosted(signals, share)
    apart = [n for n, signal in enumerate(signals) if n in inside or (signal.aggregate and signal.detector == "surge")]
    edges = _ticket_edges(signals, set(apart), share) + _cell_edges(signals, set(apart))
    labels = connected(len(signals), edges)
    groups: dict[int, list[Signal]] = {}
    for n, signal in enumerate(signals):
        if n not in dropped:
            told = replace(signal, inside=n in inside)
            groups.setdefault(int(labels[inside.get(n, n)]), []).append(told)
    return list(groups.values())


def _ticket_edges(signals: Sequence[Signal], apart: set[int], share: float) -> list[tuple[int, int]]:
    rows = [(n, key) for n, s in enumerate(signals) if n not in apart for key in s.tickets]
    if not rows:
        return []
    codes = {key: code for code, key in enumerate(dict.fromkeys(key for _, key in rows))}
    member = csr_array(
        (np.ones(len(rows), dtype=np.int32), ([n for n, _ in rows], [codes[key] for _, key in rows])),
        shape=(len(signals), len(codes)),
    )
    shared = coo_array(member @ member.T)
    sizes = np.maximum(member.sum(axis=1), 1)
    smaller = np.minimum(sizes[shared.row], sizes[shared.col])
    larger = np.maximum(sizes[shared.row], sizes[shared.col])
    enough = (shared.data >= LEAST_SHARED) | (shared.data >= share * larger)
    joined = (shared.row < shared.col) & (shared.data >= share * smaller) & enough
    return list(zip(shared.row[joined].tolist(), shared.col[joined].tolist(), strict=True))


def _cell_edges(signals: Sequence[Signal], apart: set[int]) -> list[tuple[int, int]]:
    by_cell: dict[str, list[int]] = {}
    for n, signal in enumerate(signals):
        for cell in () if n in apart else signal.cells:
            by_cell.setdefault(cell, []).append(n)
    edges = []
    for members in by_cell.values():
        ordered = sorted(members, key=lambda n: signals[n].window_start)
        edges += [(a, b) for a, b in pairwise(ordered) if _meet(signals[a], signals[b])]
    return edges


def _meet(first: Signal, second: Signal) -> bool:
    return bool(first.window_start < second.window_end and second.window_start < first.window_end)


def connected(size: int, edges: Sequence[tuple[int, int]]) -> np.ndarray:
    """Return which component each of `size` things belongs to, shape (size,)."""
    if not edges:
        return np.arange(size)
    left, right = np.array(edges).T
    graph = coo_array((np.ones(len(edges), dtype=np.int8), (left, right)), shape=(size, size))
    labels: np.ndarray = connected_components(graph, directed=False)[1]
    return labels
