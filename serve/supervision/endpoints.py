"""`/v1/supervision`: the list across departments, orders (督办) and their answers, the weekly sheet."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import select

from features.origin import origin_of
from features.words import AreaNames
from serve.access import Caller, CallerDep, Role, allow
from serve.alerts.repository import AlertRepository
from serve.alerts.schemas import AlertView
from serve.alerts.unit_of_work import open_desk
from serve.idempotency import IdempotencyKey
from serve.problems import problems
from serve.store.tables import SupervisionOrder
from serve.supervision import orders, sheet
from serve.supervision.schemas import AnswerBody, Concern, ConcernList, NewOrder, OrderList, OrderView
from serve.supervision.watchlist import watchlist
from serve.values import Id
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(tags=["supervision"], responses=problems(401, 403, 422))

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Supervisor = Annotated[Caller, Depends(allow(Role.SUPERVISOR))]


@router.get("/v1/supervision", summary="What a supervisor should look at")
def read_watchlist(store: StoreDep, clock: ClockDep, settings: SettingsDep, caller: Supervisor) -> ConcernList:
    """Return alerts that are late, dismissed again and again, or never answered, across departments."""
    policy, now = settings.alerts, clock.now()
    with store.reading() as session:
        items = [
            Concern(
                alert=AlertView.model_validate(item.alert),
                reasons=sorted(item.reasons),
                late_departments=sorted(item.departments),
                minutes_late=sheet.minutes_late(item, now),
            )
            for item in watchlist(AlertRepository(session, caller), policy, now=now)
        ]
    return ConcernList(items=items)


@router.get(
    "/v1/supervision/sheet",
    summary="The weekly supervision list as a workbook",
    response_class=Response,
    responses={200: {"content": {_XLSX: {}}, "description": "The workbook"}},
)
def export_week(store: StoreDep, clock: ClockDep, settings: SettingsDep, caller: Supervisor) -> Response:
    """Return the list and the orders of the last seven days as XLSX."""
    policy, now = settings.alerts, clock.now()
    recent = select(SupervisionOrder).where(SupervisionOrder.issued_at >= now - timedelta(days=7))
    with store.reading() as session:
        found = list(session.scalars(recent.order_by(SupervisionOrder.due_at)))
        content = sheet.to_xlsx(
            watchlist(AlertRepository(session, caller), policy, now=now),
            found,
            now=now,
            zone=settings.zone,
            names=AreaNames.of(settings),
            simulated=origin_of(settings).simulated,
        )
    headers = {"Content-Disposition": f'attachment; filename="supervision-{now.astimezone(settings.zone):%G-W%V}.xlsx"'}
    return Response(content, media_type=_XLSX, headers=headers)


@router.get("/v1/supervision/orders", summary="Orders")
def list_orders(
    store: StoreDep,
    caller: CallerDep,
    open_only: Annotated[bool, Query(alias="open")] = True,  # noqa: FBT002
) -> OrderList:
    """Return orders, the next to be due first; a department sees those issued to it."""
    with store.reading() as session:
        found = orders.find(session, caller, open_only=open_only)
        return OrderList(items=[OrderView.model_validate(row) for row in found])


@router.post(
    "/v1/alerts/{alert_id}/supervise", status_code=201, summary="督办: issue an order", responses=problems(404, 409)
)
def issue_order(
    *,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    caller: CallerDep,
    alert_id: Id,
    body: NewOrder,
    idempotency_key: IdempotencyKey = None,
) -> OrderView:
    """Order a department to do something about an alert by a due date. For supervisors."""
    with open_desk(store, clock, settings) as desk:
        return orders.issue_once(desk, caller, alert_id, body, idempotency_key=idempotency_key)


@router.post("/v1/supervision/orders/{order_id}/answer", summary="Answer an order", responses=problems(404, 409))
def answer_order(
    *, store: StoreDep, clock: ClockDep, settings: SettingsDep, caller: CallerDep, order_id: Id, body: AnswerBody
) -> OrderView:
    """Answer an order that was issued to your department."""
    with open_desk(store, clock, settings) as desk:
        return OrderView.model_validate(orders.answer(desk, order_id, caller, text=body.answer))
