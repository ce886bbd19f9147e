"""Which messages go out now, alone or together: pure rules, no database, no network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from serve.delivery.limits import Limits
from serve.delivery.notice import Notice

DigestId = Callable[[], str]
"""Makes the id of a new digest."""


@dataclass(frozen=True)
class Pending:
    """A delivery that is due.

    Attributes:
        id: The delivery attempt.
        subscription: Who gets it.
        notice: What is told.
        digest: The digest it was part of at an earlier attempt, '' for none.
    """

    id: str
    subscription: str
    notice: Notice
    digest: str = ""


@dataclass(frozen=True)
class Batch:
    """What goes over the wire in one call, to one recipient.

    Attributes:
        digest: Id of the digest; '' for a single message, whose id is the notice's own.
        pending: The deliveries in it, most urgent first.
    """

    digest: str
    pending: tuple[Pending, ...]

    @property
    def recipient(self) -> str:
        """The subscription it goes to."""
        return self.pending[0].subscription

    @property
    def message_id(self) -> str:
        """The idempotency id of the call."""
        return self.digest or self.pending[0].notice.id


def pack(due: Iterable[Pending], *, limits: Limits, room: int, digest_above: int, new_id: DigestId) -> list[Batch]:
    """Return the batches to send now, most urgent first, at most `room` of them; the rest stays queued.

    A digest that failed goes out again as the same digest with the same id. More than `digest_above` fresh messages
    for one recipient become digests; red, sensitive and escalated ones go first and, while there is room, alone.
    """
    by_recipient: dict[str, list[Pending]] = defaultdict(list)
    repeated: dict[str, list[Pending]] = defaultdict(list)
    for item in sorted(due, key=_urgency):
        (repeated[item.digest] if item.digest else by_recipient[item.subscription]).append(item)
    batches = [Batch(name, tuple(items)) for name, items in repeated.items()]
    for items in by_recipient.values():
        batches += _for_recipient(items, limits=limits, digest_above=digest_above, new_id=new_id)
    return sorted(batches, key=lambda batch: _urgency(batch.pending[0]))[:room]


def _for_recipient(items: Sequence[Pending], *, limits: Limits, digest_above: int, new_id: DigestId) -> list[Batch]:
    if not limits.digest or len(items) <= digest_above:
        return [Batch("", (item,)) for item in items]
    alone = [item for item in items if item.notice.urgent][:digest_above]
    singled = {item.id for item in alone}
    rest = [item for item in items if item.id not in singled]
    size = limits.digest_size
    digests = [rest[start : start + size] for start in range(0, len(rest), size)]
    return [
        *(Batch("", (item,)) for item in alone),
        *(Batch(new_id() if len(part) > 1 else "", tuple(part)) for part in digests),
    ]


def _urgency(item: Pending) -> tuple[bool, int]:
    # Sorting is stable: among equals, who came first goes first.
    return (not item.notice.urgent, -item.notice.level.rank)
