"""What the tickets of one district say day in, day out: its own name, its towns, the forms of its offices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.hotspots.textgroups.vectors import WordedTexts

_LEAST: Final = 0.01
"""A word that fewer of a district's tickets say is not kept: it is no habit."""


class Habits:
    """Shares of words among the tickets of each district, forgetting with the memory they are part of.

    A city's memory cannot tell a district's own name from a rare word: three tickets in a hundred say it, and all of
    its own do.
    """

    def __init__(self) -> None:
        self._tickets: dict[str, float] = defaultdict(float)
        self._said: dict[str, dict[str, float]] = defaultdict(dict)

    def add(self, texts: WordedTexts, districts: Sequence[str], left: float) -> None:
        """Enter one day.

        Args:
            texts: Cut texts.
            districts: The district of each.
            left: What is left of the weight of the days before.
        """
        today: dict[str, Counter[str]] = defaultdict(Counter)
        for row, district in enumerate(districts):
            today[district].update(texts.words(row))
        self._tickets = defaultdict(float, {name: weight * left for name, weight in self._tickets.items()})
        for district, count in Counter(districts).items():
            self._tickets[district] += count
        for district in self._tickets:
            kept = {word: weight * left for word, weight in self._said[district].items()}
            for word, count in today[district].items():
                kept[word] = kept.get(word, 0.0) + count
            least = _LEAST * self._tickets[district]
            self._said[district] = {word: weight for word, weight in kept.items() if weight >= least}

    def shares(self, district: str, words: Sequence[str]) -> NDArray[np.floating]:
        """Return the share of the district's tickets that say each word, 0 for what is no habit."""
        said, tickets = self._said.get(district, {}), self._tickets.get(district, 0.0)
        return np.array([said.get(word, 0.0) for word in words]) / max(tickets, 1.0)

    def kept(self) -> dict[str, Any]:
        """Return the habits, JSON-ready: equal ones in equal order."""
        return {
            district: {"tickets": self._tickets[district], "said": dict(sorted(self._said[district].items()))}
            for district in sorted(self._tickets)
        }

    def restore(self, kept: dict[str, Any]) -> None:
        """Fill empty habits with what `kept` returned."""
        for district, habit in kept.items():
            self._tickets[district], self._said[district] = habit["tickets"], dict(habit["said"])
