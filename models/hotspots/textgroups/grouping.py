"""Group texts by cause: close pairs seed groups, groups about one thing join, near texts are taken in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from features.configuration import GroupingConfig
from models.hotspots.textgroups.vectors import KnownTerms, Labels, Weights, WordedTexts, vectorise

_ROWS: Final = 512
"""Texts that are compared with those before them at once."""


def weights_of(config: GroupingConfig) -> Weights:
    """Return how much words count."""
    return Weights(config.title_weight, config.place_weight, config.most_words, config.common, config.large)


def group_texts(
    texts: WordedTexts,
    config: GroupingConfig | None = None,
    *,
    callers: Sequence[str] | None = None,
    history: KnownTerms | None = None,
) -> Labels:
    """Return the group of every text, -1 for those that stand alone.

    Args:
        texts: Cut texts of one block (a district, a few days).
        config: Thresholds.
        callers: Who sent each text: two texts of one person start no group, however alike. All differ when None.
        history: Which words were common before the block.

    Returns:
        Group numbers by falling size, from 0.
    """
    config = config or GroupingConfig()
    if len(texts) < 2:  # noqa: PLR2004
        return np.full(len(texts), -1, dtype=np.intp)
    person = np.arange(len(texts)) if callers is None else np.unique(np.asarray(callers), return_inverse=True)[1]
    weights = weights_of(config)
    vectors = vectorise(texts, weights, callers=person, history=history)
    labels = _seeds(vectors, config.seed, person)
    for _ in range(2):
        labels = _joined(vectors, labels, config.join)
        labels = _taken_in(vectors, labels, config.near)
    return _by_size(labels)


def _seeds(vectors: csr_array, threshold: float, person: Labels) -> Labels:
    texts = vectors.shape[0]
    pairs = [_close(vectors, slice(first, min(first + _ROWS, texts)), threshold) for first in range(0, texts, _ROWS)]
    row, column = np.concatenate(pairs, axis=1)
    # Hardly any pair is alike: who they are is asked of those alone.
    apart = person[row] != person[column]
    graph = coo_array((np.ones(apart.sum()), (row[apart], column[apart])), shape=(texts, texts))
    return _without_single(connected_components(graph, directed=False)[1])


def _close(vectors: csr_array, rows: slice, threshold: float) -> Labels:
    """Return the pairs of a text in `rows` and one no later than those that are so alike, 2 x pairs."""
    alike = csr_array(vectors[rows] @ vectors[: rows.stop].T)
    close = np.flatnonzero(alike.data >= threshold)
    return np.stack([rows.start + np.searchsorted(alike.indptr, close, side="right") - 1, alike.indices[close]])


def _joined(vectors: csr_array, labels: Labels, threshold: float) -> Labels:
    """Merge groups whose centres are alike."""
    if labels.max(initial=-1) < 0:
        return labels
    centres = _centres(vectors, labels)
    alike = coo_array(centres @ centres.T)
    close = alike.data >= threshold
    graph = coo_array((alike.data[close], (alike.row[close], alike.col[close])), shape=alike.shape)
    merged = connected_components(graph, directed=False)[1]
    return np.where(labels >= 0, merged[labels], -1).astype(np.intp)


def _taken_in(vectors: csr_array, labels: Labels, threshold: float) -> Labels:
    """Give every text to the group whose centre is nearest, if it is near enough: chains fall apart, strays come in."""
    if labels.max(initial=-1) < 0:
        return labels
    alike = csr_array(vectors @ _centres(vectors, labels).T)
    nearest = np.full(vectors.shape[0], -1, dtype=np.intp)
    filled = np.flatnonzero(np.diff(alike.indptr))
    row = np.repeat(np.arange(alike.shape[0]), np.diff(alike.indptr))
    order = np.lexsort((alike.data, row))
    last = order[alike.indptr[filled + 1] - 1]
    good = alike.data[last] >= threshold
    nearest[filled[good]] = alike.indices[last[good]]
    return _without_single(nearest)


def _centres(vectors: csr_array, labels: Labels) -> csr_array:
    """Return the unit mean of each group."""
    inside = np.flatnonzero(labels >= 0)
    ones = np.ones(inside.size)
    member = csr_array((ones, (labels[inside], inside)), shape=(int(labels.max()) + 1, vectors.shape[0]))
    sums = csr_array(member @ vectors)
    norms = np.sqrt(np.asarray(sums.multiply(sums).sum(axis=1)).ravel())
    scale = csr_array((1 / np.maximum(norms, 1e-12), (np.arange(norms.size), np.arange(norms.size))))
    return csr_array(scale @ sums)


def _without_single(labels: NDArray[np.integer]) -> Labels:
    """Number groups from 0 without gaps; a group of one is no group."""
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    kept = (labels >= 0) & (sizes[np.maximum(labels, 0)] > 1)
    numbers = np.cumsum(sizes > 1) - 1
    return np.where(kept, numbers[np.maximum(labels, 0)], -1).astype(np.intp)


def _by_size(labels: Labels) -> Labels:
    if labels.max(initial=-1) < 0:
        return labels
    sizes = np.bincount(labels[labels >= 0])
    place = np.empty_like(sizes)
    place[np.argsort(-sizes, kind="stable")] = np.arange(sizes.size)
    return np.where(labels >= 0, place[np.maximum(labels, 0)], -1).astype(np.intp)
