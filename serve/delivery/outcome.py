"""What one attempt to hand over a message came to, and what a channel may expect from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from serve.delivery.failures import Failure


class DeliveryVerdict(StrEnum):
    """How an attempt ended."""

    SENT = "sent"
    RETRY = "retry"
    REFUSED = "refused"
    HELD = "held"


@dataclass(frozen=True)
class DeliveryOutcome:
    """The answer of the other side, judged.

    Attributes:
        verdict: Whether the message arrived, is worth another try, never will arrive, or was held back uncalled.
        code: The code the other side answered with: HTTP status, or its own error code; None when it never answered.
        failure: Why it did not arrive; None when it did, or was held.
        retry_after_s: How long the other side asked to be left alone, in seconds.
    """

    verdict: DeliveryVerdict
    code: int | None = None
    failure: Failure | None = None
    retry_after_s: float | None = None

    @classmethod
    def sent(cls, code: int | None = 0) -> DeliveryOutcome:
        """Return the outcome of a message that has arrived."""
        return cls(DeliveryVerdict.SENT, code)

    @classmethod
    def retry(cls, failure: Failure, code: int | None = None, retry_after_s: float | None = None) -> DeliveryOutcome:
        """Return the outcome of a failure that another attempt may mend."""
        return cls(DeliveryVerdict.RETRY, code, failure, retry_after_s)

    @classmethod
    def refused(cls, failure: Failure, code: int | None = None) -> DeliveryOutcome:
        """Return the outcome of a failure that no attempt will mend: a wrong key, a malformed body."""
        return cls(DeliveryVerdict.REFUSED, code, failure)

    @classmethod
    def held(cls, retry_after_s: float) -> DeliveryOutcome:
        """Return the outcome of a message that was not even tried, because its bot had just asked for a pause."""
        return cls(DeliveryVerdict.HELD, retry_after_s=retry_after_s)
