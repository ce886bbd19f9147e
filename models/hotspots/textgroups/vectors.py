"""Texts as sparse vectors: hashed words weighted by how rare they are among the tickets at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from pandas.util import hash_array
from scipy.sparse import coo_array, csr_array, diags_array

from features.text import Tokens, is_place, tokenise

Labels = NDArray[np.intp]

FEATURES: Final = 1 << 18


@dataclass(frozen=True)
class WordedTexts:
    """Tickets' texts cut into words.

    Attributes:
        titles, bodies: One list of tokens per ticket.
    """

    titles: Sequence[Tokens]
    bodies: Sequence[Tokens]

    def __len__(self) -> int:
        return len(self.titles)

    def take(self, rows: Sequence[int]) -> WordedTexts:
        """Return some of the texts."""
        return WordedTexts([self.titles[row] for row in rows], [self.bodies[row] for row in rows])

    def words(self, row: int) -> set[str]:
        """Return the distinct words of one ticket."""
        return {*self.titles[row], *self.bodies[row]}

    def lead(self, row: int, *, most: int = 8) -> Tokens:
        """Return the words that say the matter first: the title's, or the text's where there is no title."""
        return (self.titles[row] or self.bodies[row])[:most]


def word_texts(titles: Sequence[str], bodies: Sequence[str]) -> WordedTexts:
    """Cut titles and bodies into words; equal texts are cut once."""
    distinct = list(dict.fromkeys([*titles, *bodies]))
    tokens = dict(zip(distinct, tokenise(distinct), strict=True))
    return WordedTexts([tokens[text] for text in titles], [tokens[text] for text in bodies])


class KnownTerms(Protocol):
    """What is known of words from before: see `TopicMemory`."""

    @property
    def tickets(self) -> float:
        """How many tickets were heard."""

    def said(self, features: Sequence[str]) -> np.ndarray:
        """Return how many of them said each word."""


@dataclass(frozen=True)
class Weights:
    """How much words count.

    Attributes:
        title: What a title's word counts, in words of the text.
        place: What a word that names a place counts.
        most_words: Only the heaviest words of a text are kept, which bounds the cost of comparing.
        common: Words of more than this share of a large block say nothing about which matter it is.
        large: From so many callers on, earlier ones included, a block is large.
    """

    title: float
    place: float
    most_words: int
    common: float
    large: int


def vectorise(
    texts: WordedTexts, weights: Weights, *, callers: Labels | None = None, history: KnownTerms | None = None
) -> csr_array:
    """Return one unit vector per text: logarithmic word counts times inverse document frequency.

    Args:
        texts: Cut texts of one block.
        weights: How much words count.
        callers: The number of each text's caller, from 0; each text has its own when None. A word counts as common by
            how many callers say it: the phrases of one who writes daily are neither common nor a matter.
        history: What was heard before the block. Words that are common there say little in a small block too, where
            nearly every word is rare.
    """
    callers = np.arange(len(texts)) if callers is None else callers
    words = sorted({word for tokens in (*texts.titles, *texts.bodies) for word in tokens})
    features = _features(words)
    counts = _weighted(texts, words, features, weights)
    counts.data = 1 + np.log(np.maximum(counts.data, 1e-12))
    counts.data = np.maximum(counts.data, 0.1)
    idf = _inverse_frequency(counts, callers, weights, *_heard(words, features, history))
    return _unit(_heaviest(csr_array(counts @ diags_array(idf)), weights.most_words))


def _inverse_frequency(
    counts: csr_array, callers: Labels, weights: Weights, before: NDArray[np.floating], size: float
) -> np.ndarray:
    """Return the weight of each feature: rare among the callers of the block and the tickets heard before it."""
    own = np.unique(np.repeat(callers, np.diff(counts.indptr)) * FEATURES + counts.indices) % FEATURES
    saying = np.bincount(own, minlength=FEATURES)
    everybody = size + np.unique(callers).size
    idf = np.log((1 + everybody) / (1 + before + saying)) + 1
    if everybody >= weights.large:
        idf[before + saying > weights.common * everybody] = 0.0
    # A word of a single caller links nobody.
    idf[saying < 2] = 0.0  # noqa: PLR2004
    return np.asarray(idf)


def _features(words: Sequence[str]) -> NDArray[np.integer]:
    """Return the feature of each word, by its hash."""
    return np.asarray(hash_array(np.asarray(words, dtype=object), categorize=False) % FEATURES, dtype=np.intp)


def _heard(
    words: Sequence[str], features: NDArray[np.integer], history: KnownTerms | None
) -> tuple[NDArray[np.floating], float]:
    """Return how many tickets before the block said each feature, and how many there were."""
    before = np.zeros(FEATURES)
    if history is None or history.tickets == 0:
        return before, 0.0
    np.add.at(before, features, history.said(words))
    return before, history.tickets


def _weighted(texts: WordedTexts, words: Sequence[str], features: NDArray[np.integer], weights: Weights) -> csr_array:
    """Return the weighted word counts of each text, text x feature."""
    number = {word: n for n, word in enumerate(words)}
    place = np.array([weights.place if is_place(word) else 1.0 for word in words])
    data, rows, columns = [], [], []
    for weight, said in ((weights.title, texts.titles), (1.0, texts.bodies)):
        sizes = np.fromiter(map(len, said), dtype=np.intp, count=len(said))
        own = np.fromiter(map(number.__getitem__, chain.from_iterable(said)), dtype=np.intp, count=int(sizes.sum()))
        data.append(weight * place[own])
        rows.append(np.repeat(np.arange(len(said)), sizes))
        columns.append(features[own])
    found = (np.concatenate(data), (np.concatenate(rows), np.concatenate(columns)))
    return csr_array(coo_array(found, shape=(len(texts), FEATURES)))


def _heaviest(vectors: csr_array, most: int) -> csr_array:
    """Return the vectors with all but each row's `most` largest entries removed."""
    vectors.eliminate_zeros()
    row = np.repeat(np.arange(vectors.shape[0]), np.diff(vectors.indptr))
    order = np.lexsort((-vectors.data, row))
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size) - vectors.indptr[row[order]]
    vectors.data[rank >= most] = 0.0
    vectors.eliminate_zeros()
    return vectors


def _unit(vectors: csr_array) -> csr_array:
    norms = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    return csr_array(diags_array(1 / np.maximum(norms, 1e-12)) @ vectors)
