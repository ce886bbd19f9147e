"""Which open episode a candidate belongs to (fingerprint, else shared tickets, else shared cells), and as what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from serve.alerts.candidates import Candidate
from serve.alerts.fingerprint import fingerprint
from serve.alerts.levels import Assessment
from serve.store.tables import Alert, AlertCell, AlertTicket

_CHUNK: Final = 500


class CandidatePart(Enum):
    """What a candidate is to the open episode that it belongs to."""

    LEADS = auto()
    """It is the matter that the alert is about, seen again: its sentence and numbers are the newest."""
    TAKES_LEAD = auto()
    """Another matter, but a graver one: from now on the alert is about it."""
    JOINS = auto()
    """Another matter, no graver: it adds tickets, cells and kinds, and the alert says what it said."""


def part_of(alert: Alert, candidate: Candidate, assessment: Assessment, mark: str) -> CandidatePart:
    """Return what a candidate is to an open episode.

    Args:
        alert: The episode.
        candidate: What belongs to it.
        assessment: How grave the candidate is.
        mark: The candidate's fingerprint.
    """
    if mark == fingerprint(alert.kind, alert.category, alert.area):
        return CandidatePart.LEADS
    graver = assessment.level.rank > alert.level_rank or (candidate.sensitive and not alert.sensitive)
    return CandidatePart.TAKES_LEAD if graver else CandidatePart.JOINS


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


@dataclass
class Touched:
    """Which of a run's fingerprints, tickets and cells belong to an open episode already.

    Read once per run and kept up to date while episodes are opened, so that a candidate which touches none of them is
    known to be new without a look at the store.
    """

    marks: set[str]
    tickets: set[str]
    cells: set[str]

    @classmethod
    def by(cls, session: Session, candidates: Sequence[Candidate], marks: Sequence[str]) -> Touched:
        """Read what the open episodes have in common with these candidates."""
        active = Alert.ended_at.is_(None)
        tickets = [ticket for candidate in candidates for ticket in candidate.tickets]
        cells = [cell for candidate in candidates for cell in candidate.cells]
        their_tickets = select(AlertTicket.ticket).join(Alert, Alert.id == AlertTicket.alert_id).where(active)
        their_cells = select(AlertCell.unique_id).join(Alert, Alert.id == AlertCell.alert_id).where(active)
        return cls(
            marks=_present(session, select(Alert.fingerprint).where(active), Alert.fingerprint, marks),
            tickets=_present(session, their_tickets, AlertTicket.ticket, tickets),
            cells=_present(session, their_cells, AlertCell.unique_id, cells),
        )

    def concerns(self, candidate: Candidate, mark: str) -> bool:
        """Tell whether a candidate may be news about an open episode."""
        return mark in self.marks or not (
            self.tickets.isdisjoint(candidate.tickets) and self.cells.isdisjoint(candidate.cells)
        )

    def add(self, candidate: Candidate, mark: str) -> None:
        """Note what an episode was opened or extended with."""
        self.marks.add(mark)
        self.tickets.update(candidate.tickets)
        self.cells.update(candidate.cells)


def new_tickets(session: Session, alert: Alert, tickets: Sequence[str]) -> list[str]:
    """Return the tickets that an alert does not have yet, in order."""
    known = set(session.scalars(select(AlertTicket.ticket).where(AlertTicket.alert_id == alert.id)))
    return [ticket for ticket in dict.fromkeys(tickets) if ticket not in known]


def new_cells(session: Session, alert: Alert, cells: Sequence[str]) -> list[str]:
    """Return the cells that an alert does not have yet, in order."""
    known = set(session.scalars(select(AlertCell.unique_id).where(AlertCell.alert_id == alert.id)))
    return [cell for cell in dict.fromkeys(cells) if cell not in known]


def _present(
    session: Session, query: Select[str], column: InstrumentedAttribute[str], values: Sequence[str]
) -> set[str]:
    unique = list(dict.fromkeys(values))
    found: set[str] = set()
    for start in range(0, len(unique), _CHUNK):
        found.update(session.scalars(query.where(column.in_(unique[start : start + _CHUNK]))))
    return found


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
