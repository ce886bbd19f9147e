"""Climb the ladder: a clock that has run out tells one step after the other, each once.

The ladder has any number of steps. Each party's clocks climb on their own: the lead may be in time and an assisting
department late. How far a clock has climbed is part of the party, so a restart goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import and_, or_, select

from features.configuration import Step
from serve.alerts import notify
from serve.alerts.episode import ASKED, Episode
from serve.alerts.lifecycle import OPEN, Event, State
from serve.alerts.unit_of_work import Desk
from serve.store.tables import Alert, AlertParty

Clock = Literal["ack", "handle"]

_TO_DEPARTMENT: Final = "{department}"
_RUNNING: Final = OPEN | {State.HANDLED}
"""States in which somebody's clock may run: after the lead has handled, an assisting department may still be late."""


def escalate_overdue(desk: Desk, *, only_department: bool = False) -> int:
    """Take every step that is due, and return how many were taken; only those that remind the department if told."""
    taken = 0
    for alert_id in _overdue_alerts(desk):
        episode = desk.load(alert_id)
        for party in episode.current:
            for clock, step_number, step in _due_steps(desk, episode, party):
                if only_department and _TO_DEPARTMENT not in step.to:
                    break
                _take(desk, episode, party, clock, step_number, step)
                taken += 1
    return taken


def late_clock(party: AlertParty, now: datetime) -> Clock | None:
    """Return which clock of a party has run out: acknowledging comes before handling."""
    if party.part == ASKED or party.released_at is not None or party.handled_at is not None:
        return None
    if party.acked_at is None and party.ack_due_at is not None and party.ack_due_at <= now:
        return "ack"
    if party.handle_due_at is not None and party.handle_due_at <= now:
        return "handle"
    return None


def _overdue_alerts(desk: Desk) -> list[str]:
    late = or_(
        and_(AlertParty.acked_at.is_(None), AlertParty.ack_due_at <= desk.now),
        and_(AlertParty.handled_at.is_(None), AlertParty.handle_due_at <= desk.now),
    )
    query = (
        select(Alert.id, Alert.seq)
        .join(AlertParty, AlertParty.alert_id == Alert.id)
        .where(AlertParty.released_at.is_(None), AlertParty.handled_at.is_(None), late)
        .where(Alert.ended_at.is_(None), Alert.state.in_([state.value for state in _RUNNING]))
        .distinct()
        .order_by(Alert.seq)
    )
    return [alert_id for alert_id, _ in desk.session.execute(query)]


def _due_steps(desk: Desk, episode: Episode, party: AlertParty) -> Iterator[tuple[Clock, int, Step]]:
    clock = late_clock(party, desk.now)
    if clock is None:
        return
    due_at = party.ack_due_at if clock == "ack" else party.handle_due_at
    climbed = party.ack_steps if clock == "ack" else party.handle_steps
    assert due_at is not None
    for number, step in enumerate(desk.policy.ladder, start=1):
        reached = due_at + timedelta(minutes=step.after_minutes) <= desk.now
        high_enough = episode.level.rank >= step.minimum_level.rank
        if number > climbed and reached and clock in step.clocks and high_enough:
            yield clock, number, step


def _take(desk: Desk, episode: Episode, party: AlertParty, clock: Clock, number: int, step: Step) -> None:
    audience = step.to.format(department=notify.audience_of(party.department, desk))
    facts = {
        "step": number,
        "step_name": step.name,
        "steps": len(desk.policy.ladder),
        "clock": clock,
        "of": party.department,
    }
    payload = {**facts, "to": audience, "channel": step.channel}
    event = desk.record(episode, Event.ESCALATED, payload=payload)
    notify.post(desk, episode, event, reason="escalated", audiences=[audience], channel=step.channel, extra=facts)
