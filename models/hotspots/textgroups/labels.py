"""What a group of texts is about, in words that its own members use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from features.configuration.detection import LabelConfig
from features.text import PLACE_MARK, is_place
from models.hotspots.textgroups.memory import pairs_of
from models.hotspots.textgroups.vectors import WordedTexts


@dataclass(frozen=True)
class Label:
    """A readable name.

    Attributes:
        terms: The words most members share and others do not.
        places: The names of places most members share.
        shared: Words and pairs of leading words, places included, that most members say: how rare the rarest is in a
            `TopicMemory` bounds how rare the matter is.
        matter: Those of them without a place.
    """

    terms: tuple[str, ...]
    places: tuple[str, ...]
    shared: tuple[str, ...]
    matter: tuple[str, ...]

    def __str__(self) -> str:
        said = "、".join(self.terms)
        return f"{'、'.join(self.places)}：{said}" if self.places else said


def label_group(
    texts: WordedTexts, rows: Sequence[int], background: Counter[str], size: int, config: LabelConfig, *, home: str = ""
) -> Label:
    """Return the label of a group.

    Args:
        texts: All texts of the block.
        rows: The group's.
        background: Word -> how many texts of the block say it.
        size: How many texts the block has.
        config: How many must share a word.
        home: Name of the block's district: it names no matter, and stands beside the label anyway.
    """
    said = Counter(word for row in rows for word in texts.words(row))
    support = {word: count / len(rows) for word, count in said.items() if count >= max(2, config.support * len(rows))}
    # Share inside minus share outside: what everybody says names nothing.
    outside = max(size - len(rows), 1)
    lift = {word: share - (background[word] - said[word]) / outside for word, share in support.items()}
    ranked = sorted(lift, key=lambda word: (-lift[word], word))
    places = [word.removeprefix(PLACE_MARK) for word in ranked if is_place(word) and lift[word] > config.support]
    words = [word for word in ranked if not is_place(word) and lift[word] > 0]
    terms = [word for word in words if not _within(word, home)] or words
    shared = (*(word for word in ranked if support[word] > config.most), *_shared_pairs(texts, rows, config.most))
    matter = tuple(said for said in shared if PLACE_MARK not in said)
    return Label(tuple(terms[:4]), tuple(places[:2]), shared, matter)


def _within(word: str, home: str) -> bool:
    """Tell whether a word is part of a name: any stretch of a Chinese one, a whole word of others."""
    return word in (home.casefold().split() if word.isascii() else home)


def _shared_pairs(texts: WordedTexts, rows: Sequence[int], most: float) -> tuple[str, ...]:
    """Return the pairs of leading words that most of a group's texts hold."""
    said: Counter[str] = Counter()
    for row in rows:
        said.update(pairs_of(texts, row))
    return tuple(sorted(both for both, count in said.items() if count > most * len(rows)))


def background_of(texts: WordedTexts) -> Counter[str]:
    """Return how many texts say each word."""
    return Counter(word for row in range(len(texts)) for word in texts.words(row))
