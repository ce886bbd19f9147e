"""Orders of a supervisor to a department: issue, answer, remind once when the due date has passed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.words import Coded
from serve.access import Caller
from serve.access.roles import ROLES
from serve.alerts import notify
from serve.alerts.copies import visible_orders
from serve.alerts.episode import Episode
from serve.alerts.lifecycle import Event
from serve.alerts.repository import AlertRepository
from serve.alerts.unit_of_work import Actor, Desk
from serve.errors import ConflictError, ForbiddenError, NotFoundError, UnprocessableError
from serve.idempotency import Attempt
from serve.store.columns import new_id
from serve.store.tables import SupervisionOrder
from serve.supervision.schemas import NewOrder, OrderView


def find(
    session: Session, caller: Caller, *, open_only: bool, alert_id: str | None = None
) -> Sequence[SupervisionOrder]:
    """Return the orders a caller may see, the next to be due first."""
    query = select(SupervisionOrder).where(visible_orders(caller))
    if open_only:
        query = query.where(SupervisionOrder.answered_at.is_(None))
    if alert_id is not None:
        query = query.where(SupervisionOrder.alert_id == alert_id)
    return session.scalars(query.order_by(SupervisionOrder.due_at, SupervisionOrder.id)).all()


def issue_once(
    desk: Desk, caller: Caller, alert_id: str, wanted: NewOrder, *, idempotency_key: str | None
) -> OrderView:
    """Issue an order, or return what the same request issued before; raises like `issue`."""
    attempt = Attempt.of(caller, idempotency_key, "supervise", alert_id, wanted.model_dump(mode="json"))
    episode = AlertRepository(desk.session, caller).episode(alert_id)
    earlier = attempt.earlier_reply(desk.session)
    if earlier is not None:
        return OrderView.model_validate(earlier)
    view = OrderView.model_validate(issue(desk, episode, caller, **wanted.model_dump()))
    attempt.remember(desk.session, view.model_dump(mode="json"), now=desk.now, status=201)
    return view


def issue(
    desk: Desk, episode: Episode, caller: Caller, *, department: str, due_at: datetime, demand: str
) -> SupervisionOrder:
    """Issue an order about an alert to a department that has a part in it.

    Raises:
        ForbiddenError: The caller is no supervisor.
        UnprocessableError: The due date has passed, or the department has no part in the alert.
    """
    if not caller.commands_alerts:
        raise ForbiddenError("may_not_order", role=Coded(ROLES, caller.role))
    if due_at <= desk.now:
        raise UnprocessableError("due_passed")
    addressee = department or episode.alert.department
    if episode.party(addressee) is None:
        raise UnprocessableError("addressee_no_part", department=addressee, alert=episode.alert.id)
    order = SupervisionOrder(
        id=new_id("so"),
        alert_id=episode.alert.id,
        department=addressee,
        issued_by=caller.name,
        issued_at=desk.now,
        due_at=due_at,
        demand=demand,
        answered_by="",
        answer="",
    )
    desk.session.add(order)
    payload = {"order_id": order.id, "department": addressee, "due_at": due_at.isoformat(), "demand": demand}
    actor = Actor(name=caller.name, role=caller.role.value)
    event = desk.record(episode, Event.SUPERVISED, actor=actor, payload=payload)
    audience = notify.audience_of(addressee, desk)
    notify.post(desk, episode, event, reason="supervised", audiences=[audience], extra=payload)
    return order


def answer(desk: Desk, order_id: str, caller: Caller, *, text: str) -> SupervisionOrder:
    """Answer an order, as the department it was issued to (or a supervisor for it).

    Raises:
        NotFoundError: There is no such order, or it was issued to another department.
        ConflictError: It has been answered.
    """
    order = desk.session.get(SupervisionOrder, order_id)
    if order is None or not (caller.commands_alerts or order.department == caller.department):
        raise NotFoundError("no_order", order=order_id)
    if order.answered_at is not None:
        raise ConflictError("order_answered", order=order_id, who=order.answered_by)
    order.answered_at, order.answered_by, order.answer = desk.now, caller.name, text
    episode = desk.load(order.alert_id)
    actor = Actor(name=caller.name, role=caller.role.value, department=caller.department)
    event = desk.record(
        episode, Event.SUPERVISION_ANSWERED, actor=actor, payload={"order_id": order.id, "answer": text}
    )
    notify.post(desk, episode, event, reason="supervision_answered", audiences=[notify.SUPERVISORS])
    return order


def remind_overdue(desk: Desk) -> int:
    """Remind, once, of every order that was not answered in time; the supervisors hear it too."""
    query = select(SupervisionOrder).where(
        SupervisionOrder.answered_at.is_(None),
        SupervisionOrder.reminded_at.is_(None),
        SupervisionOrder.due_at <= desk.now,
    )
    overdue = desk.session.scalars(query.order_by(SupervisionOrder.due_at)).all()
    for order in overdue:
        order.reminded_at = desk.now
        episode = desk.load(order.alert_id)
        facts = {
            "order_id": order.id,
            "step_name": "",
            "step": 0,
            "clock": "supervision",
            "of": order.department,
        }
        event = desk.record(episode, Event.ESCALATED, payload={**facts, "to": notify.SUPERVISORS, "channel": ""})
        audiences = [notify.audience_of(order.department, desk), notify.SUPERVISORS]
        extra = {**facts, "due_at": order.due_at.isoformat(), "demand": order.demand}
        notify.post(desk, episode, event, reason="supervision_overdue", audiences=audiences, extra=extra)
    return len(overdue)
