"""Which open episode a candidate belongs to (by fingerprint, shared tickets, cells, or one cause), and as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from features.configuration import CandidateConfig
from features.same_cause import SHOCK, Matter, share_tickets
from features.sentences import Sentence
from features.vocabulary import EVERYWHERE, Kind
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
    return CandidatePart.TAKES_LEAD if graver or _wider(candidate, alert) else CandidatePart.JOINS


def _wider(candidate: Candidate, alert: Alert) -> bool:
    """Tell whether a candidate is about the whole area and the alert about one district: tickets lie elsewhere too.

    Of two matters over the whole area, the one that stands further out of what is usual is the wider one.
    """
    if candidate.area != EVERYWHERE:
        return False
    shock = _matter(candidate, "").lift >= SHOCK
    return alert.area != EVERYWHERE or (shock and _above(candidate) > _above(alert))


def _above(told: Alert | Candidate) -> float:
    """Return how many tickets a matter has above what is expected."""
    return told.observed - (told.expected or 0.0)


def told_before(
    session: Session, candidate: Candidate, mark: str, *, rank: int, now: datetime, causes: CandidateConfig
) -> Alert | None:
    """Return the ended alert that has told what a candidate says; None where there is news.

    It is the reminder of a season's same return, or an alert that ended within some days, was no less grave, and holds
    half of the candidate's tickets: a matter that goes on is told anew when most of its tickets are new.

    Args:
        session: Of the store.
        candidate: What a run found, of no open alert.
        mark: The candidate's fingerprint.
        rank: How grave it is.
        now: Aware moment.
        causes: For how many days an ended alert counts, and by what share of the tickets.
    """
    if candidate.kind in _BESIDE:
        since = now - timedelta(days=causes.told_days)
        lately = and_(Alert.ended_at >= since, Alert.kind.in_([kind.value for kind in _BESIDE]))
        shares = _sharing(session, AlertTicket.alert_id, AlertTicket.ticket, candidate.tickets, among=lately)
        enough = causes.overlap * len(set(candidate.tickets))
        return next((one for one, shared in shares if shared >= enough and one.level_rank >= rank), None)
    if candidate.kind is not Kind.FORECAST:
        return None
    same_return = (Alert.window_start < candidate.window_end, Alert.window_end > candidate.window_start)
    ended = select(Alert).where(Alert.fingerprint == mark, Alert.ended_at.is_not(None), *same_return)
    return session.scalars(ended.order_by(Alert.seq.desc()).limit(1)).first()


def find_episode(
    session: Session, candidate: Candidate, mark: str, *, department: str, causes: CandidateConfig
) -> Alert | None:
    """Return the episode that a candidate is news about, None when it is a new one.

    A kind or a footprint that changed does not matter: an episode that shares half of the tickets (never one of many)
    is the same matter, and of several the one that shares most; then one that has half of the candidate's cells; then
    one of the same cause (`features.same_cause`). The oldest wins a tie.

    Args:
        session: Of the store.
        candidate: What a run found.
        mark: The candidate's fingerprint.
        department: To whom the candidate would go.
        causes: What makes two findings one.
    """
    same = session.scalar(select(Alert).where(Alert.ended_at.is_(None), Alert.fingerprint == mark))
    if same is not None:
        return same
    own = len(set(candidate.tickets))
    for alert, shared in _sharing(session, AlertTicket.alert_id, AlertTicket.ticket, candidate.tickets):
        if share_tickets(shared, own, alert.ticket_count, share=causes.overlap):
            return alert
    cells = len(set(candidate.cells))
    for alert, shared in _sharing(session, AlertCell.alert_id, AlertCell.unique_id, candidate.cells):
        # What is to come is no news about what is, nor the other way round.
        alike = (alert.kind == Kind.FORECAST) == (candidate.kind == Kind.FORECAST)
        if alike and shared >= causes.overlap * cells:
            return alert
    return _sibling(session, candidate, department, timedelta(hours=causes.together_hours))


_BESIDE: Final = frozenset({Kind.SURGE, Kind.FREQUENT})
"""Kinds that are told beside others of the same cause."""


def _sibling(session: Session, candidate: Candidate, department: str, together: timedelta) -> Alert | None:
    found = _matter(candidate, department)
    everywhere = candidate.area == EVERYWHERE
    if candidate.kind not in _BESIDE or (everywhere and not found.lift):
        return None
    beside = or_(Alert.area == candidate.area, Alert.category == candidate.category) if not everywhere else true()
    query = select(Alert).where(
        Alert.ended_at.is_(None),
        Alert.kind.in_([kind.value for kind in _BESIDE]),
        (Alert.area == EVERYWHERE) if everywhere else (Alert.area != EVERYWHERE),
        beside,
    )
    for alert in session.scalars(query.order_by(Alert.seq)):
        if found.same_cause(_matter(alert, alert.department), together=together):
            return alert
    return None


def _matter(told: Alert | Candidate, department: str) -> Matter:
    area = "" if told.area == EVERYWHERE else told.area
    of = (told.category, area, department, told.window_start, told.window_end)
    return Matter(*of, arrived=_arrived(told.evidence), lift=float(told.evidence.get("lift") or 0.0))


def _arrived(evidence: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """Return when the tickets came, as the detector said it."""
    said = evidence.get("arrived")
    return (datetime.fromisoformat(said[0]), datetime.fromisoformat(said[1])) if said else None


def sentence_together(alert: Alert, candidate: Candidate, part: CandidatePart) -> Sentence | None:
    """Return what an episode says after a candidate: the leading matter's sentence, the others named beside it.

    Args:
        alert: The episode as it was.
        candidate: What belongs to it.
        part: What the candidate is to it.
    """
    before = Sentence.of(alert.sentence) if alert.sentence else None
    if part is CandidatePart.JOINS:
        others = [*(one.model_dump() for one in candidate.siblings), _told(candidate)]
        return before and before.beside(others)
    others = [*_named_beside(before), *(one.model_dump() for one in candidate.siblings)]
    if part is CandidatePart.TAKES_LEAD:
        others.insert(0, _told(alert))
    return candidate.sentence and candidate.sentence.beside(others)


def _told(matter: Alert | Candidate) -> dict[str, Any]:
    names = ("category1", "category2", "category", "area", "observed")
    return {name: getattr(matter, name) for name in names}


def _named_beside(sentence: Sentence | None) -> list[dict[str, Any]]:
    """Return the other matters that a sentence names."""
    named = sentence.params.get("beside", ()) if sentence else ()
    return [{"category": one["matter"], "area": one["area"], "observed": one["observed"]} for one in named]


@dataclass
class Touched:
    """Which of a run's fingerprints, tickets, cells, categories and districts belong to an open episode already.

    Read once per run and kept up to date while episodes are opened, so that a candidate which touches none of them is
    known to be new without a look at the store.
    """

    marks: set[str]
    tickets: set[str]
    cells: set[str]
    names: set[str]

    @classmethod
    def by(cls, session: Session, candidates: Sequence[Candidate], marks: Sequence[str]) -> Touched:
        """Read what the open episodes have in common with these candidates."""
        active = Alert.ended_at.is_(None)
        tickets = [ticket for candidate in candidates for ticket in candidate.tickets]
        cells = [cell for candidate in candidates for cell in candidate.cells]
        their_tickets = select(AlertTicket.ticket).join(Alert, Alert.id == AlertTicket.alert_id).where(active)
        their_cells = select(AlertCell.unique_id).join(Alert, Alert.id == AlertCell.alert_id).where(active)
        names = session.execute(select(Alert.category, Alert.area).where(active).distinct())
        return cls(
            marks=_present(session, select(Alert.fingerprint).where(active), Alert.fingerprint, marks),
            tickets=_present(session, their_tickets, AlertTicket.ticket, tickets),
            cells=_present(session, their_cells, AlertCell.unique_id, cells),
            names={name for row in names for name in row},
        )

    def concerns(self, candidate: Candidate, mark: str) -> bool:
        """Tell whether a candidate may be news about an open episode."""
        shares = not (self.tickets.isdisjoint(candidate.tickets) and self.cells.isdisjoint(candidate.cells))
        return mark in self.marks or shares or not self.names.isdisjoint((candidate.category, candidate.area))

    def add(self, candidate: Candidate, mark: str) -> None:
        """Note what an episode was opened or extended with."""
        self.marks.add(mark)
        self.tickets.update(candidate.tickets)
        self.cells.update(candidate.cells)
        self.names.update((candidate.category, candidate.area))


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


def _sharing(
    session: Session,
    owner: InstrumentedAttribute[str],
    column: InstrumentedAttribute[str],
    values: Sequence[str],
    *,
    among: ColumnElement[bool] | None = None,
) -> list[tuple[Alert, int]]:
    """Return the episodes (the open ones) that have some of these values, with how many, the one with most first."""
    shared: dict[str, int] = {}
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), _CHUNK):
        query = (
            select(owner, func.count())
            .join(Alert, Alert.id == owner)
            .where(Alert.ended_at.is_(None) if among is None else among, column.in_(unique[start : start + _CHUNK]))
            .group_by(owner)
        )
        for alert_id, count in session.execute(query):
            shared[alert_id] = shared.get(alert_id, 0) + count
    alerts = session.scalars(select(Alert).where(Alert.id.in_(shared))) if shared else ()
    ordered = sorted(alerts, key=lambda alert: (-shared[alert.id], alert.seq))
    return [(alert, shared[alert.id]) for alert in ordered]
