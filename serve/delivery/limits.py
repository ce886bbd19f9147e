"""How much one bot takes: sliding windows counted from what was really sent, so that a restart forgets nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class RateLimit:
    """At most `count` messages in any `seconds`."""

    count: int
    seconds: float


@dataclass(frozen=True)
class Limits:
    """What a channel's other side takes.

    Attributes:
        windows: Sliding windows, all of which hold.
        digest: Whether many alerts may become one message (a person reads it) or not (a machine does).
        penalty_s: How long a bot stays shut after it said "too fast".
        digest_size: Alerts in one digest: what a person still reads on a phone, and what fits the channel.
    """

    windows: tuple[RateLimit, ...] = ()
    digest: bool = True
    penalty_s: float = 60.0
    digest_size: int = 10

    @property
    def longest(self) -> timedelta:
        """The longest window: how far back the sent messages matter."""
        return timedelta(seconds=max((window.seconds for window in self.windows), default=0.0))

    def room(self, sent_at: Sequence[datetime], now: datetime) -> int:
        """Return how many messages may go out now, given the moments of those that went out lately.

        >>> from datetime import UTC
        >>> now = datetime(2026, 11, 23, 8, tzinfo=UTC)
        >>> Limits((RateLimit(20, 60),)).room([now - timedelta(seconds=30)] * 18, now)
        2
        """
        if not self.windows:
            return UNLIMITED
        used = ((w, sum(at > now - timedelta(seconds=w.seconds) for at in sent_at)) for w in self.windows)
        return max(min(window.count - count for window, count in used), 0)


UNLIMITED = 1_000
"""Messages in one go to a channel without a limit of its own: bounds a run, not a rate."""
