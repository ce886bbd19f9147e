"""How often somebody may try to log in: counted in the store, so that every worker process counts the same.

An attempt is written down before the key is looked at and taken back when the key was right, so a hundred attempts at
once are not a hundred attempts free of charge. Addresses and keys are kept as hashes, and only while they count.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, select

from serve.access.keys import KEY_PREFIX, hash_key
from serve.errors import TooManyRequestsError, UnauthorizedError
from serve.store import Store
from serve.store.tables import LoginAttempt

WINDOW: Final = timedelta(minutes=10)
PER_ADDRESS: Final = 20
"""Failures from one address; an office of many people may share one."""
PER_KEY: Final = 5
"""Failures with keys that begin alike, from any address."""
_TOLD_APART_BY: Final = len(KEY_PREFIX) + 6


@dataclass(frozen=True)
class LoginLimit:
    """The limit of failed logins of one installation."""

    store: Store

    @contextmanager
    def attempt(self, *, address: str, key: str, now: datetime) -> Iterator[None]:
        """Count what happens inside as one attempt, unless the key turns out to be right.

        Args:
            address: Where the browser is, as the server sees it.
            key: What was entered; only a hash of its beginning is kept.
            now: The present.

        Raises:
            TooManyRequestsError: Too many failures lately; it says when to come back.
        """
        number = self._admit(hash_key(address), hash_key(key[:_TOLD_APART_BY]), now)
        failed = False
        try:
            yield
        except UnauthorizedError:
            failed = True
            raise
        finally:
            if not failed:
                self._take_back(number)

    def _admit(self, address: str, key_prefix: str, now: datetime) -> int:
        with self.store.session() as session:
            self.store.lock(session, "logins")
            session.execute(delete(LoginAttempt).where(LoginAttempt.at <= now - WINDOW))

            def oldest_in_the_way(of: ColumnElement[bool], most: int) -> datetime | None:
                """Return the attempt that has to grow old first, None when there is room."""
                query = select(LoginAttempt.at).where(of, LoginAttempt.at > now - WINDOW)
                return session.scalar(query.order_by(LoginAttempt.at.desc()).offset(most - 1).limit(1))

            in_the_way = (
                oldest_in_the_way(LoginAttempt.address == address, PER_ADDRESS),
                oldest_in_the_way(LoginAttempt.key_prefix == key_prefix, PER_KEY),
            )
            waits = [moment + WINDOW - now for moment in in_the_way if moment is not None]
            if waits:
                raise TooManyRequestsError("too_many_logins", wait=max(waits))
            row = LoginAttempt(at=now, address=address, key_prefix=key_prefix)
            session.add(row)
            session.flush()
            return row.id

    def _take_back(self, number: int) -> None:
        with self.store.session() as session:
            session.execute(delete(LoginAttempt).where(LoginAttempt.id == number))
