"""Dead letters as a person reads them, by bot and cause; and a department's own bots that are dead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from serve.access import Caller
from serve.delivery import DeadLetter
from serve.delivery.subscriptions import service
from serve.delivery.subscriptions.audiences import belongs_to
from serve.pages.language import Words


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
    piles: dict[tuple[str, str, str, str], list[DeadLetter]] = defaultdict(list)
    for letter in letters:
        cause = words.failure(letter.failure)
        piles[letter.subscription, letter.channel, cause, letter.failure.said].append(letter)
    made = [Pile(*named, tuple(some)) for named, some in piles.items()]
    return sorted(made, key=lambda pile: -len(pile.letters))


def dead_bots(session: Session, caller: Caller) -> list[tuple[str, str]]:
    """Return (name, channel) of a department's own subscriptions whose bot is dead: its first page says so."""
    if not caller.department:
        return []
    own = [one for one in service.subscriptions(session, caller) if belongs_to(one.audience, caller.department)]
    return [(one.name, one.channel) for one in own if one.hearing.dead and one.paused_at is None]
