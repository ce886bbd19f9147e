"""Whether a subscription's bot is alive: what arrived last, since when nothing does, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from serve.delivery.attempts import DEAD, RETRY, SENDING, SENT, failure_of
from serve.delivery.failures import Cause, Failure
from serve.delivery.outbox import QUEUED
from serve.store.tables import Delivery

_UNLUCKY: Final = 3
"""Failures in a row that one bad moment explains no longer."""


@dataclass(frozen=True)
class Hearing:
    """How a subscription hears.

    Attributes:
        arrived_at: When a message last arrived (UTC); None when none ever did.
        failing_since: When the first attempt failed since then; None when none has.
        failures: Attempts that failed since then.
        given_up: Messages given up since then.
        waiting: Messages that wait.
        failure: Why the last attempt failed.
    """

    arrived_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    given_up: int = 0
    waiting: int = 0
    failure: Failure | None = None

    @property
    def dead(self) -> bool:
        """Whether somebody must look after the bot: it is more than one bad moment."""
        return self.given_up > 0 or self.failures >= _UNLUCKY


def hearing_of(session: Session, subscriptions: Sequence[str]) -> dict[str, Hearing]:
    """Return how each of these subscriptions hears, by its id."""
    own = Delivery.subscription_id.in_(subscriptions)
    last = (
        select(Delivery.subscription_id.label("one"), func.max(Delivery.finished_at).label("at"))
        .where(own, Delivery.status == SENT)
        .group_by(Delivery.subscription_id)
        .subquery()
    )
    since = or_(last.c.at.is_(None), Delivery.finished_at > last.c.at)
    # What became of a call that a dead worker made is not known: it tells nothing of the bot.
    failed = and_(Delivery.status.in_((RETRY, DEAD)), Delivery.cause != Cause.WORKER_STOPPED, since)
    counted = (
        select(
            Delivery.subscription_id,
            func.max(last.c.at),
            func.min(Delivery.finished_at).filter(failed),
            func.count().filter(failed),
            func.count().filter(and_(failed, Delivery.status == DEAD)),
            func.count().filter(Delivery.status.in_((QUEUED, SENDING))),
        )
        .outerjoin(last, last.c.one == Delivery.subscription_id)
        .where(own)
        .group_by(Delivery.subscription_id)
    )
    found = dict.fromkeys(subscriptions, Hearing())
    for name, arrived_at, failing_since, failures, given_up, waiting in session.execute(counted):
        failure = _last_failure(session, name) if failures else None
        found[name] = Hearing(arrived_at, failing_since, failures, given_up, waiting, failure)
    return found


def _last_failure(session: Session, subscription: str) -> Failure | None:
    query = (
        select(Delivery)
        .where(Delivery.subscription_id == subscription, Delivery.status.in_((RETRY, DEAD)))
        .where(Delivery.cause != Cause.WORKER_STOPPED)
        .order_by(Delivery.finished_at.desc(), Delivery.id)
        .limit(1)
    )
    row = session.scalar(query)
    return failure_of(row) if row is not None else None
