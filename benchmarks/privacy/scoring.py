"""Score masking against labelled sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from features.privacy import STRUCTURED, Identifier

_MARK: Final = re.compile(r"\{(\w+):([^{}]*)\}")
_SLACK: Final = 2
"""Characters that a found span may reach beyond the labelled one ("电话" or a bracket masked along is no harm)."""

FOLDER: Final = Path(__file__).parents[2] / "tests" / "privacy"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and the identifiers in it."""

    block: str
    text: str
    labels: tuple[Identifier, ...]


@dataclass(slots=True)
class Score:
    """Counts over many sentences; `problems` are readable lines for whoever improves the rules."""

    labelled: int = 0
    recalled: int = 0
    found: int = 0
    correct: int = 0
    structured: int = 0
    structured_recalled: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of labelled identifiers that are masked completely."""
        return self.recalled / max(self.labelled, 1)

    @property
    def structured_recall(self) -> float:
        """The same over identifiers with a fixed form."""
        return self.structured_recalled / max(self.structured, 1)

    @property
    def precision(self) -> float:
        """Share of masked spans that are labelled."""
        return self.correct / max(self.found, 1)


def read_sentences(half: str) -> list[Sentence]:
    """Read `tests/privacy/sentences_<half>.txt`: block, tab, sentence with `{kind:value}` marks."""
    lines = (FOLDER / f"sentences_{half}.txt").read_text(encoding="utf-8").splitlines()
    return [_sentence(*line.split("\t", 1)) for line in lines]


def score(sentences: Iterable[Sentence], find: Callable[[str], list[Identifier]]) -> Score:
    """Compare what `find` finds with the labels."""
    total = Score()
    for sentence in sentences:
        _add(total, sentence, find(sentence.text))
    return total


def _sentence(block: str, marked: str) -> Sentence:
    text, labels, position = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[position : mark.start()]
        labels.append(Identifier(len(text), len(text) + len(mark[2]), mark[1]))
        text += mark[2]
        position = mark.end()
    return Sentence(block, text + marked[position:], tuple(labels))


def _add(total: Score, sentence: Sentence, found: list[Identifier]) -> None:
    covered = {place for one in found for place in range(one.start, one.end)}
    for label in sentence.labels:
        whole = covered.issuperset(range(label.start, label.end))
        structured = label.kind in STRUCTURED
        total.labelled += 1
        total.recalled += whole
        total.structured += structured
        total.structured_recalled += structured and whole
        if not whole:
            total.problems.append(f"missed {label.kind} {sentence.text[label.start : label.end]!r}: {sentence.text}")
    labelled = {place for one in sentence.labels for place in range(one.start, one.end)}
    for one in found:
        beyond = set(range(one.start, one.end)) - labelled
        right = len(beyond) <= _SLACK and len(beyond) < one.end - one.start
        total.found += 1
        total.correct += right
        if not right:
            total.problems.append(f"masked {one.kind} {sentence.text[one.start : one.end]!r}: {sentence.text}")
