"""The alert desk: one transaction's view of the rules, the clock and the open episodes, and the pen that writes events.

Intake, actions and the tick all work through a desk, so an event, the state it leads to and the messages it causes are
written together or not at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from features.clock import Clock
from features.configuration import AlertPolicy, CandidateConfig
from features.errors import TaxonomyError
from features.settings import Settings
from features.taxonomy import Labels, empty_crosswalk, labels_in_force
from features.vocabulary import AlertLevel
from serve.alerts.episode import Episode, apply
from serve.alerts.lifecycle import OPEN, Event, check_allowed
from serve.alerts.route_lines import routes_by_category
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import Alert, AlertCell, AlertEvent, AlertParty, DepartmentRule, Route, Silence

SYSTEM: Final = "system"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Actor:
    """Who does something to an alert; `department` is '' for the system and for whoever stands above departments."""

    name: str = SYSTEM
    role: str = SYSTEM
    department: str = ""


@dataclass(frozen=True)
class Desk:
    """One transaction of alerting.

    Attributes:
        session: The open, writing session.
        policy: The written rules.
        causes: What makes two findings one cause.
        now: The present, the same for everything in this transaction.
        zone: The hotline's time zone: quiet hours and budget weeks are local.
        labels: The labels in force: what people wrote under earlier ones (routes, silences) is read in these.
    """

    session: Session
    policy: AlertPolicy
    causes: CandidateConfig
    now: datetime
    zone: ZoneInfo
    labels: Labels

    @cached_property
    def silences(self) -> list[Silence]:
        """The silences that hold at this moment."""
        query = select(Silence).where(Silence.starts_at <= self.now, Silence.ends_at > self.now)
        return list(self.session.scalars(query.order_by(Silence.id)))

    @cached_property
    def routes(self) -> dict[str, list[Route]]:
        """The routing table by category."""
        return routes_by_category(self.session, self.labels)

    def area_name(self, area: str) -> str:
        """Return what an area is called under the labels in force."""
        return self.labels.name(area, "district")

    @cached_property
    def department_rules(self) -> dict[str, DepartmentRule]:
        """What departments asked for, by name."""
        return {rule.department: rule for rule in self.session.scalars(select(DepartmentRule))}

    @cached_property
    def week_start(self) -> datetime:
        """The start of the local budget week, Monday 00:00."""
        local = self.now.astimezone(self.zone)
        return datetime.combine((local - timedelta(days=local.weekday())).date(), time(), self.zone)

    @cached_property
    def budget_spent(self) -> Counter[str]:
        """Alerts told of this week that count against their department's budget."""
        told = select(Alert.department, func.count()).where(Alert.in_budget, Alert.first_notified_at >= self.week_start)
        return Counter(dict(self.session.execute(told.group_by(Alert.department)).all()))

    @cached_property
    def red_cells(self) -> dict[str, list[str]]:
        """The footprints of the open red alerts, by alert."""
        query = (
            select(AlertCell.alert_id, AlertCell.unique_id)
            .join(Alert, Alert.id == AlertCell.alert_id)
            .where(Alert.ended_at.is_(None), Alert.level_rank == AlertLevel.RED.rank)
            .where(Alert.state.in_([state.value for state in OPEN]))
        )
        cells: dict[str, list[str]] = defaultdict(list)
        for alert_id, cell in self.session.execute(query):
            cells[alert_id].append(cell)
        return cells

    def record(
        self, episode: Episode, event: Event, *, actor: Actor | None = None, payload: dict[str, Any] | None = None
    ) -> AlertEvent:
        """Append an event to an episode and apply it.

        Raises:
            ConflictError: The state of the alert does not allow the event.
        """
        alert = episode.alert
        details = payload or {}
        if event is not Event.OPENED and details.get("moves_state", True):
            check_allowed(event, episode.state, alert.id)
        who = actor or Actor()
        row = AlertEvent(
            id=new_id("ev"),
            alert_id=alert.id,
            number=(alert.last_event or 0) + 1,
            kind=event.value,
            at=self.now,
            actor=who.name,
            actor_role=who.role,
            department=who.department,
            payload=details,
        )
        known = len(episode.parties)
        before = (alert.level, alert.department, alert.in_budget)
        apply(episode, row)
        if AlertLevel.RED in {before[0], alert.level}:
            self.__dict__.pop("red_cells", None)
        if "budget_spent" in self.__dict__ and before[1:] != (alert.department, alert.in_budget):
            self._count_budget(alert, before[1], counted=before[2])
        self.session.add_all([alert, row, *episode.parties[known:]])
        return row

    def _count_budget(self, alert: Alert, department: str, *, counted: bool | None) -> None:
        """Keep what is spent true to an event that told of an alert, or gave it to another department."""
        if alert.first_notified_at is None or alert.first_notified_at < self.week_start:
            return
        self.budget_spent[department] -= bool(counted)
        self.budget_spent[alert.department] += alert.in_budget

    def load(self, alert_id: str) -> Episode:
        """Return an episode by its id, which must exist."""
        alert = self.session.scalars(select(Alert).where(Alert.id == alert_id)).one()
        return self.episode(alert)

    def episode(self, alert: Alert) -> Episode:
        """Return the episode of an alert row."""
        query = select(AlertParty).where(AlertParty.alert_id == alert.id).order_by(AlertParty.id)
        return Episode(alert, list(self.session.scalars(query)))

    def successor_of(self, episode: Episode) -> str | None:
        """Return the open alert about what this episode was about, by its id; None where there is none."""
        other = select(Alert.id).where(Alert.fingerprint == episode.alert.fingerprint, Alert.ended_at.is_(None))
        return self.session.scalar(other.where(Alert.id != episode.alert.id))

    def outcome_due(self) -> str:
        """Return when it is to be looked up whether the complaints came anyway, as text for an event."""
        return (self.now + timedelta(days=self.policy.outcome_days)).isoformat()


@contextmanager
def open_desk(
    store: Store, clock: Clock, settings: Settings | None, policy: AlertPolicy | None = None
) -> Iterator[Desk]:
    """Open the desk for one transaction; only one is open at a time, on either database."""
    wanted = settings or Settings()
    rules = policy or wanted.alerts
    with store.session() as session:
        store.lock(session, "alerts")
        now, causes = clock.now(), wanted.candidates
        yield Desk(session, policy=rules, causes=causes, now=now, zone=wanted.zone, labels=_labels(wanted, now))


def _labels(settings: Settings, now: datetime) -> Labels:
    try:
        return labels_in_force(settings, now)
    except TaxonomyError:
        # A broken crosswalk must not keep anybody from answering an alert; doctor and the forecast say that it is.
        _log.exception("the crosswalk cannot be read: labels count as they were filed")
        return Labels(empty_crosswalk(), now.date())
