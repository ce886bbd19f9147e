"""Make, pause and list subscriptions; read deliveries. A department manages what goes to itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, true, tuple_
from sqlalchemy.orm import Session

from serve import paging
from serve.access import Caller, Role
from serve.alerts.repository import AlertRepository
from serve.delivery.channels import CHANNELS
from serve.delivery.subscriptions.schemas import DeliveryView, NewSubscription, SubscriptionView
from serve.errors import ForbiddenError, NotFoundError, UnprocessableError
from serve.paging import Cursor
from serve.store.columns import new_id
from serve.store.tables import Alert, Delivery, OutboxMessage, Subscription


def visible(caller: Caller) -> ColumnElement[bool]:
    """Return the condition that a subscription must meet to be seen by this caller."""
    if caller.sees_all_alerts:
        return true()
    own = Subscription.audience == caller.department
    return or_(own, Subscription.audience.startswith(f"{caller.department}/", autoescape=True))


def subscriptions(session: Session, caller: Caller) -> list[SubscriptionView]:
    """Return the subscriptions a caller may see, by audience."""
    query = select(Subscription).where(visible(caller)).order_by(Subscription.audience, Subscription.id)
    return [view_of(row) for row in session.scalars(query)]


def add(session: Session, caller: Caller, wanted: NewSubscription, *, now: datetime) -> SubscriptionView:
    """Make a subscription.

    Raises:
        ForbiddenError: The audience is not the caller's.
        UnprocessableError: No such channel, or nowhere to send to.
    """
    _require_audience(caller, wanted.audience)
    if wanted.channel not in CHANNELS:
        raise UnprocessableError("no_channel", channel=wanted.channel, channels=sorted(CHANNELS))
    config = {name: value for name in ("target", "url", "to") if (value := getattr(wanted, name))}
    if not config:
        raise UnprocessableError("nowhere_to_send")
    row = Subscription(
        id=new_id("sub"),
        name=wanted.name,
        audience=wanted.audience,
        channel=wanted.channel,
        config=config,
        minimum_level=wanted.minimum_level.value if wanted.minimum_level else "",
        kinds=[kind.value for kind in wanted.kinds],
        language=wanted.language,
        author=caller.name,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return view_of(row)


def pause(session: Session, caller: Caller, subscription_id: str, *, at: datetime | None) -> SubscriptionView:
    """Pause a subscription from a moment on, or go on with it (None).

    Raises:
        NotFoundError: It does not exist, or is not the caller's to see.
    """
    row = session.scalar(select(Subscription).where(Subscription.id == subscription_id, visible(caller)))
    if row is None:
        raise NotFoundError("no_subscription", subscription=subscription_id)
    _require_audience(caller, row.audience)
    row.paused_at = at
    return view_of(row)


def deliveries(
    session: Session, caller: Caller, *, status: str | None, alert_id: str | None, limit: int, after: Cursor | None
) -> list[DeliveryView]:
    """Return attempts about alerts the caller may see, newest first."""
    query = (
        select(Delivery, OutboxMessage, Subscription)
        .join(OutboxMessage, OutboxMessage.id == Delivery.outbox_id)
        .join(Subscription, Subscription.id == Delivery.subscription_id)
        .join(Alert, Alert.id == OutboxMessage.alert_id)
        .where(AlertRepository(session, caller).visible(), visible(caller))
        .order_by(Delivery.due_at.desc(), Delivery.id.desc())
        .limit(limit)
    )
    if status is not None:
        query = query.where(Delivery.status == status)
    if alert_id is not None:
        query = query.where(OutboxMessage.alert_id == alert_id)
    if after is not None:
        position = (paging.moment(after[0]), str(after[1]))
        query = query.where(tuple_(Delivery.due_at, Delivery.id) < tuple_(*position))
    return [_delivery_view(*row) for row in session.execute(query)]


def view_of(row: Subscription) -> SubscriptionView:
    """Return a subscription without its address."""
    return SubscriptionView(
        **{name: getattr(row, name) for name in SubscriptionView.model_fields if name != "target"},
        target=str(row.config.get("target", "")),
    )


def _delivery_view(delivery: Delivery, message: OutboxMessage, subscription: Subscription) -> DeliveryView:
    own = ("id", "attempt", "status", "due_at", "finished_at", "response_code", "cause", "cause_params", "said")
    return DeliveryView(
        **{name: getattr(delivery, name) for name in own},
        message_id=message.id,
        alert_id=message.alert_id,
        reason=message.reason,
        audience=message.audience,
        subscription=subscription.name,
        channel=subscription.channel,
    )


def _require_audience(caller: Caller, audience: str) -> None:
    if caller.commands_alerts:
        return
    own = caller.role is Role.DEPARTMENT and (
        audience == caller.department or audience.startswith(f"{caller.department}/")
    )
    if not own:
        raise ForbiddenError("audience_not_yours", audience=audience)
