"""What people do to an alert: 签收 处置中 已处置 误报 不归我, and what a supervisor does beyond.

A second tap on the same button changes nothing. A department acts for itself; a supervisor acts for the lead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from features.words import Coded
from serve.access import Caller, Role
from serve.access.roles import ROLES
from serve.alerts import clocks, notify
from serve.alerts.episode import ASKED, ASSIST, LEAD, PARTS, Episode
from serve.alerts.lifecycle import CLOSED, Dismissal, Event, State
from serve.alerts.routing import corrections
from serve.alerts.unit_of_work import Actor, Desk
from serve.errors import ConflictError, ForbiddenError, UnprocessableError
from serve.store.tables import AlertParty

Action = Callable[[Desk, Episode, Caller], None]

_DONE_ALREADY: Final[dict[Event, frozenset[State]]] = {
    Event.ACKNOWLEDGED: frozenset({State.ACKNOWLEDGED, State.IN_HAND}),
    Event.STARTED: frozenset({State.IN_HAND}),
    Event.HANDLED: frozenset({State.HANDLED}),
    Event.DISMISSED: frozenset({State.DISMISSED}),
    Event.RESOLVED: CLOSED,
}
"""Where the alert stands when a button has been pressed before: pressing it again is not an error."""


def acknowledge(desk: Desk, episode: Episode, caller: Caller) -> None:
    """签收: the department has seen it. One that was asked (不归我) accepts with this, and leads from now on."""
    _accept_if_asked(desk, episode, caller)
    _advance(desk, episode, caller, Event.ACKNOWLEDGED)


def start(desk: Desk, episode: Episode, caller: Caller) -> None:
    """处置中: somebody is on it; acknowledges too, if nobody has."""
    _accept_if_asked(desk, episode, caller)
    _advance(desk, episode, caller, Event.STARTED)


def handle(desk: Desk, episode: Episode, caller: Caller, *, note: str = "") -> None:
    """已处置: the department has done its part."""
    _accept_if_asked(desk, episode, caller)
    _advance(desk, episode, caller, Event.HANDLED, {"note": note, "outcome_due_at": desk.outcome_due()})


def dismiss(desk: Desk, episode: Episode, caller: Caller, *, reason: Dismissal, note: str = "") -> None:
    """误报: a false alarm, and why. Only the lead (or a supervisor) may say so."""
    _require_part(episode, caller, LEAD)
    payload = {"reason": reason.value, "note": note, "outcome_due_at": desk.outcome_due()}
    _advance(desk, episode, caller, Event.DISMISSED, payload)


def reassign(desk: Desk, episode: Episode, caller: Caller, *, department: str = "", reason: str = "") -> None:
    """不归我: not ours, with who should have it. The clock runs on until another department accepts.

    Without a suggestion the duty desk is asked. A department that was itself asked passes the question on.
    """
    _require_part(episode, caller, LEAD, ASKED)
    asked = department or desk.policy.duty_desk
    current = _own_part(episode, caller)
    if current and asked == current.department:
        raise UnprocessableError("has_it_already", department=asked)
    if episode.lead and asked == episode.lead.department:
        # The two point at each other: somebody else has to decide.
        asked = desk.policy.duty_desk
    payload = {"suggested": department, "asked": asked, "reason": reason}
    event = desk.record(episode, Event.REASSIGNMENT_ASKED, actor=_actor(caller), payload=payload)
    ask = {"department": asked, "part": ASKED, "by": "reassign"}
    desk.record(episode, Event.ASSIGNED, actor=_actor(caller), payload=ask)
    corrections.note(desk, episode, caller, suggested=department, reason=reason)
    audience = notify.audience_of(asked, desk)
    notify.post(desk, episode, event, reason="reassignment_asked", audiences=[audience], extra={"note": reason})


def assign(desk: Desk, episode: Episode, caller: Caller, *, department: str, part: str = LEAD) -> None:
    """Give the lead to a department, or ask it to assist (联办), with clocks of its own from now on."""
    _require_command(caller, "may_not_assign")
    present = episode.party(department)
    if present and present.part == part:
        return
    event = _assign(desk, episode, _actor(caller), department, part)
    if part == LEAD:
        corrections.settle(desk, episode, accepted_by=department)
    audience = notify.audience_of(department, desk)
    notify.post(desk, episode, event, reason="assigned" if part == LEAD else "assist", audiences=[audience])


def resolve(desk: Desk, episode: Episode, caller: Caller, *, reason: str = "") -> None:
    """Close an alert because it is over."""
    _require_command(caller, "may_not_resolve")
    _advance(desk, episode, caller, Event.RESOLVED, {"reason": reason, "outcome_due_at": desk.outcome_due()})


def reopen(desk: Desk, episode: Episode, caller: Caller, *, reason: str = "") -> None:
    """Open an answered or closed alert again; every clock starts anew."""
    _require_command(caller, "may_not_reopen")
    successor = desk.successor_of(episode)
    if successor:
        raise ConflictError("taken_over", alert=successor)
    desk.record(episode, Event.REOPENED, actor=_actor(caller), payload={"reason": reason})
    episode.alert.seen_at = desk.now
    notify.tell(desk, episode, reason="reopened")


def comment(desk: Desk, episode: Episode, caller: Caller, *, text: str) -> None:
    """Say something; changes no state."""
    if caller.role is Role.SCIENTIST:
        raise ForbiddenError("reads_only", role=Coded(ROLES, caller.role))
    desk.record(episode, Event.COMMENTED, actor=_actor(caller), payload={"text": text})


def record_outcome(desk: Desk, episode: Episode, caller: Caller, *, outcome: str, note: str = "") -> None:
    """Write down what came of it: did the complaints come anyway?"""
    if not caller.commands_alerts and caller.role is not Role.PLANNER:
        raise ForbiddenError("may_not_record_outcomes", role=Coded(ROLES, caller.role))
    payload = {"outcome": outcome, "note": note}
    desk.record(episode, Event.OUTCOME_RECORDED, actor=_actor(caller), payload=payload)


def _advance(desk: Desk, episode: Episode, caller: Caller, event: Event, payload: dict[str, Any] | None = None) -> None:
    """Record an answer: of the lead it moves the alert, of an assisting department only its own part."""
    part = _require_part(episode, caller, LEAD, ASSIST)
    if part is not None and part.part == ASSIST:
        if not _part_has(part, event):
            desk.record(episode, event, actor=_actor(caller), payload={**(payload or {}), "moves_state": False})
        return
    if episode.state not in _DONE_ALREADY.get(event, frozenset()):
        desk.record(episode, event, actor=_actor(caller), payload=payload)


def _part_has(part: AlertParty, event: Event) -> bool:
    times = {Event.ACKNOWLEDGED: part.acked_at, Event.STARTED: part.started_at, Event.HANDLED: part.handled_at}
    return times.get(event) is not None


def _accept_if_asked(desk: Desk, episode: Episode, caller: Caller) -> None:
    part = _own_part(episode, caller)
    if part is None or part.part != ASKED or caller.commands_alerts:
        return
    _assign(desk, episode, _actor(caller), part.department, LEAD, keep_ack_clock=True)
    corrections.settle(desk, episode, accepted_by=part.department)


def _assign(
    desk: Desk, episode: Episode, actor: Actor, department: str, part: str, *, keep_ack_clock: bool = False
) -> Any:
    alert = episode.alert
    payload: dict[str, Any] = {"department": department, "part": part, "by": actor.name}
    if alert.first_notified_at is not None:
        fresh = clocks.ack_due(desk.now, episode.level, desk.policy, sensitive=alert.sensitive)
        kept = episode.lead.ack_due_at if keep_ack_clock and episode.lead else None
        payload["ack_due_at"] = (kept or fresh).isoformat()
        payload["handle_due_at"] = clocks.handle_due(desk.now, episode.level, desk.policy).isoformat()
    return desk.record(episode, Event.ASSIGNED, actor=actor, payload=payload)


def _actor(caller: Caller) -> Actor:
    return Actor(name=caller.name, role=caller.role.value, department=caller.department)


def _own_part(episode: Episode, caller: Caller) -> AlertParty | None:
    """Return the part a caller speaks for: a supervisor speaks for the lead."""
    return episode.lead if caller.commands_alerts else episode.party(caller.department)


def _require_part(episode: Episode, caller: Caller, *parts: str) -> AlertParty | None:
    if caller.commands_alerts:
        return episode.lead
    part = episode.party(caller.department) if caller.department else None
    if part is None or part.part not in parts:
        wanted = [Coded(PARTS, name) for name in parts]
        if part is None:
            raise ForbiddenError("no_part", role=Coded(ROLES, caller.role), parts=wanted)
        raise ForbiddenError("other_part", department=caller.department, part=Coded(PARTS, part.part), parts=wanted)
    return part


def _require_command(caller: Caller, refusal: str) -> None:
    if not caller.commands_alerts:
        raise ForbiddenError(refusal, role=Coded(ROLES, caller.role))
