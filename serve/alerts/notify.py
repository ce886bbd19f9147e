"""Write messages to the outbox, in the transaction of the event that causes them. The delivery worker does the rest.

A body holds what, where, how unusual, the rule and the due times: no personal data, no raw text.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from serve.alerts import clocks, gates
from serve.alerts.episode import ASKED, Episode
from serve.alerts.lifecycle import Event
from serve.alerts.unit_of_work import Desk
from serve.store.columns import new_id
from serve.store.tables import AlertEvent, OutboxMessage

DUTY: Final = "duty"
SUPERVISORS: Final = "role:supervisor"


def tell(desk: Desk, episode: Episode, *, reason: str) -> bool:
    """Tell the departments of an episode if they may be told; start the clocks that do not run yet.

    Returns:
        Whether they were told. If not, the alert is held and says why.
    """
    verdict = gates.decide(desk, episode)
    if verdict.hold:
        if episode.alert.held_by != verdict.hold:
            desk.record(episode, Event.HELD, payload={"by": verdict.hold.value})
        return False
    payload = {
        "reason": reason,
        "in_budget": verdict.in_budget,
        "not_before": verdict.not_before.isoformat(),
        "clocks": _new_clocks(desk, episode, verdict.not_before),
    }
    event = desk.record(episode, Event.NOTIFIED, payload=payload)
    post(desk, episode, event, reason=reason, audiences=_audiences(desk, episode), not_before=verdict.not_before)
    return True


def post(
    desk: Desk,
    episode: Episode,
    event: AlertEvent,
    *,
    reason: str,
    audiences: Iterable[str],
    not_before: datetime | None = None,
    channel: str = "",
    extra: dict[str, Any] | None = None,
) -> None:
    """Put one message per audience into the outbox."""
    alert = episode.alert
    for audience in dict.fromkeys(audiences):
        desk.session.add(
            OutboxMessage(
                id=new_id("msg"),
                alert_id=alert.id,
                event_id=event.id,
                reason=reason,
                msg_type=alert.msg_type,
                revision=alert.revision,
                level=alert.level,
                kind=alert.kind,
                audience=audience,
                channel=channel,
                body={**body(episode), "reason": reason, **(extra or {})},
                created_at=desk.now,
                not_before=not_before or desk.now,
            )
        )


def audience_of(department: str, desk: Desk) -> str:
    """Return the audience that stands for a department; the duty desk has one of its own."""
    return DUTY if department == desk.policy.duty_desk else department


def body(episode: Episode) -> dict[str, Any]:
    """Return the facts of an alert as a message may show them."""
    alert = episode.alert
    return {
        "alert_id": alert.id,
        "state": alert.state,
        "level_rule": alert.level_rule,
        "kinds": alert.kinds,
        "category1": alert.category1,
        "category2": alert.category2,
        "category": alert.category,
        "area": alert.area,
        "department": alert.department,
        "sentence": alert.sentence,
        "rule": alert.rule,
        "observed": alert.observed,
        "callers": alert.callers,
        "expected": alert.expected,
        "upper": alert.upper,
        "recurrence_days": alert.recurrence_days,
        "lat": alert.lat,
        "lon": alert.lon,
        "radius_km": alert.radius_km,
        "model_version": alert.model_version,
        "window_start": alert.window_start.isoformat(),
        "window_end": alert.window_end.isoformat(),
        "opened_at": alert.opened_at.isoformat(),
        "ack_due_at": _text(alert.ack_due_at),
        "handle_due_at": _text(alert.handle_due_at),
        "data_through": _text(alert.data_through),
        "degraded_reasons": alert.degraded,
    }


def _audiences(desk: Desk, episode: Episode) -> list[str]:
    return [audience_of(party.department, desk) for party in episode.current]


def _new_clocks(desk: Desk, episode: Episode, told_at: datetime) -> dict[str, dict[str, str]]:
    level, sensitive = episode.level, episode.alert.sensitive
    return {
        party.department: {
            "ack_due_at": clocks.ack_due(told_at, level, desk.policy, sensitive=sensitive).isoformat(),
            "handle_due_at": clocks.handle_due(told_at, level, desk.policy).isoformat(),
        }
        for party in episode.current
        if party.part != ASKED and _clock_needed(party.ack_due_at, told_at, episode, desk)
    }


def _clock_needed(due: datetime | None, told_at: datetime, episode: Episode, desk: Desk) -> bool:
    """A clock starts once; a level that rose may only shorten it."""
    if due is None:
        return True
    return clocks.ack_due(told_at, episode.level, desk.policy, sensitive=episode.alert.sensitive) < due


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
