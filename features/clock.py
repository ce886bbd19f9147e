"""Where the present comes from: one small interface, so that a test can own time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

SKEW: Final = timedelta(minutes=10)
"""Clocks that are set agree within this."""


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Tell whether a stored moment is later than the present: a wrong clock wrote it, and it is not believed."""
    return moment > now + SKEW


class Clock(Protocol):
    """Anything that knows the present moment."""

    def now(self) -> datetime:
        """Return the present as an aware datetime in UTC."""
        ...

    def steady(self) -> float:
        """Return seconds that only ever pass, whatever the clock on the wall is set to; their zero means nothing."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present as an aware datetime in UTC."""
        return datetime.now(UTC)

    def steady(self) -> float:
        """Return the seconds since the machine started, its sleep included where it tells."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class FixedClock:
    """A clock that moves only when told: for tests, replays and `--as-of` runs."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("FixedClock needs an aware datetime")
        self._now = start.astimezone(UTC)
        self._jumped = timedelta(0)

    def now(self) -> datetime:
        """Return the moment the clock was last set to, in UTC."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move forward by `by` and return the new moment."""
        self._now += by
        return self._now

    def steady(self) -> float:
        """Return the seconds that were moved forward, jumps left out."""
        return (self._now - self._jumped).timestamp()

    def jump(self, by: timedelta) -> datetime:
        """Set the clock to another moment, forward or back, without any time passing; return it."""
        self._jumped += by
        self._now += by
        return self._now


class AcceleratedClock:
    """A clock that runs faster than the machine's, for replaying a day in minutes.

    It stands at `start` until the machine's clock reads `since`, and then advances `speed` seconds per second.
    Processes given the same three values agree on the present.

    Args:
        start: The moment to begin with, aware.
        since: When to begin, by the machine's clock; aware.
        speed: Seconds told per second passed.
        machine: The clock underneath.
    """

    def __init__(self, start: datetime, *, since: datetime, speed: float, machine: Clock | None = None) -> None:
        if start.tzinfo is None or since.tzinfo is None:
            raise ValueError("AcceleratedClock needs aware datetimes")
        if speed <= 0:
            raise ValueError(f"AcceleratedClock cannot run at speed {speed}")
        self.start, self.since, self.speed = start.astimezone(UTC), since.astimezone(UTC), speed
        self._machine = machine or SystemClock()

    def now(self) -> datetime:
        """Return the accelerated present, in UTC."""
        passed = max(self._machine.now() - self.since, timedelta())
        return self.start + passed * self.speed

    def steady(self) -> float:
        """Return the accelerated seconds that passed."""
        return self._machine.steady() * self.speed
