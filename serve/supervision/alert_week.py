"""The alerts about a week and those open now, by department and by name, with the one 督办 list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from features.settings import Settings
from serve.alerts.lifecycle import OPEN, State
from serve.alerts.repository import AlertRepository, departments_of
from serve.store.tables import Alert
from serve.supervision.watchlist import WatchedAlert, watchlist
from serve.weeks import Week


@dataclass
class DepartmentAlerts:
    """One department's part in the alerts of a report; an alert of several departments counts for each."""

    department: str
    about: int = 0
    open_now: int = 0
    acknowledged_in_time: int = 0
    handled: int = 0
    dismissed: int = 0
    overdue: int = 0


HEADINGS_OF_ALERTS: Final = (
    "head.about", "head.open_now", "head.in_time", "head.handled", "head.dismissed", "head.overdue",
)  # fmt: skip
"""Keys of the headings."""


def counts_of(row: DepartmentAlerts) -> list[int]:
    """Return a department's counts in the order of `HEADINGS_OF_ALERTS`."""
    return [row.about, row.open_now, row.acknowledged_in_time, row.handled, row.dismissed, row.overdue]


@dataclass
class AlertWeek:
    """The alerts of a report.

    Attributes:
        about: Alerts whose window touches the week, whenever they were opened; the gravest first.
        open_now: Alerts that somebody still has to do something about, whatever week they are about.
        by_level: How many of both, each once, by level.
        departments: The same by department.
        supervision: The 督办 list of this moment, as the page and its sheet have it.
    """

    about: Sequence[Alert] = field(default_factory=list)
    open_now: Sequence[Alert] = field(default_factory=list)
    by_level: dict[str, int] = field(default_factory=dict)
    departments: Sequence[DepartmentAlerts] = field(default_factory=list)
    supervision: Sequence[WatchedAlert] = field(default_factory=list)

    @property
    def listed(self) -> list[Alert]:
        """The alerts about the week, then those open now that are about another, each once."""
        known = {alert.id for alert in self.about}
        return [*self.about, *(alert for alert in self.open_now if alert.id not in known)]


def alert_week(session: Session, settings: Settings, week: Week, *, now: datetime) -> AlertWeek:
    """Return the alerts about a week, those open now, and the supervision list as of `now`.

    Detection speaks of a week after it has ended: what was opened on its days is about the week before.
    """
    start = datetime.combine(week.monday, datetime.min.time())
    repository = AlertRepository.of_all(session)
    about = repository.find(
        Alert.window_start < start + timedelta(days=7),
        # A window ends before its end; one without a length is the moment itself.
        (Alert.window_end > start) | (Alert.window_start >= start),
        gravest_first=True,
    )
    waiting = [state.value for state in OPEN]
    open_now = repository.find(Alert.ended_at.is_(None), Alert.state.in_(waiting), gravest_first=True)
    found = AlertWeek(about=about, open_now=open_now)
    found.supervision = watchlist(repository, settings.alerts, now=now)
    found.by_level = dict(Counter(alert.level for alert in found.listed))
    found.departments = _by_department(session, found)
    return found


def _by_department(session: Session, found: AlertWeek) -> list[DepartmentAlerts]:
    parties = departments_of(session, [alert.id for alert in found.listed])
    about = {alert.id for alert in found.about}
    rows: dict[str, DepartmentAlerts] = {}
    for alert in found.listed:
        for name in parties.get(alert.id) or [alert.department]:
            row = rows.setdefault(name, DepartmentAlerts(name))
            row.about += alert.id in about
            row.open_now += State(alert.state) in OPEN
            row.acknowledged_in_time += _in_time(alert)
            row.handled += alert.state == State.HANDLED
            row.dismissed += alert.state == State.DISMISSED
    for name, count in _overdue(found.supervision).items():
        rows.setdefault(name, DepartmentAlerts(name)).overdue = count
    return sorted(rows.values(), key=lambda one: (-one.about - one.open_now, one.department))


def _in_time(alert: Alert) -> bool:
    due = alert.ack_due_at
    return alert.acknowledged_at is not None and (due is None or alert.acknowledged_at <= due)


def _overdue(watched: Iterable[WatchedAlert]) -> Counter[str]:
    """Return how many alerts each department is late with."""
    return Counter(name for item in watched for name in item.departments)
