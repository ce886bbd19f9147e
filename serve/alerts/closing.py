"""How an episode ends by itself: calm for long enough, told for long enough, or forgotten by the detectors.

Hysteresis and a gap: an episode opens on one candidate, but closes only when several complete runs in a row did not
mention it and the gap has passed in the data's time. A stalled feed makes no runs, so it never looks like calm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select

from features.vocabulary import Kind
from serve.alerts import notify
from serve.alerts.episode import Episode
from serve.alerts.lifecycle import OPEN, Event, State
from serve.alerts.unit_of_work import Desk
from serve.store.columns import believed
from serve.store.tables import Alert, AlertTicket, DetectionRunRow


class Closing(StrEnum):
    """Why an episode ended by itself."""

    CALM = "calm"
    REBASED = "rebased"
    TOLD = "told"


@dataclass(frozen=True)
class _Run:
    as_of: datetime
    kinds: frozenset[str]


def close_calm(desk: Desk) -> int:
    """Close the episodes that have been calm for long enough, and return how many."""
    runs = _complete_runs(desk)
    if not runs:
        return 0
    horizon = runs[0].as_of - desk.policy.gap
    query = select(Alert).where(Alert.ended_at.is_(None), Alert.seen_as_of <= horizon).order_by(Alert.seq)
    closed = 0
    for alert in desk.session.scalars(query).all():
        if _calm_runs(alert, runs) >= desk.policy.calm_runs:
            _close(desk, desk.episode(alert))
            closed += 1
    return closed


def close_told_seasons(desk: Desk) -> int:
    """Close reminders of seasons that have stood for long enough, though runs still name them; return how many."""
    oldest = desk.now - timedelta(days=desk.policy.season_days)
    query = select(Alert).where(Alert.ended_at.is_(None), Alert.kind == Kind.FORECAST, Alert.opened_at <= oldest)
    alerts = desk.session.scalars(query.order_by(Alert.seq)).all()
    for alert in alerts:
        _close(desk, desk.episode(alert), Closing.TOLD)
    return len(alerts)


def expire_forgotten(desk: Desk) -> int:
    """Expire open alerts that no run has mentioned for very long, and return how many."""
    oldest = desk.now - timedelta(days=desk.policy.expire_days)
    query = select(Alert).where(
        Alert.ended_at.is_(None), Alert.seen_at <= oldest, Alert.state.in_([state.value for state in OPEN])
    )
    expired = 0
    for alert in desk.session.scalars(query.order_by(Alert.seq)).all():
        episode = desk.episode(alert)
        desk.record(episode, Event.EXPIRED, payload={"outcome_due_at": desk.outcome_due()})
        expired += 1
    return expired


def _close(desk: Desk, episode: Episode, why: Closing = Closing.CALM) -> None:
    alert = episode.alert
    if episode.state is State.DISMISSED:
        # The department's word stands; the episode only stops taking candidates.
        desk.record(episode, Event.ENDED)
        return
    payload = {
        "closing": why if alert.baseline is None else Closing.REBASED,
        "outcome_due_at": desk.outcome_due(),
    }
    event = desk.record(episode, Event.RESOLVED, payload=payload)
    if alert.first_notified_at is not None:
        audiences = [notify.audience_of(party.department, desk) for party in episode.current]
        notify.post(desk, episode, event, reason="resolved", audiences=audiences)


def _complete_runs(desk: Desk) -> list[_Run]:
    """Return complete, healthy runs of the last weeks, newest first."""
    oldest = desk.now - timedelta(days=desk.policy.expire_days)
    query = (
        select(DetectionRunRow.as_of, DetectionRunRow.kinds, DetectionRunRow.degraded)
        # A run of a moment that is still to come was made by a clock that was wrong: it tells no calm.
        .where(DetectionRunRow.complete, DetectionRunRow.as_of >= oldest, believed(DetectionRunRow.as_of, desk.now))
        .order_by(DetectionRunRow.as_of.desc())
    )
    return [_Run(as_of, frozenset(kinds)) for as_of, kinds, degraded in desk.session.execute(query) if not degraded]


def _calm_runs(alert: Alert, runs: list[_Run]) -> int:
    return sum(run.as_of > alert.seen_as_of and alert.kind in run.kinds for run in runs)


# What came of it: some days after an answer, look up whether the complaints came anyway.


CAME = "came"
DID_NOT_COME = "did_not_come"


def record_due_outcomes(desk: Desk) -> int:
    """Record the outcome of every alert whose waiting time is over, and return how many."""
    query = select(Alert).where(Alert.outcome_due_at <= desk.now).order_by(Alert.seq)
    alerts = desk.session.scalars(query).all()
    for alert in alerts:
        came = _tickets_since_answer(desk, alert)
        payload = {"outcome": CAME if came else DID_NOT_COME, "tickets": came, "note": ""}
        desk.record(desk.episode(alert), Event.OUTCOME_RECORDED, payload=payload)
    return len(alerts)


def _tickets_since_answer(desk: Desk, alert: Alert) -> int:
    """Count tickets of this episode, and of later ones on the same matter in the same place, after the answer."""
    own = alert.ticket_count - (alert.tickets_when_answered or 0)
    answered_at = alert.handled_at or alert.closed_at or alert.opened_at
    later = (
        select(func.count())
        .select_from(AlertTicket)
        .join(Alert, Alert.id == AlertTicket.alert_id)
        .where(Alert.category.in_({alert.category, desk.labels.name(alert.category, "category")}))
        .where(Alert.area.in_({alert.area, desk.area_name(alert.area)}))
        .where(Alert.id != alert.id, Alert.opened_at >= answered_at)
    )
    return own + int(desk.session.scalar(later) or 0)
