"""The outbox, read: which subscription a message is for, and the facts in its body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from features.clock import SKEW
from features.sentences import Sentence
from features.vocabulary import AlertLevel, Kind, read_rule
from serve.delivery.notice import Notice
from serve.store.columns import new_id
from serve.store.tables import AlertEvent, Delivery, OutboxMessage, Subscription

QUEUED: Final = "queued"
EVERYBODY: Final = "all"
DUTY_DESK: Final = "duty"
_WAITING: Final = frozenset({"opened", "reassignment_asked"})
_BATCH: Final = 1_000
_UNHEARD_SINCE: Final = timedelta(days=7)


def expand(session: Session, *, now: datetime) -> int:
    """Queue one delivery per subscription for every message that is due; return how many had no reader.

    A message for a department that nobody subscribed to goes to the duty desk: somebody must hear it.
    """
    messages = session.scalars(
        select(OutboxMessage).where(is_fresh(now)).order_by(OutboxMessage.not_before, OutboxMessage.id).limit(_BATCH)
    ).all()
    if not messages:
        return 0
    subscriptions = session.scalars(select(Subscription).where(listens())).all()
    unheard = 0
    for message in messages:
        readers = readers_of(message, subscriptions)
        unheard += not readers
        session.add_all(_queued(message, reader, now) for reader in readers)
        message.expanded_at = now
    session.flush()
    return unheard


def listens() -> ColumnElement[bool]:
    """Return the condition of a subscription that is told anything: neither paused nor ended."""
    return and_(Subscription.paused_at.is_(None), Subscription.ended_at.is_(None))


def is_fresh(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a message that is to be queued: its time has come, or a clock that was wrong wrote it."""
    due = or_(OutboxMessage.not_before <= now, OutboxMessage.created_at > now + SKEW)
    return and_(OutboxMessage.expanded_at.is_(None), due)


def readers_of(message: OutboxMessage, subscriptions: Sequence[Subscription]) -> list[Subscription]:
    """Return who hears a message: its audience and those who follow everything; else the duty desk."""
    wanted = [one for one in subscriptions if _takes(one, message)]
    readers = [one for one in wanted if one.audience in {message.audience, EVERYBODY}]
    if any(one.audience == message.audience for one in readers) or message.audience == EVERYBODY:
        return readers
    return readers + [one for one in wanted if one.audience == DUTY_DESK]


def unheard_audiences(session: Session, *, now: datetime) -> list[tuple[str, int]]:
    """Return the audiences whose messages of the last week nobody was there to hear, with their number."""
    queued = exists().where(Delivery.outbox_id == OutboxMessage.id)
    query = (
        select(OutboxMessage.audience, func.count())
        .where(OutboxMessage.expanded_at > now - _UNHEARD_SINCE, ~queued)
        .group_by(OutboxMessage.audience)
        .order_by(func.count().desc(), OutboxMessage.audience)
    )
    return [(audience, count) for audience, count in session.execute(query)]


def requeue(session: Session, failed: Delivery, *, due_at: datetime, attempt: int | None = None) -> Delivery:
    """Queue the next attempt of a delivery, in the same digest."""
    following = Delivery(
        id=new_id("dl"),
        outbox_id=failed.outbox_id,
        subscription_id=failed.subscription_id,
        attempt=attempt or failed.attempt + 1,
        status=QUEUED,
        due_at=due_at,
        cause_params={},
        digest_id=failed.digest_id,
    )
    session.add(following)
    return following


def postpone(session: Session, subscriptions: Sequence[str], *, until: datetime) -> None:
    """Keep everything queued for these subscriptions back until `until`: their bot asked to be left alone."""
    session.execute(
        update(Delivery)
        .where(Delivery.subscription_id.in_(subscriptions), Delivery.status == QUEUED, Delivery.due_at < until)
        .values(due_at=until)
    )


def notice_of(message: OutboxMessage, *, simulated: bool = False) -> Notice:
    """Return the facts of a message, as the alert's transaction wrote them into its body."""
    body: Mapping[str, Any] = message.body
    return Notice(
        id=message.id,
        alert_id=message.alert_id,
        reason=message.reason,
        msg_type=message.msg_type,
        revision=message.revision,
        level=AlertLevel(message.level),
        kind=Kind(message.kind),
        category=str(body.get("category", "")),
        area=str(body.get("area", "")),
        department=str(body.get("department", "")),
        told=Sentence.of(body["sentence"]) if body.get("sentence") else None,
        rule=read_rule(body["rule"]) if body.get("rule") else None,
        due_at=_due(body),
        step=int(body.get("step") or 0),
        step_name=str(body.get("step_name", "")),
        demand=str(body.get("demand", "")),
        observed=body.get("observed"),
        callers=body.get("callers"),
        expected=body.get("expected"),
        upper=body.get("upper"),
        opened_at=_moment(body.get("opened_at")),
        lat=body.get("lat"),
        lon=body.get("lon"),
        radius_km=body.get("radius_km"),
        data_through=str(body.get("data_through") or ""),
        model_version=str(body.get("model_version", "")),
        simulated=simulated,
        written_at=message.created_at,
    )


def earlier_messages(session: Session, message: OutboxMessage, recipient: str) -> tuple[tuple[str, datetime], ...]:
    """Return (id, written at) of what this subscription was to hear about the same alert before, oldest first.

    What was queued counts, not what arrived: every copy of a message then refers to the same earlier ones.
    """
    own = select(AlertEvent.number).where(AlertEvent.id == message.event_id).scalar_subquery()
    query = (
        select(OutboxMessage.id, OutboxMessage.created_at)
        .join(Delivery, Delivery.outbox_id == OutboxMessage.id)
        .join(AlertEvent, AlertEvent.id == OutboxMessage.event_id)
        .where(OutboxMessage.alert_id == message.alert_id, AlertEvent.number < own)
        .where(Delivery.subscription_id == recipient, Delivery.attempt == 1)
        .order_by(AlertEvent.number, OutboxMessage.id)
    )
    return tuple((name, written) for name, written in session.execute(query))


def _takes(subscription: Subscription, message: OutboxMessage) -> bool:
    least = subscription.minimum_level or AlertLevel.BLUE
    loud_enough = AlertLevel(message.level) >= least
    right_channel = not message.channel or message.channel == subscription.channel
    right_kind = not subscription.kinds or message.kind in subscription.kinds
    return right_channel and right_kind and (loud_enough or message.kind == Kind.SENSITIVE)


def _queued(message: OutboxMessage, reader: Subscription, now: datetime) -> Delivery:
    return Delivery(
        id=new_id("dl"),
        outbox_id=message.id,
        subscription_id=reader.id,
        attempt=1,
        status=QUEUED,
        due_at=now,
        cause_params={},
        digest_id="",
    )


def _due(body: Mapping[str, Any]) -> datetime | None:
    """Return the next due time: an order's own, else until the acknowledgement, else until it is handled."""
    waiting = body.get("state") in _WAITING
    names = ("due_at", "ack_due_at" if waiting else "handle_due_at")
    return next((moment for name in names if (moment := _moment(body.get(name)))), None)


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None
