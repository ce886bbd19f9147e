"""`POST /v1/alerts/{id}/...`: the buttons. Each takes an Idempotency-Key and answers with the alert as it is then."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from serve.access import CallerDep
from serve.alerts import actions
from serve.alerts.endpoints import AlertId
from serve.alerts.lifecycle import Dismissal
from serve.alerts.schemas import AlertDetail
from serve.alerts.service import perform, towards
from serve.idempotency import IdempotencyKey
from serve.problems import problems
from serve.values import GivenName, GivenText, Name, Text
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(prefix="/v1/alerts", tags=["actions"], responses=problems(401, 403, 404, 409, 422))


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoteBody(_Body):
    """What was done."""

    note: Text = ""


class DismissBody(_Body):
    """Why it is a false alarm."""

    reason: Dismissal
    note: Text = ""


class ReassignBody(_Body):
    """Who should have it; nobody named asks the duty desk."""

    department: Name = ""
    reason: Text = ""


class AssignBody(_Body):
    """Who leads, or who assists (联办)."""

    department: GivenName
    part: Literal["lead", "assist"] = "lead"


class ReasonBody(_Body):
    """Why."""

    reason: Text = ""


class CommentBody(_Body):
    """What is said."""

    text: GivenText


class OutcomeBody(_Body):
    """Did the complaints come anyway?"""

    outcome: Literal["came", "did_not_come", "unknown"]
    note: Text = ""


class ActionDesk:
    """What every button needs of a request: who presses it, and the key that makes a repetition harmless."""

    def __init__(
        self,
        store: StoreDep,
        clock: ClockDep,
        settings: SettingsDep,
        caller: CallerDep,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        self._act = partial(
            perform, store, clock=clock, settings=settings, caller=caller, idempotency_key=idempotency_key
        )

    def perform(self, alert_id: str, name: str, action: actions.Action, body: BaseModel | None = None) -> AlertDetail:
        """Act once, and return the alert as it is then."""
        values = body.model_dump(mode="json") if body else {}
        return self._act(alert_id=alert_id, name=name, action=action, values=values)


ActionDep = Annotated[ActionDesk, Depends()]


@router.post("/{alert_id}/ack", summary="签收: acknowledge")
def acknowledge(desk: ActionDep, alert_id: AlertId) -> AlertDetail:
    """Say that your department has seen it; a department that was asked (不归我) accepts with this."""
    return desk.perform(alert_id, "ack", actions.acknowledge)


@router.post("/{alert_id}/start", summary="处置中: in hand")
def start(desk: ActionDep, alert_id: AlertId) -> AlertDetail:
    """Say that somebody is on it."""
    return desk.perform(alert_id, "start", actions.start)


@router.post("/{alert_id}/handle", summary="已处置: handled")
def handle(desk: ActionDep, alert_id: AlertId, body: NoteBody) -> AlertDetail:
    """Say that your department has done its part."""
    return desk.perform(alert_id, "handle", partial(actions.handle, note=body.note), body)


@router.post("/{alert_id}/dismiss", summary="误报: false alarm")
def dismiss(desk: ActionDep, alert_id: AlertId, body: DismissBody) -> AlertDetail:
    """Say that it is a false alarm, and why; the reason is counted, and shown with similar cases."""
    return desk.perform(alert_id, "dismiss", partial(actions.dismiss, reason=body.reason, note=body.note), body)


@router.post("/{alert_id}/reassign", summary="不归我: not mine")
def reassign(desk: ActionDep, alert_id: AlertId, body: ReassignBody) -> AlertDetail:
    """Say who should have it. The clock runs on until another department accepts."""
    action = partial(actions.reassign, department=body.department, reason=body.reason)
    return desk.perform(alert_id, "reassign", towards(body.department, action), body)


@router.post("/{alert_id}/assign", summary="Give the lead, or ask to assist (联办)")
def assign(desk: ActionDep, alert_id: AlertId, body: AssignBody) -> AlertDetail:
    """Give the lead to a department, or add an assisting one with its own clock. For supervisors."""
    action = partial(actions.assign, department=body.department, part=body.part)
    return desk.perform(alert_id, "assign", towards(body.department, action), body)


@router.post("/{alert_id}/resolve", summary="It is over")
def resolve(desk: ActionDep, alert_id: AlertId, body: ReasonBody) -> AlertDetail:
    """Close the alert. For supervisors; the system does the same when the count is back inside its band."""
    return desk.perform(alert_id, "resolve", partial(actions.resolve, reason=body.reason), body)


@router.post("/{alert_id}/reopen", summary="Open again")
def reopen(desk: ActionDep, alert_id: AlertId, body: ReasonBody) -> AlertDetail:
    """Open an answered or closed alert again; every clock starts anew. For supervisors."""
    return desk.perform(alert_id, "reopen", partial(actions.reopen, reason=body.reason), body)


@router.post("/{alert_id}/comment", summary="Say something")
def comment(desk: ActionDep, alert_id: AlertId, body: CommentBody) -> AlertDetail:
    """Add a comment to the history."""
    return desk.perform(alert_id, "comment", partial(actions.comment, text=body.text), body)


@router.post("/{alert_id}/outcome", summary="What came of it")
def record_outcome(desk: ActionDep, alert_id: AlertId, body: OutcomeBody) -> AlertDetail:
    """Record whether the complaints came anyway. For planners and supervisors."""
    return desk.perform(
        alert_id, "outcome", partial(actions.record_outcome, outcome=body.outcome, note=body.note), body
    )
