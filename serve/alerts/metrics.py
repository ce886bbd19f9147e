"""How good the alerts are, by what departments say: precision, time to answer, lead time, load per week."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median, quantiles
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serve.access import Caller
from serve.alerts.lifecycle import Event
from serve.alerts.repository import AlertRepository
from serve.store.tables import Alert, AlertEvent, AlertTicket

_TRUE: Final = "handled"
_FALSE: Final = "dismissed"


@dataclass(frozen=True)
class Answered:
    """What is counted of one alert; `verdict` is the last answer: handled, dismissed or ''."""

    kind: str
    department: str
    told_at: datetime
    acknowledged_at: datetime | None
    last_ticket_at: datetime | None
    verdict: str
    reason: str
    outcome: str


@dataclass(frozen=True)
class Score:
    """The measures of one group of alerts. `precision` is handled / (handled + dismissed), None without an answer."""

    alerts: int
    handled: int
    dismissed: int
    precision: float | None
    ack_minutes_median: float | None
    ack_minutes_p90: float | None
    lead_hours_median: float | None
    came_anyway: int
    did_not_come: int


def read_answers(session: Session, caller: Caller, *, since: datetime, until: datetime) -> list[Answered]:
    """Return the alerts that were told in a period, as far as the caller may see them."""
    visible = AlertRepository(session, caller).visible()
    told = (visible, Alert.first_notified_at >= since, Alert.first_notified_at < until)
    added = (
        select(AlertTicket.alert_id, func.max(AlertTicket.added_at))
        .join(Alert, Alert.id == AlertTicket.alert_id)
        .where(*told)
        .group_by(AlertTicket.alert_id)
    )
    last_ticket = {alert_id: moment for alert_id, moment in session.execute(added)}  # noqa: C416 - rows, not pairs
    verdicts = _last_verdicts(session, told)
    alerts = session.scalars(select(Alert).where(*told).order_by(Alert.seq))
    return [
        Answered(
            kind=alert.kind,
            department=alert.department,
            told_at=alert.first_notified_at or alert.opened_at,
            acknowledged_at=alert.acknowledged_at,
            last_ticket_at=last_ticket.get(alert.id),
            verdict=verdicts.get(alert.id, ("", ""))[0],
            reason=verdicts.get(alert.id, ("", ""))[1],
            outcome=alert.outcome,
        )
        for alert in alerts
    ]


def score(answers: Sequence[Answered]) -> Score:
    """Return the measures of these alerts."""
    verdicts = Counter(answer.verdict for answer in answers)
    judged = verdicts[_TRUE] + verdicts[_FALSE]
    waits = [(a.acknowledged_at - a.told_at).total_seconds() / 60 for a in answers if a.acknowledged_at]
    leads = [(a.last_ticket_at - a.told_at).total_seconds() / 3600 for a in answers if a.last_ticket_at]
    outcomes = Counter(answer.outcome for answer in answers)
    return Score(
        alerts=len(answers),
        handled=verdicts[_TRUE],
        dismissed=verdicts[_FALSE],
        precision=round(verdicts[_TRUE] / judged, 4) if judged else None,
        ack_minutes_median=_rounded(median(waits)) if waits else None,
        ack_minutes_p90=_rounded(quantiles(waits, n=10, method="inclusive")[-1] if len(waits) > 1 else waits[0])
        if waits
        else None,
        lead_hours_median=_rounded(max(0.0, median(leads))) if leads else None,
        came_anyway=outcomes["came"],
        did_not_come=outcomes["did_not_come"],
    )


def by(answers: Iterable[Answered], field: str) -> dict[str, Score]:
    """Return the measures per value of a field (`kind`, `department`)."""
    groups: dict[str, list[Answered]] = defaultdict(list)
    for answer in answers:
        groups[getattr(answer, field)].append(answer)
    return {name: score(group) for name, group in sorted(groups.items())}


def per_week(answers: Iterable[Answered], zone: ZoneInfo) -> dict[str, dict[str, int]]:
    """Return the number of alerts told, per department and local ISO week."""
    weeks: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        weeks[answer.department][f"{answer.told_at.astimezone(zone):%G-W%V}"] += 1
    return {department: dict(sorted(counts.items())) for department, counts in sorted(weeks.items())}


def dismissal_reasons(answers: Iterable[Answered]) -> dict[str, int]:
    """Return how often each reason was given for a false alarm."""
    return dict(Counter(answer.reason for answer in answers if answer.verdict == _FALSE).most_common())


def _last_verdicts(session: Session, told: tuple[object, ...]) -> dict[str, tuple[str, str]]:
    query = (
        select(AlertEvent.alert_id, AlertEvent.kind, AlertEvent.payload)
        .join(Alert, Alert.id == AlertEvent.alert_id)
        .where(*told, AlertEvent.kind.in_([Event.HANDLED.value, Event.DISMISSED.value]))  # type: ignore[arg-type]
        .order_by(AlertEvent.seq)
    )
    return {alert_id: (kind, str(payload.get("reason", ""))) for alert_id, kind, payload in session.execute(query)}


def _rounded(value: float) -> float:
    return round(value, 2)
