"""`/v1/subscriptions` and `/v1/deliveries`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from serve import paging
from serve.access import CallerDep
from serve.alerts.policy import on_duty
from serve.delivery import send_again
from serve.delivery.destinations import Destination
from serve.delivery.subscriptions import service
from serve.delivery.subscriptions.audiences import require_own
from serve.delivery.subscriptions.schemas import (
    ChangedSubscription,
    DeliveryList,
    NewSubscription,
    SentAgain,
    SubscriptionList,
    SubscriptionView,
    TestedView,
)
from serve.delivery.trial import send_test
from serve.errors import ForbiddenError
from serve.problems import problems
from serve.values import Id
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(tags=["delivery"], responses=problems(401, 403, 422))

Status = Literal["queued", "sending", "sent", "retry", "dead", "skipped"]


@router.get("/v1/subscriptions", summary="Who hears of what")
def list_subscriptions(store: StoreDep, caller: CallerDep) -> SubscriptionList:
    """Return the subscriptions you may see; addresses are not shown."""
    with store.reading() as session:
        return SubscriptionList(items=service.subscriptions(session, caller))


@router.post("/v1/subscriptions", status_code=201, summary="Subscribe")
def add_subscription(
    *, store: StoreDep, clock: ClockDep, settings: SettingsDep, caller: CallerDep, wanted: NewSubscription
) -> SubscriptionView:
    """Subscribe an audience to its messages. A department subscribes for itself; where it leads is checked now."""
    require_own(caller, wanted.audience)
    destination = Destination(
        wanted.audience, wanted.channel, wanted.target, wanted.url, commanded=caller.commands_alerts
    )
    service.check_destination(settings, caller, destination)
    with store.session() as session:
        return service.add(session, caller, wanted, settings, now=clock.now())


@router.patch("/v1/subscriptions/{subscription_id}", summary="Change", responses=problems(404))
def change_subscription(
    *, store: StoreDep, settings: SettingsDep, caller: CallerDep, subscription_id: Id, wanted: ChangedSubscription
) -> SubscriptionView:
    """Change what is named: the name, what is told, or where it goes, which is checked now."""
    with store.reading() as session:
        row = service.own_subscription(session, caller, subscription_id)
        destination = service.destination_wanted(row, caller, wanted)
    if wanted.moves:
        service.check_destination(settings, caller, destination)
    with store.session() as session:
        return service.change(session, caller, subscription_id, wanted)


@router.delete("/v1/subscriptions/{subscription_id}", status_code=204, summary="Delete", responses=problems(404))
def end_subscription(store: StoreDep, clock: ClockDep, caller: CallerDep, subscription_id: Id) -> None:
    """Send nothing here any more, ever; what waits is not sent. What was sent stays in `/v1/deliveries`."""
    with store.session() as session:
        service.end(session, caller, subscription_id, now=clock.now())


@router.post("/v1/subscriptions/{subscription_id}/test", summary="Send a test message", responses=problems(404, 429))
def try_subscription(
    *, store: StoreDep, clock: ClockDep, settings: SettingsDep, caller: CallerDep, subscription_id: Id
) -> TestedView:
    """Send a test message here, at most once a minute, and answer what the receiver said."""
    with store.session() as session:
        service.begin_test(session, caller, subscription_id, now=clock.now())
    return TestedView.of(send_test(store, settings, clock, subscription_id))


@router.post("/v1/subscriptions/{subscription_id}/pause", summary="Pause", responses=problems(404))
def pause_subscription(store: StoreDep, clock: ClockDep, caller: CallerDep, subscription_id: Id) -> SubscriptionView:
    """Send nothing more here, until it is resumed."""
    with store.session() as session:
        return service.pause(session, caller, subscription_id, at=clock.now())


@router.post("/v1/subscriptions/{subscription_id}/resume", summary="Go on", responses=problems(404))
def resume_subscription(store: StoreDep, caller: CallerDep, subscription_id: Id) -> SubscriptionView:
    """Send here again; what was missed meanwhile is not sent later."""
    with store.session() as session:
        return service.pause(session, caller, subscription_id, at=None)


@router.get("/v1/deliveries", summary="What became of every message")
def list_deliveries(
    *,
    store: StoreDep,
    caller: CallerDep,
    status: Annotated[Status | None, Query(description="`dead` is the dead-letter list")] = None,
    alert_id: Id | None = None,
    limit: paging.LimitQuery = 100,
    cursor: paging.CursorQuery = None,
) -> DeliveryList:
    """Return attempts to deliver messages about alerts you may see, newest first."""
    after = paging.decode(cursor, (str, str))
    with store.reading() as session:
        found = service.deliveries(session, caller, status=status, alert_id=alert_id, limit=limit + 1, after=after)
    page = DeliveryList(items=found[:limit])
    if len(found) > limit:
        page.next_cursor = paging.encode([found[limit - 1].due_at.isoformat(), found[limit - 1].id])
    return page


@router.post(
    "/v1/deliveries/{delivery_id}/send-again", summary="Send a given-up message again", responses=problems(404, 409)
)
def send_delivery_again(
    store: StoreDep, clock: ClockDep, settings: SettingsDep, caller: CallerDep, delivery_id: Id
) -> SentAgain:
    """Queue a message from the dead-letter list once more, under its old id. For supervisors and the duty desk."""
    if not on_duty(settings.alerts, caller):
        raise ForbiddenError("only_duty_sends_again")
    return SentAgain(delivery_id=send_again(store, delivery_id, clock=clock))
