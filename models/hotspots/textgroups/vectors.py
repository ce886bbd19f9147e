"""Texts as sparse vectors: hashed words weighted by how rare they are among the tickets at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array, diags_array

from features.text import Tokens, is_place, tokenise

FEATURES: Final = 1 << 18
_COMMON: Final = 0.1
"""Words of more than this share of a large block say nothing about which matter it is."""
_LARGE: Final = 200


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
    return WordedTexts(_cut(titles), _cut(bodies))


def _cut(texts: Sequence[str]) -> list[Tokens]:
    distinct = list(dict.fromkeys(texts))
    tokens = dict(zip(distinct, tokenise(distinct), strict=True))
    return [tokens[text] for text in texts]


def vectorise(texts: WordedTexts, *, title_weight: float, place_weight: float, most_words: int = 40) -> csr_array:
    """Return one unit vector per text: logarithmic word counts times inverse document frequency.

    Args:
        texts: Cut texts of one block.
        title_weight: What a title's word counts, in words of the text.
        place_weight: What a word that names a place counts.
        most_words: Only the heaviest words of a text are kept, which bounds the cost of comparing.
    """
    from sklearn.feature_extraction import FeatureHasher

    weighted = [list(_weighted(texts, row, title_weight, place_weight)) for row in range(len(texts))]
    counts = csr_array(FeatureHasher(FEATURES, input_type="pair", alternate_sign=False).transform(weighted))
    counts.data = 1 + np.log(np.maximum(counts.data, 1e-12))
    counts.data = np.maximum(counts.data, 0.1)
    document_frequency = np.bincount(counts.indices, minlength=FEATURES)
    idf = np.log((1 + len(texts)) / (1 + document_frequency)) + 1
    if len(texts) >= _LARGE:
        idf[document_frequency > _COMMON * len(texts)] = 0.0
    # A word of a single text links it to nothing.
    idf[document_frequency < 2] = 0.0  # noqa: PLR2004
    return _unit(_heaviest(csr_array(counts @ diags_array(idf)), most_words))


def _weighted(texts: WordedTexts, row: int, title: float, place: float) -> Iterator[tuple[str, float]]:
    for weight, words in ((title, texts.titles[row]), (1.0, texts.bodies[row])):
        for word in words:
            yield word, weight * (place if is_place(word) else 1.0)


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
