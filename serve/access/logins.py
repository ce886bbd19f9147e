"""How often somebody may fail to log in: counted in the store, so that every worker process counts the same.

A right key is let in whatever failed before: an office behind one address is not shut out by whoever sits there too. A
key has 256 random bits, so only guesses are slowed. Addresses and keys are kept as hashes, and only while they count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from serve.access.keys import KEY_PREFIX, hash_key
from serve.errors import TooManyRequestsError
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

    def note_failure(self, *, address: str, key: str, now: datetime) -> None:
        """Count an attempt that failed.

        Args:
            address: Where the browser is, as the server sees it.
            key: What was entered; only a hash of its beginning is kept.
            now: The present.

        Raises:
            TooManyRequestsError: Too many failures lately; it says when to come back. This one is not counted.
        """
        place, beginning = hash_key(address), hash_key(key[:_TOLD_APART_BY])
        with self.store.session() as session:
            self.store.lock(session, "logins")
            _forget(session, now)

            def oldest_in_the_way(of: ColumnElement[bool], most: int) -> datetime | None:
                """Return the attempt that has to grow old first, None when there is room."""
                query = select(LoginAttempt.at).where(of, LoginAttempt.at > now - WINDOW)
                return session.scalar(query.order_by(LoginAttempt.at.desc()).offset(most - 1).limit(1))

            in_the_way = (
                oldest_in_the_way(LoginAttempt.address == place, PER_ADDRESS),
                oldest_in_the_way(LoginAttempt.key_prefix == beginning, PER_KEY),
            )
            waits = [moment + WINDOW - now for moment in in_the_way if moment is not None]
            if waits:
                raise TooManyRequestsError("too_many_logins", wait=max(waits))
            session.add(LoginAttempt(at=now, address=place, key_prefix=beginning))

    def forget_old(self, now: datetime) -> None:
        """Delete the failures that no longer count."""
        with self.store.session() as session:
            _forget(session, now)


def _forget(session: Session, now: datetime) -> None:
    session.execute(delete(LoginAttempt).where(LoginAttempt.at <= now - WINDOW))
