"""The alert desk: one transaction's view of the rules, the clock and the open episodes, and the pen that writes events.

Intake, actions and the tick all work through a desk, so an event, the state it leads to and the messages it causes are
written together or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.clock import Clock
from features.settings import Settings
from serve.alerts.episode import Episode, apply
from serve.alerts.lifecycle import Event, check_allowed
from serve.alerts.policy import AlertPolicy
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import Alert, AlertEvent, AlertParty, DepartmentRule, Route, Silence

SYSTEM: Final = "system"


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
        now: The present, the same for everything in this transaction.
        zone: The hotline's time zone: quiet hours and budget weeks are local.
    """

    session: Session
    policy: AlertPolicy
    now: datetime
    zone: ZoneInfo

    @cached_property
    def silences(self) -> list[Silence]:
        """The silences that hold at this moment."""
        query = select(Silence).where(Silence.starts_at <= self.now, Silence.ends_at > self.now)
        return list(self.session.scalars(query.order_by(Silence.id)))

    @cached_property
    def routes(self) -> dict[str, list[Route]]:
        """The routing table by category."""
        lines: dict[str, list[Route]] = defaultdict(list)
        for line in self.session.scalars(select(Route)):
            lines[line.category].append(line)
        return lines

    @cached_property
    def department_rules(self) -> dict[str, DepartmentRule]:
        """What departments asked for, by name."""
        return {rule.department: rule for rule in self.session.scalars(select(DepartmentRule))}

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
        apply(episode, row)
        self.session.add_all([alert, row, *episode.parties[known:]])
        if event is Event.OPENED:
            self.session.flush()
        return row

    def load(self, alert_id: str) -> Episode:
        """Return an episode by its id, which must exist."""
        alert = self.session.scalars(select(Alert).where(Alert.id == alert_id)).one()
        return self.episode(alert)

    def episode(self, alert: Alert) -> Episode:
        """Return the episode of an alert row."""
        query = select(AlertParty).where(AlertParty.alert_id == alert.id).order_by(AlertParty.id)
        return Episode(alert, list(self.session.scalars(query)))

    def outcome_due(self) -> str:
        """Return when it is to be looked up whether the complaints came anyway, as text for an event."""
        return (self.now + timedelta(days=self.policy.outcome_days)).isoformat()


@contextmanager
def open_desk(
    store: Store, clock: Clock, settings: Settings | None, policy: AlertPolicy | None = None
) -> Iterator[Desk]:
    """Open the desk for one transaction; only one is open at a time, on either database."""
    wanted = settings or Settings()
    rules = policy or AlertPolicy.from_settings(wanted)
    with store.session() as session:
        store.lock(session, "alerts")
        yield Desk(session=session, policy=rules, now=clock.now(), zone=wanted.zone)
