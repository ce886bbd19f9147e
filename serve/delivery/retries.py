"""When to try again: exponential back-off with jitter, and the other side's own Retry-After."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import random


@dataclass(frozen=True)
class RetryPolicy:
    """How patient the worker is.

    Attributes:
        first_s: Wait before the second attempt, in seconds; doubled for each further one.
        longest_s: The longest wait.
        attempts: Attempts before a message goes to the dead-letter list.
    """

    first_s: float = 5.0
    longest_s: float = 1800.0
    attempts: int = 10

    def wait(self, attempt: int, *, retry_after_s: float | None, jitter: Callable[[], float] = random) -> timedelta:
        """Return how long to wait after failed attempt number `attempt` (1 for the first).

        Half of the wait is fixed and half is drawn, so that bots that failed together do not come back together. What
        the other side asked for is a floor.
        """
        step = min(self.first_s * 2.0 ** min(attempt - 1, 30), self.longest_s)
        seconds = step / 2 + step / 2 * jitter()
        return timedelta(seconds=max(seconds, retry_after_s or 0.0))

    def exhausted(self, attempt: int) -> bool:
        """Tell whether attempt number `attempt` was the last."""
        return attempt >= self.attempts
