"""The life of delivery attempts in the store: claimed, recorded, lost and found, given up, sent again.

An attempt is marked `sending` in a transaction of its own before the call, and gets its result in another after it. A
worker that dies in between leaves `sending` behind; once the lease is over the message goes out again under the same
idempotency id: at least once, never silently not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from features.clock import SKEW, Clock
from serve.delivery.failures import Cause, Failure
from serve.delivery.outbox import QUEUED, is_fresh, listens, postpone, requeue
from serve.delivery.outcome import DeliveryOutcome, DeliveryVerdict
from serve.delivery.packing import Batch
from serve.delivery.retries import RetryPolicy
from serve.errors import ConflictError, NotFoundError
from serve.store import Store
from serve.store.tables import Delivery, OutboxMessage, Subscription

SENDING: Final = "sending"
SENT: Final = "sent"
RETRY: Final = "retry"
DEAD: Final = "dead"
SKIPPED: Final = "skipped"
_CLAIM: Final = 2_000
_LONGEST_WAIT: Final = timedelta(days=7)
"""Neither a retry nor what a bot asks for puts a message off for longer."""

DueRow = tuple[Delivery, OutboxMessage, Subscription]
"""An attempt that is due, its message and its recipient."""

Bot = tuple[Any, ...]
"""What tells one bot from another."""


def recover(session: Session, *, now: datetime, lease: timedelta, retries: RetryPolicy) -> int:
    """Queue again what a dead worker left in `sending`; return how many.

    What was put off to a moment that nobody asks for is due now: a clock that was wrong wrote it.
    """
    session.execute(update(Delivery).where(_put_off(now)).values(due_at=now))
    skip_ended(session)
    lost = session.scalars(select(Delivery).where(_is_lost(now, lease))).all()
    for attempt in lost:
        attempt.status = DEAD if retries.exhausted(attempt.attempt) else RETRY
        attempt.finished_at = now
        _note(attempt, Failure(Cause.WORKER_STOPPED))
        if attempt.status == RETRY:
            requeue(session, attempt, due_at=now)
    session.flush()
    return len(lost)


def skip_ended(session: Session) -> None:
    """Take out of the queue what waits for subscriptions that are ended: nobody will call for it."""
    ended = select(Subscription.id).where(Subscription.ended_at.is_not(None))
    waiting_there = update(Delivery).where(Delivery.status == QUEUED, Delivery.subscription_id.in_(ended))
    session.execute(waiting_there.values(status=SKIPPED))


def _is_lost(now: datetime, lease: timedelta) -> ColumnElement[bool]:
    """Return the condition of an attempt whose worker is dead, or began when the clock was wrong."""
    begun = Delivery.started_at
    return and_(Delivery.status == SENDING, or_(begun <= now - lease, begun > now + max(lease, SKEW)))


def _put_off(now: datetime) -> ColumnElement[bool]:
    return and_(Delivery.status == QUEUED, Delivery.due_at > now + _LONGEST_WAIT)


def waiting(session: Session, *, now: datetime, lease: timedelta) -> bool:
    """Tell whether a round would find anything to do: reads two indexes and writes nothing."""
    fresh = exists().where(is_fresh(now))
    heard = select(Subscription.id).where(listens())
    due = exists().where(Delivery.status == QUEUED, Delivery.due_at <= now, Delivery.subscription_id.in_(heard))
    lost = exists().where(_is_lost(now, lease))
    return bool(session.scalar(select(fresh | due | lost | exists().where(_put_off(now)))))


def due_now(session: Session, *, now: datetime) -> list[DueRow]:
    """Return the queued attempts whose time has come, oldest message first."""
    rows = session.execute(
        select(Delivery, OutboxMessage, Subscription)
        .join(OutboxMessage, OutboxMessage.id == Delivery.outbox_id)
        .join(Subscription, Subscription.id == Delivery.subscription_id)
        .where(Delivery.status == QUEUED, Delivery.due_at <= now, listens())
        .order_by(Delivery.due_at, OutboxMessage.created_at, OutboxMessage.id)
        .limit(_CLAIM)
    )
    return [(attempt, message, subscription) for attempt, message, subscription in rows]


def calls_since(session: Session, subscriptions: Sequence[str], *, since: datetime, now: datetime) -> list[datetime]:
    """Return the moments of the calls made for these subscriptions; a digest is one call, a test message too."""
    rows = session.execute(
        select(Delivery.id, Delivery.digest_id, Delivery.attempt, Delivery.started_at).where(
            Delivery.subscription_id.in_(subscriptions),
            Delivery.started_at > since,
            Delivery.started_at <= now + SKEW,
        )
    )
    calls: dict[tuple[str, datetime], datetime] = {}
    for delivery_id, digest_id, _, started_at in rows:
        if started_at is not None:
            calls[digest_id or delivery_id, started_at] = started_at
    tested = select(Subscription.tested_at).where(Subscription.id.in_(subscriptions), Subscription.tested_at > since)
    return [*calls.values(), *(at for at in session.scalars(tested) if at is not None)]


def claim(session: Session, batches: Sequence[Batch], *, now: datetime) -> None:
    """Mark the attempts of these batches as on their way."""
    for batch in batches:
        going = update(Delivery).where(Delivery.id.in_([item.id for item in batch.pending]))
        session.execute(going.values(status=SENDING, started_at=now, digest_id=batch.digest))


def give_up(rows: Iterable[DueRow], problems: Mapping[str, Failure], *, now: datetime) -> None:
    """Put attempts that can go nowhere on the dead-letter list, with the problem of their subscription."""
    for attempt, _, subscription in rows:
        attempt.status, attempt.finished_at = DEAD, now
        _note(attempt, problems[subscription.id])


def settle(
    session: Session,
    batch: Batch,
    outcome: DeliveryOutcome,
    *,
    now: datetime,
    retries: RetryPolicy,
    same_bot: Sequence[str],
) -> str:
    """Record what came of a batch, queue the next attempt where one is due; return the status of its attempts.

    Args:
        session: A writing session.
        batch: What was sent.
        outcome: What the other side said.
        now: When it said so.
        retries: How patient we are.
        same_bot: Subscriptions behind the same bot; all wait when it asked to be left alone.
    """
    status = ""
    # If the lease ran out and another worker took over, its record stands.
    own = select(Delivery).where(Delivery.id.in_([item.id for item in batch.pending]), Delivery.status == SENDING)
    for attempt in session.scalars(own).all():
        if outcome.verdict is DeliveryVerdict.HELD:
            status = attempt.status = QUEUED
            attempt.started_at, attempt.due_at = None, now + timedelta(seconds=outcome.retry_after_s or 0.0)
            continue
        status = _status(outcome, attempt.attempt, retries)
        attempt.status, attempt.finished_at = status, now
        attempt.response_code = outcome.code
        attempt.paused_bot = bool(outcome.retry_after_s)
        if outcome.failure:
            _note(attempt, outcome.failure)
        if status == RETRY:
            wait = retries.wait(attempt.attempt, retry_after_s=outcome.retry_after_s)
            requeue(session, attempt, due_at=now + wait)
    if outcome.retry_after_s:
        session.flush()
        postpone(session, same_bot, until=now + timedelta(seconds=outcome.retry_after_s))
    return status


def shut_until(session: Session, subscriptions: Sequence[str], *, now: datetime) -> datetime | None:
    """Return until when a bot asked to be left alone, for messages that were not yet queued when it did."""
    following = aliased(Delivery)
    return session.scalar(
        select(following.due_at)
        .join(
            Delivery,
            (Delivery.outbox_id == following.outbox_id)
            & (Delivery.subscription_id == following.subscription_id)
            & (Delivery.attempt == following.attempt - 1),
        )
        .where(following.subscription_id.in_(subscriptions), following.status == QUEUED, following.due_at > now)
        .where(Delivery.status == RETRY, Delivery.paused_bot)
        .order_by(following.due_at)
        .limit(1)
    )


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up."""

    delivery_id: str
    alert_id: str
    category: str
    area: str
    reason: str
    audience: str
    subscription: str
    channel: str
    level: str
    attempts: int
    response_code: int | None
    failure: Failure
    given_up_at: datetime | None


def count_dead_letters(store: Store) -> int:
    """Return how many deliveries were given up and wait for somebody."""
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(Delivery).where(Delivery.status == DEAD)) or 0


def dead_letters(store: Store, *, limit: int = 200) -> list[DeadLetter]:
    """Return what was given up, newest first."""
    with store.reading() as session:
        rows = session.execute(
            select(Delivery, OutboxMessage, Subscription)
            .join(OutboxMessage, OutboxMessage.id == Delivery.outbox_id)
            .join(Subscription, Subscription.id == Delivery.subscription_id)
            .where(Delivery.status == DEAD)
            .order_by(Delivery.finished_at.desc(), Delivery.id)
            .limit(limit)
        ).all()
    return [
        DeadLetter(
            delivery_id=attempt.id,
            alert_id=message.alert_id,
            category=str(message.body.get("category", "")),
            area=str(message.body.get("area", "")),
            reason=message.reason,
            audience=message.audience,
            subscription=subscription.name,
            channel=subscription.channel,
            level=message.level,
            attempts=attempt.attempt,
            response_code=attempt.response_code,
            failure=failure_of(attempt),
            given_up_at=attempt.finished_at,
        )
        for attempt, message, subscription in rows
    ]


def send_again(store: Store, delivery_id: str, *, clock: Clock) -> str:
    """Queue a given-up message once more, under its old idempotency id; return the id of the new attempt.

    Raises:
        NotFoundError: There is no such attempt.
        ConflictError: The attempt was not given up, was already sent again, or its subscription is ended.
    """
    with store.session() as session:
        attempt = session.get(Delivery, delivery_id)
        if attempt is None:
            raise NotFoundError("no_delivery", delivery=delivery_id)
        if attempt.status != DEAD:
            raise ConflictError("not_given_up", delivery=delivery_id, status=attempt.status)
        if session.get_one(Subscription, attempt.subscription_id).ended_at is not None:
            raise ConflictError("subscription_ended", delivery=delivery_id)
        attempt.status = RETRY
        return requeue(session, attempt, due_at=clock.now()).id


def by_bot(rows: Sequence[DueRow], bots: Mapping[str, Bot]) -> dict[Bot, list[DueRow]]:
    """Group due attempts by the bot behind their subscription; those without a bot are left out."""
    groups: dict[Bot, list[DueRow]] = defaultdict(list)
    for row in rows:
        if bot := bots.get(row[2].id):
            groups[bot].append(row)
    return groups


def failure_of(attempt: Delivery) -> Failure:
    """Return why an attempt failed, as it was recorded."""
    return Failure(Cause(attempt.cause), attempt.cause_params, attempt.said)


def _note(attempt: Delivery, failure: Failure) -> None:
    attempt.cause, attempt.cause_params, attempt.said = failure.cause.value, dict(failure.params), failure.said


def _status(outcome: DeliveryOutcome, attempt: int, retries: RetryPolicy) -> str:
    if outcome.verdict is DeliveryVerdict.SENT:
        return SENT
    if outcome.verdict is DeliveryVerdict.REFUSED or retries.exhausted(attempt):
        return DEAD
    return RETRY
