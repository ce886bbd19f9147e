"""Which open episode a candidate belongs to: the same fingerprint, else shared tickets, else shared cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from serve.alerts.candidates import Candidate
from serve.store.tables import Alert, AlertCell, AlertTicket

_CHUNK: Final = 500


def find_episode(session: Session, candidate: Candidate, mark: str) -> Alert | None:
    """Return the episode that a candidate is news about, None when it is a new one.

    A kind or a footprint that changed does not matter: an episode that shares a ticket is the same matter, and of
    several the one that shares most; then the one that shares most cells; the oldest wins a tie.
    """
    active = select(Alert).where(Alert.ended_at.is_(None))
    same = session.scalar(active.where(Alert.fingerprint == mark))
    if same is not None:
        return same
    by_ticket = _most_shared(session, AlertTicket.alert_id, AlertTicket.ticket, candidate.tickets)
    return by_ticket or _most_shared(session, AlertCell.alert_id, AlertCell.unique_id, candidate.cells)


def new_tickets(session: Session, alert: Alert, tickets: Sequence[str]) -> list[str]:
    """Return the tickets that an alert does not have yet, in order."""
    known = set(session.scalars(select(AlertTicket.ticket).where(AlertTicket.alert_id == alert.id)))
    return [ticket for ticket in dict.fromkeys(tickets) if ticket not in known]


def new_cells(session: Session, alert: Alert, cells: Sequence[str]) -> list[str]:
    """Return the cells that an alert does not have yet, in order."""
    known = set(session.scalars(select(AlertCell.unique_id).where(AlertCell.alert_id == alert.id)))
    return [cell for cell in dict.fromkeys(cells) if cell not in known]


def _most_shared(
    session: Session,
    owner: InstrumentedAttribute[str],
    column: InstrumentedAttribute[str],
    values: Sequence[str],
) -> Alert | None:
    shared: dict[str, int] = {}
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), _CHUNK):
        query = (
            select(owner, func.count())
            .join(Alert, Alert.id == owner)
            .where(Alert.ended_at.is_(None), column.in_(unique[start : start + _CHUNK]))
            .group_by(owner)
        )
        for alert_id, count in session.execute(query):
            shared[alert_id] = shared.get(alert_id, 0) + count
    if not shared:
        return None
    alerts = session.scalars(select(Alert).where(Alert.id.in_(shared)))
    return min(alerts, key=lambda alert: (-shared[alert.id], alert.seq))
