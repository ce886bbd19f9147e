"""What came of it: some days after an answer, look up whether the complaints came anyway."""

from __future__ import annotations

from sqlalchemy import func, select

from serve.alerts.desk import Desk
from serve.alerts.lifecycle import Event
from serve.store.tables import Alert, AlertTicket

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
        .where(Alert.category == alert.category, Alert.area == alert.area)
        .where(Alert.id != alert.id, Alert.opened_at >= answered_at)
    )
    return own + int(desk.session.scalar(later) or 0)
