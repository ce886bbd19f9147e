"""How many requests are let in: at once, of one key at once, and of one key in a minute."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from features.configuration import RequestsConfig
from serve.errors import BusyError, TooManyRequestsError

NOBODY: Final = ""
"""Stands for whoever has no key that is valid."""
_A_MOMENT: Final = timedelta(seconds=1)
_MINUTE_S: Final = 60.0


class Turnstile:
    """Counts what a process is answering; only the event loop touches it, so nothing is locked.

    Args:
        limits: How many are let in.
        now: Seconds of a clock that never goes back.
    """

    def __init__(self, limits: RequestsConfig, now: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._now = limits, now
        self._within: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()
        self._large = 0
        self._left: dict[str, tuple[float, float]] = {}

    @contextmanager
    def through(self, key: str, *, stream: bool = False) -> Iterator[None]:
        """Let one request of a key in and, when it is answered, out again.

        Args:
            key: Id of a valid key, or NOBODY.
            stream: It stays for long, and is counted apart.

        Raises:
            TooManyRequestsError: The key has as many under way, or asked as often, as it may.
            BusyError: As much is being answered as can be.
        """
        counts = self._streams if stream else self._within
        self._refuse(key, stream=stream)
        counts[key] += 1
        try:
            yield
        finally:
            counts[key] -= 1
            if not counts[key]:
                del counts[key]

    @contextmanager
    def reading_much(self) -> Iterator[None]:
        """Let one large body in, and out again.

        Raises:
            BusyError: As many are being read as can be.
        """
        if self._large >= self._limits.large_at_once:
            raise BusyError("busy")
        self._large += 1
        try:
            yield
        finally:
            self._large -= 1

    def _refuse(self, key: str, *, stream: bool) -> None:
        limits, within = self._limits, self._within[key]
        if key == NOBODY:
            if within >= limits.at_once_without_key:
                raise BusyError("busy")
            return
        if stream and self._streams[key] >= limits.streams_per_key:
            raise TooManyRequestsError("key_too_many_streams", most=limits.streams_per_key, wait=_A_MOMENT)
        if not stream and within >= limits.at_once_per_key:
            raise TooManyRequestsError("key_too_many", most=limits.at_once_per_key, wait=_A_MOMENT)
        if not stream and self._within.total() - self._within[NOBODY] >= limits.at_once:
            raise BusyError("busy")
        self._count(key)

    def _count(self, key: str) -> None:
        """Take one of the requests that a key may make, which come back evenly over a minute."""
        most, now = self._limits.per_minute, self._now()
        left, since = self._left.get(key, (float(most), now))
        left = min(left + (now - since) * most / _MINUTE_S, float(most))
        if left < 1:
            wait = timedelta(seconds=(1 - left) * _MINUTE_S / most)
            raise TooManyRequestsError("key_too_often", most=most, wait=wait)
        self._left[key] = (left - 1, now)
