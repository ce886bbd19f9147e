"""Which signals speak of the same tickets: one event is one candidate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from models.hotspots.candidates.signals import Signal


def merge_overlapping(signals: Sequence[Signal], *, share: float = 0.5) -> list[list[Signal]]:
    """Group signals that are about the same tickets or cells, and drop sums that their parts explain.

    Two signals are one when they share at least `share` of the smaller one's tickets, or a cell in overlapping windows.
    A surge of a sum (a district, a category) joins the finer surge that holds `share` of its excess; when only
    several finer ones together hold it, they say it better and the sum is dropped; otherwise it stands alone, because
    no part shows it. Sums never join others through tickets: they would chain everything into one.

    Returns:
        Groups in the order of their first signal.
    """
    sums = [n for n, signal in enumerate(signals) if signal.aggregate and signal.detector == "surge"]
    edges = _ticket_edges(signals, set(sums), share) + _cell_edges(signals)
    dropped: set[int] = set()
    for n in sums:
        part, explained = _explained_by(signals, n, share)
        if part is not None:
            edges.append((n, part))
        elif explained:
            dropped.add(n)
    labels = _components(len(signals), edges)
    groups: dict[int, list[Signal]] = {}
    for n, signal in enumerate(signals):
        if n not in dropped:
            groups.setdefault(int(labels[n]), []).append(signal)
    return list(groups.values())


def _ticket_edges(signals: Sequence[Signal], sums: set[int], share: float) -> list[tuple[int, int]]:
    rows = [(n, key) for n, s in enumerate(signals) if n not in sums for key in s.tickets]
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
    joined = (shared.row < shared.col) & (shared.data >= share * smaller)
    return list(zip(shared.row[joined].tolist(), shared.col[joined].tolist(), strict=True))


def _cell_edges(signals: Sequence[Signal]) -> list[tuple[int, int]]:
    by_cell: dict[str, list[int]] = {}
    for n, signal in enumerate(signals):
        for cell in signal.cells:
            by_cell.setdefault(cell, []).append(n)
    edges = []
    for members in by_cell.values():
        ordered = sorted(members, key=lambda n: signals[n].window_start)
        edges += [(a, b) for a, b in pairwise(ordered) if _meet(signals[a], signals[b])]
    return edges


def _meet(first: Signal, second: Signal) -> bool:
    return bool(first.window_start < second.window_end and second.window_start < first.window_end)


def _explained_by(signals: Sequence[Signal], n: int, share: float) -> tuple[int | None, bool]:
    """Return the finer surge that holds the sum's excess, and whether the cells together hold it."""
    whole = signals[n]
    parts = [m for m, s in enumerate(signals) if m != n and _is_part(s, whole) and _meet(s, whole)]
    if not parts:
        return None, False
    best = max(parts, key=lambda m: signals[m].excess)
    if signals[best].excess >= share * whole.excess:
        return best, True
    cells = {signals[m].cells: signals[m].excess for m in parts if not signals[m].aggregate}
    return None, sum(cells.values()) >= share * whole.excess


def _is_part(part: Signal, whole: Signal) -> bool:
    """Whether `part` is a finer surge inside `whole`: it names all that `whole` names, and more."""
    if part.detector != "surge":
        return False
    names = ("category1", "category2", "category", "area")
    inside = all(getattr(whole, name) in ("", getattr(part, name)) for name in names)
    if whole.level == "department":
        inside = inside and part.department == whole.department
    return inside and _depth(part) > _depth(whole)


def _depth(signal: Signal) -> int:
    """How much a signal names; a department names more than nothing and less than a category or a district."""
    named = sum(2 for name in ("category1", "category2", "category", "area") if getattr(signal, name))
    return named + (1 if signal.level == "department" else 0)


def _components(size: int, edges: list[tuple[int, int]]) -> np.ndarray:
    if not edges:
        return np.arange(size)
    left, right = np.array(edges).T
    graph = coo_array((np.ones(len(edges), dtype=np.int8), (left, right)), shape=(size, size))
    labels: np.ndarray = connected_components(graph, directed=False)[1]
    return labels
