"""What became of a week's alerts: per department and level, and what a supervisor must look at (督办清单)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from features.settings import Settings
from serve.alerts.lifecycle import OPEN, WAITING, State
from serve.reports.weeks import Week
from serve.store.tables import Alert, AlertTicket

DISMISSED_OFTEN: Final = 2
"""Dismissed this often, an alert goes on the supervision list."""


@dataclass
class DepartmentAlerts:
    """One department's alerts of one week."""

    department: str
    opened: int = 0
    acknowledged_in_time: int = 0
    handled: int = 0
    dismissed: int = 0
    overdue: int = 0


@dataclass(frozen=True)
class SupervisionLine:
    """One alert a supervisor must look at, and why.

    Attributes:
        why: `unanswered`, `late` or `dismissed`.
    """

    alert_id: str
    level: str
    kind: str
    category: str
    area: str
    department: str
    state: str
    why: str
    due_at: datetime | None
    late_by: timedelta | None
    dismissals: int


@dataclass
class AlertWeek:
    """The alerts of a week."""

    opened: int = 0
    by_level: dict[str, int] = field(default_factory=dict)
    departments: Sequence[DepartmentAlerts] = field(default_factory=list)
    supervision: Sequence[SupervisionLine] = field(default_factory=list)
    simulated: bool = False


def alert_week(session: Session, settings: Settings, week: Week, *, now: datetime) -> AlertWeek:
    """Return what became of the alerts opened in a week, and the supervision list as of `now`."""
    start = datetime.combine(week.monday, datetime.min.time(), tzinfo=settings.zone)
    opened = session.scalars(
        select(Alert)
        .where(Alert.opened_at >= start, Alert.opened_at < start + timedelta(days=7))
        .order_by(Alert.level_rank.desc(), Alert.seq)
    ).all()
    by_level: dict[str, int] = {}
    departments: dict[str, DepartmentAlerts] = {}
    for alert in opened:
        by_level[alert.level] = by_level.get(alert.level, 0) + 1
        _count(departments.setdefault(alert.department, DepartmentAlerts(alert.department)), alert, now)
    simulated = session.scalar(select(AlertTicket.ticket).where(AlertTicket.simulated()).limit(1))
    return AlertWeek(
        opened=len(opened),
        by_level=by_level,
        departments=sorted(departments.values(), key=lambda one: (-one.opened, one.department)),
        supervision=supervision_list(session, now=now),
        simulated=simulated is not None,
    )


def supervision_list(session: Session, *, now: datetime, limit: int = 500) -> list[SupervisionLine]:
    """Return what is unanswered, late or dismissed again and again, across departments, gravest first."""
    waiting = [state.value for state in WAITING]
    working = [state.value for state in OPEN]
    query = (
        select(Alert)
        .where(
            or_(
                Alert.state.in_(waiting) & (Alert.ack_due_at < now),
                Alert.state.in_(working) & (Alert.handle_due_at < now),
                (Alert.dismissals >= DISMISSED_OFTEN) & Alert.ended_at.is_(None),
            )
        )
        .order_by(Alert.level_rank.desc(), Alert.seq)
        .limit(limit)
    )
    return [_line(alert, now) for alert in session.scalars(query)]


def _count(row: DepartmentAlerts, alert: Alert, now: datetime) -> None:
    row.opened += 1
    in_time = alert.acknowledged_at is not None and (
        alert.ack_due_at is None or alert.acknowledged_at <= alert.ack_due_at
    )
    row.acknowledged_in_time += in_time
    row.handled += alert.state == State.HANDLED
    row.dismissed += alert.state == State.DISMISSED
    row.overdue += _why(alert, now) in {"unanswered", "late"}


def _why(alert: Alert, now: datetime) -> str:
    state = State(alert.state)
    if state in WAITING and alert.ack_due_at is not None and alert.ack_due_at < now:
        return "unanswered"
    if state in OPEN and alert.handle_due_at is not None and alert.handle_due_at < now:
        return "late"
    return "dismissed" if alert.dismissals >= DISMISSED_OFTEN else ""


def _line(alert: Alert, now: datetime) -> SupervisionLine:
    why = _why(alert, now)
    due = alert.ack_due_at if why == "unanswered" else alert.handle_due_at if why == "late" else None
    return SupervisionLine(
        alert_id=alert.id,
        level=alert.level,
        kind=alert.kind,
        category=alert.category,
        area=alert.area,
        department=alert.department,
        state=alert.state,
        why=why,
        due_at=due,
        late_by=now - due if due else None,
        dismissals=alert.dismissals,
    )
