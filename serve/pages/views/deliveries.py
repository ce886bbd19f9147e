"""Dead letters as a person reads them: by bot and cause, with the cause in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from serve.delivery import DeadLetter
from serve.pages.language import Words

_CAUSES: Final = (
    ("the connection failed", "connection"),
    ("no answer within", "silence"),
    ("the answer trickles", "silence"),
    ("does not resolve", "name"),
    ("private or reserved range", "range"),
    ("plain http", "plain"),
    ("redirects", "redirect"),
    ("the receiver is gone", "gone"),
    ("the receiver failed", "failed"),
    ("too many messages", "fast"),
    ("too fast", "fast"),
    ("carries no code", "code"),
    ("the worker stopped", "worker"),
    ("no delivery target", "target"),
    ("names no target", "target"),
    ("unknown channel", "target"),
)
"""What the error of an attempt contains -> how the cause is told; what a bot itself said is shown as it is."""


@dataclass(frozen=True)
class Pile:
    """Dead letters of one subscription with one cause, the newest first."""

    subscription: str
    channel: str
    cause: str
    said: str
    letters: tuple[DeadLetter, ...]

    @property
    def newest(self) -> DeadLetter:
        """The letter that was given up last."""
        return self.letters[0]


def piles_of(letters: Iterable[DeadLetter], words: Words) -> list[Pile]:
    """Return the letters by bot and cause; the largest pile first, for its bot needs mending."""
    piles: dict[tuple[str, str, str], list[DeadLetter]] = defaultdict(list)
    for letter in letters:
        piles[letter.subscription, letter.channel, letter.error].append(letter)
    made = [
        Pile(name, channel, _cause(said, words), said, tuple(some)) for (name, channel, said), some in piles.items()
    ]
    return sorted(made, key=lambda pile: -len(pile.letters))


def _cause(error: str, words: Words) -> str:
    key = next((key for part, key in _CAUSES if part in error), "")
    return words.of("cause", key) if key else ""
