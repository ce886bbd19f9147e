"""The supervisor's page (督办): what is late, dismissed again and again or never answered; orders and their answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError

from features.settings import Settings
from serve.alerts.repository import AlertRepository
from serve.alerts.unit_of_work import open_desk
from serve.errors import ForbiddenError, UnprocessableError
from serve.pages.language import Words
from serve.pages.moments import read_moment
from serve.pages.render import PageRoute, own_path, page, redirect
from serve.pages.sessions import Visitor, VisitorDep
from serve.pages.views.origin import detection_origin
from serve.pages.views.supervision import REASONS, by_department, concerns_of, order_line, tomorrow
from serve.store import Store
from serve.supervision import orders
from serve.supervision.schemas import AnswerBody, NewOrder
from serve.supervision.watchlist import watchlist
from serve.values import Id, Name, Text
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN: Final = 60
ANSWERED_SHOWN: Final = timedelta(days=7)


@router.get("/supervision")
def supervision(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    reason: Name = "",
    department: Name = "",
    done: str = "",
) -> Response:
    """Show what needs a supervisor, the longest late first, with a form for an order beside each alert."""
    return _page(request, store, settings, visitor, now=clock.now(), reason=reason, department=department, done=done)


@router.post("/supervision/orders")
def issue_order(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    alert_id: Annotated[Id, Form()],
    csrf: Annotated[str, Form(max_length=100)] = "",
    department: Annotated[Name, Form()] = "",
    due: Annotated[Name, Form(max_length=20)] = "",
    demand: Annotated[Text, Form()] = "",
    back: Annotated[str, Form(max_length=300)] = "/supervision",
    once: Annotated[Name, Form(max_length=40)] = "",
) -> Response:
    """Issue an order; the same form sent again issues nothing more."""
    visitor.check(csrf)
    try:
        wanted = NewOrder(department=department, due_at=read_moment(due, settings.zone), demand=demand.strip())
        with open_desk(store, clock, settings) as desk:
            key = f"form-{once}" if once else None
            orders.issue_once(desk, visitor.caller, alert_id, wanted, idempotency_key=key)
    except (ValidationError, UnprocessableError):
        return _page(request, store, settings, visitor, now=clock.now(), problem="supervision.wrong", status=422)
    return redirect(f"{own_path(back)}?done=supervise")


@router.post("/supervision/orders/{order_id}/answer")
def answer_order(
    *,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    order_id: Id,
    csrf: Annotated[str, Form(max_length=100)] = "",
    answer: Annotated[str, Form(max_length=8000)] = "",
    back: Annotated[str, Form(max_length=300)] = "/alerts",
) -> Response:
    """Answer an order that was issued to this person's department."""
    visitor.check(csrf)
    try:
        said = AnswerBody(answer=answer.strip())
    except ValidationError as error:
        raise UnprocessableError("answer_empty") from error
    with open_desk(store, clock, settings) as desk:
        orders.answer(desk, order_id, visitor.caller, text=said.answer)
    return redirect(f"{own_path(back)}?done=answer")


def _page(
    request: Request,
    store: Store,
    settings: Settings,
    visitor: Visitor,
    *,
    now: datetime,
    reason: str = "",
    department: str = "",
    done: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    if not visitor.caller.commands_alerts:
        raise ForbiddenError("supervision_for_supervisors")
    if reason and reason not in REASONS:
        raise UnprocessableError("unknown_reason", reason=reason)
    words = Words.of_reader(request, settings)
    with store.reading() as session:
        watched = watchlist(AlertRepository(session, visitor.caller), settings.alerts, now=now)
        issued = orders.find(session, visitor.caller, open_only=False)
        chosen = [
            item
            for item in watched
            if (not reason or reason in item.reasons) and department in {"", item.alert.department, *item.departments}
        ]
        concerns = concerns_of(session, chosen[:SHOWN], issued, words, visitor.caller, now=now)
        origin = detection_origin(session, words, now=now)
    recent = [one for one in issued if one.answered_at is None or one.answered_at > now - ANSWERED_SHOWN]
    return page(
        request,
        "supervision.html",
        settings=settings,
        visitor=visitor,
        status=status,
        provenance=origin,
        concerns=concerns,
        total=len(chosen),
        tally={name: sum(name in item.reasons for item in watched) for name in REASONS},
        departments=by_department(watched),
        orders=[order_line(one, now=now) for one in recent],
        reason=reason,
        department=department,
        done=done if done == "supervise" else "",
        problem=problem,
        due=tomorrow(settings, now),
    )
