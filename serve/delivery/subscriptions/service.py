"""Make, change, try, pause, end and list subscriptions; read deliveries. A department manages what goes to itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, and_, func, or_, select, true, tuple_
from sqlalchemy.orm import Session

from features.settings import Settings
from serve import paging
from serve.access import Caller
from serve.alerts.repository import AlertRepository
from serve.delivery.addresses import UnresolvedAddressError, UnsafeAddressError, pin
from serve.delivery.attempts import skip_ended
from serve.delivery.channels import CHANNELS
from serve.delivery.config import networks_of
from serve.delivery.destinations import Destination, NoTargetError, target_of
from serve.delivery.failures import Cause, Failure, SaidFailure
from serve.delivery.hearing import hearing_of
from serve.delivery.subscriptions.audiences import require_audience, require_own
from serve.delivery.subscriptions.schemas import (
    ChangedSubscription,
    DeliveryView,
    HearingView,
    NewSubscription,
    SubscriptionView,
)
from serve.delivery.trial import note_trial
from serve.errors import NotFoundError, UnprocessableError
from serve.paging import Cursor
from serve.store.columns import new_id
from serve.store.tables import Delivery, OutboxMessage, Subscription

MOST: Final = 20
"""Subscriptions of one audience: more are a mistake, and every message of it is a call to each."""


def visible(caller: Caller) -> ColumnElement[bool]:
    """Return the condition that a subscription must meet to be seen by this caller."""
    if caller.sees_all_alerts:
        return true()
    own = Subscription.audience == caller.department
    return or_(own, Subscription.audience.startswith(f"{caller.department}/", autoescape=True))


def subscriptions(session: Session, caller: Caller) -> list[SubscriptionView]:
    """Return the subscriptions a caller may see, by audience, each with how its bot is."""
    standing = and_(visible(caller), Subscription.ended_at.is_(None))
    rows = session.scalars(select(Subscription).where(standing).order_by(Subscription.audience, Subscription.id)).all()
    return views_of(session, rows)


def check_destination(settings: Settings, caller: Caller, destination: Destination) -> None:
    """Refuse a destination that messages could not go to; looks names up, so no session is open meanwhile.

    Raises:
        UnprocessableError: No such channel, no target or address that this audience may use, or an address that
            messages must not reach.
    """
    if destination.channel not in CHANNELS:
        raise UnprocessableError("no_channel", channel=destination.channel, channels=sorted(CHANNELS))
    if not destination.target and not destination.url:
        raise UnprocessableError("nowhere_to_send")
    try:
        target_of(settings.delivery, destination)
        if destination.url:
            pin(destination.url, allowed=networks_of(settings.delivery))
    except (NoTargetError, UnsafeAddressError, UnresolvedAddressError) as error:
        if isinstance(error, UnresolvedAddressError) and error.passing:
            return  # No DNS server answers now: that is no fault of the address, which is checked before every call.
        raise UnprocessableError("destination", why=SaidFailure(_for(caller, error.failure))) from error


def add(
    session: Session, caller: Caller, wanted: NewSubscription, settings: Settings, *, now: datetime
) -> SubscriptionView:
    """Make a subscription whose destination was checked.

    Raises:
        ForbiddenError: The audience is not the caller's.
        UnprocessableError: Nobody is called so, or the audience has many already.
    """
    require_audience(session, caller, wanted.audience, settings.alerts)
    standing = and_(Subscription.audience == wanted.audience, Subscription.ended_at.is_(None))
    if (session.scalar(select(func.count()).select_from(Subscription).where(standing)) or 0) >= MOST:
        raise UnprocessableError("too_many_subscriptions", most=MOST)
    row = Subscription(
        id=new_id("sub"),
        name=wanted.name,
        audience=wanted.audience,
        channel=wanted.channel,
        config=_config(wanted),
        minimum_level=wanted.minimum_level.value if wanted.minimum_level else "",
        kinds=[kind.value for kind in wanted.kinds],
        language=wanted.language,
        author=caller.name,
        author_role=caller.role.value,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _view(session, row)


def change(session: Session, caller: Caller, subscription_id: str, wanted: ChangedSubscription) -> SubscriptionView:
    """Change what is named; a destination was checked before.

    Raises:
        NotFoundError: It does not exist, or is not the caller's to see.
    """
    row = own_subscription(session, caller, subscription_id)
    if wanted.moves:
        row.channel, row.config = wanted.channel or row.channel, _config(wanted)
        row.author, row.author_role = caller.name, caller.role.value
    named = wanted.model_fields_set
    if wanted.name is not None:
        row.name = wanted.name
    if "minimum_level" in named:
        row.minimum_level = wanted.minimum_level.value if wanted.minimum_level else ""
    if wanted.kinds is not None:
        row.kinds = [kind.value for kind in wanted.kinds]
    if wanted.language is not None:
        row.language = wanted.language
    session.flush()
    return _view(session, row)


def destination_wanted(row: Subscription, caller: Caller, wanted: ChangedSubscription) -> Destination:
    """Return where a subscription's messages would go after a change."""
    return Destination(
        audience=row.audience,
        channel=wanted.channel or row.channel,
        target=wanted.target or "",
        url=wanted.url or "",
        commanded=caller.commands_alerts,
    )


def pause(session: Session, caller: Caller, subscription_id: str, *, at: datetime | None) -> SubscriptionView:
    """Pause a subscription from a moment on, or go on with it (None).

    Raises:
        NotFoundError: It does not exist, or is not the caller's to see.
    """
    row = own_subscription(session, caller, subscription_id)
    row.paused_at = at
    return _view(session, row)


def end(session: Session, caller: Caller, subscription_id: str, *, now: datetime) -> None:
    """End a subscription for good: what waits for it is not sent.

    Raises:
        NotFoundError: It does not exist, or is not the caller's to see.
    """
    own_subscription(session, caller, subscription_id).ended_at = now
    session.flush()
    skip_ended(session)


def begin_test(session: Session, caller: Caller, subscription_id: str, *, now: datetime) -> None:
    """Note that a subscription is tried now.

    Raises:
        NotFoundError: It does not exist, or is not the caller's to see.
        TooManyRequestsError: It was tried a moment ago.
    """
    note_trial(own_subscription(session, caller, subscription_id), now=now)


def own_subscription(session: Session, caller: Caller, subscription_id: str) -> Subscription:
    """Return a standing subscription that the caller may manage.

    Raises:
        NotFoundError: It does not exist, or is not the caller's to see.
        ForbiddenError: It may be seen, not managed.
    """
    found = and_(Subscription.id == subscription_id, visible(caller), Subscription.ended_at.is_(None))
    row = session.scalar(select(Subscription).where(found))
    if row is None:
        raise NotFoundError("no_subscription", subscription=subscription_id)
    require_own(caller, row.audience)
    return row


def deliveries(
    session: Session, caller: Caller, *, status: str | None, alert_id: str | None, limit: int, after: Cursor | None
) -> list[DeliveryView]:
    """Return attempts about alerts the caller may see, newest first."""
    query = (
        select(Delivery, OutboxMessage, Subscription)
        .join(OutboxMessage, OutboxMessage.id == Delivery.outbox_id)
        .join(Subscription, Subscription.id == Delivery.subscription_id)
        .where(OutboxMessage.alert_id.in_(AlertRepository(session, caller).ids()), visible(caller))
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


def views_of(session: Session, rows: Sequence[Subscription]) -> list[SubscriptionView]:
    """Return subscriptions without their addresses, each with how its bot is."""
    heard = hearing_of(session, [row.id for row in rows])
    plain = [name for name in SubscriptionView.model_fields if name not in {"target", "host", "hearing"}]
    return [
        SubscriptionView(
            **{name: getattr(row, name) for name in plain},
            target=str(row.config.get("target") or ""),
            host=_host(str(row.config.get("url") or "")),
            hearing=HearingView.of(heard[row.id]),
        )
        for row in rows
    ]


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _view(session: Session, row: Subscription) -> SubscriptionView:
    return views_of(session, [row])[0]


def _config(wanted: NewSubscription | ChangedSubscription) -> dict[str, str]:
    return {name: value for name in ("target", "url") if (value := getattr(wanted, name))}


def _for(caller: Caller, failure: Failure) -> Failure:
    """Return a failure as the caller may know it: a target that it may not use is not there for it."""
    if failure.cause is Cause.TARGET_NOT_YOURS and not caller.commands_alerts:
        return Failure(Cause.NO_TARGET, {"target": failure.params["target"]})
    return failure


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
