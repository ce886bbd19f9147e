"""Alerts as one caller may see them. Visibility is born here, in the queries: no endpoint filters by department."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_
from sqlalchemy.orm import Session

from features.vocabulary import AlertLevel
from serve.access import Caller, Role
from serve.alerts.copies import Copies, ReadEvent, visible_orders
from serve.alerts.episode import ASKED, Episode
from serve.alerts.lifecycle import OPEN, WAITING, Event, State
from serve.errors import NotFoundError
from serve.paging import Cursor
from serve.store.categories import category_condition
from serve.store.columns import believed
from serve.store.tables import (
    Alert,
    AlertCell,
    AlertEvent,
    AlertParty,
    AlertTicket,
    DetectionRunRow,
    Route,
    SupervisionOrder,
)

Order = Literal["newest", "urgent"]
_CHUNK: Final = 500


def newest_run(session: Session, *, now: datetime, complete: bool = True) -> DetectionRunRow | None:
    """Return the newest run of the detectors, by default of those that looked at everything; None before the first.

    Args:
        session: Reads the store.
        now: The present; a run of a later moment was made by a wrong clock.
        complete: Only runs of all detectors.
    """
    query = select(DetectionRunRow).where(believed(DetectionRunRow.as_of, now))
    if complete:
        query = query.where(DetectionRunRow.complete)
    return session.scalars(query.order_by(DetectionRunRow.as_of.desc()).limit(1)).first()


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts to list; an empty field does not filter. `now` is needed for `overdue` only."""

    states: tuple[State, ...] = ()
    levels: tuple[AlertLevel, ...] = ()
    kinds: tuple[str, ...] = ()
    category: str | None = None
    area: str | None = None
    department: str | None = None
    active: bool | None = None
    held: bool | None = None
    overdue: bool | None = None
    since: datetime | None = None
    now: datetime | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions of the fields that filter."""
        if self.states:
            yield Alert.state.in_([state.value for state in self.states])
        if self.levels:
            yield Alert.level_rank.in_([level.rank for level in self.levels])
        if self.kinds:
            yield Alert.kind.in_(self.kinds)
        if self.area is not None:
            yield Alert.area == self.area
        if self.department is not None:
            yield of_department(self.department)
        if self.category is not None:
            yield category_condition(self.category, Alert)
        if self.since is not None:
            # By way of the index on updated_at: few alerts changed lately, wherever they stand in the order.
            yield Alert.seq.in_(select(Alert.seq).where(Alert.updated_at > self.since))
        yield from self._flags()

    def _flags(self) -> Iterator[ColumnElement[bool]]:
        if self.active is not None:
            yield Alert.ended_at.is_(None) if self.active else Alert.ended_at.is_not(None)
        if self.held is not None:
            yield Alert.held_by != "" if self.held else Alert.held_by == ""
        if self.overdue and self.now:
            yield overdue(self.now)


class AlertRepository:
    """Reads alerts for one caller: a department sees those in which it has a part, others see all."""

    def __init__(self, session: Session, caller: Caller) -> None:
        self._session = session
        self._caller = caller
        self.copies = Copies(session, caller, self.visible())

    @classmethod
    def of_all(cls, session: Session) -> AlertRepository:
        """Return the repository of the installation itself, for documents that are made for no single reader."""
        return cls(session, Caller(key_id="", name="system", role=Role.SUPERVISOR))

    def visible(self) -> ColumnElement[bool]:
        """Return the condition that an alert must meet to be seen by this caller."""
        if self._caller.sees_all_alerts:
            return true()
        return of_department(self._caller.department)

    def get(self, alert_id: str) -> Alert:
        """Return one alert.

        Raises:
            NotFoundError: It does not exist, or is not this caller's to see.
        """
        alert = self._session.scalar(select(Alert).where(Alert.id == alert_id, self.visible()))
        if alert is None:
            raise NotFoundError("no_alert", alert=alert_id)
        return alert

    def episode(self, alert_id: str) -> Episode:
        """Return one alert with its parties; raises like `get`."""
        alert = self.get(alert_id)
        query = select(AlertParty).where(AlertParty.alert_id == alert.id).order_by(AlertParty.id)
        return Episode(alert, list(self._session.scalars(query)))

    def page(
        self, wanted: AlertFilter, *, limit: int, order: Order = "newest", after: Cursor | None = None
    ) -> list[Alert]:
        """Return alerts, the newest or the gravest first, after a cursor (`[seq]` or `[level_rank, seq]`)."""
        columns = (Alert.seq,) if order == "newest" else (Alert.level_rank, Alert.seq)
        backwards = [column.desc() for column in columns]
        found = select(Alert.seq).where(self.visible(), *wanted.conditions())
        if after:
            found = found.where(tuple_(*columns) < tuple_(*after))
        # Sort and cut narrow rows first; only the page's rows are read in full.
        page = found.order_by(*backwards).limit(limit)
        return list(self._session.scalars(select(Alert).where(Alert.seq.in_(page)).order_by(*backwards)))

    def count(self, wanted: AlertFilter) -> int:
        """Return how many alerts a filter finds."""
        query = select(func.count()).select_from(Alert).where(self.visible(), *wanted.conditions())
        return self._session.scalar(query) or 0

    def find(self, *conditions: ColumnElement[bool], gravest_first: bool = False) -> list[Alert]:
        """Return the visible alerts that meet these conditions, by default in the order of their opening."""
        order = (Alert.level_rank.desc(), Alert.seq) if gravest_first else (Alert.seq,)
        return list(self._session.scalars(select(Alert).where(self.visible(), *conditions).order_by(*order)))

    def with_parties(self, *conditions: ColumnElement[bool]) -> list[tuple[Alert, AlertParty]]:
        """Return visible alerts, each with every department that has a part in it now, by these conditions."""
        joined = select(Alert, AlertParty).join(AlertParty, AlertParty.alert_id == Alert.id)
        wanted = joined.where(self.visible(), AlertParty.released_at.is_(None), *conditions)
        return [(alert, party) for alert, party in self._session.execute(wanted)]

    def with_orders(self, *conditions: ColumnElement[bool]) -> list[tuple[Alert, SupervisionOrder]]:
        """Return visible alerts, each with every order about it that the caller may see, by these conditions."""
        joined = select(Alert, SupervisionOrder).join(SupervisionOrder, SupervisionOrder.alert_id == Alert.id)
        wanted = joined.where(self.visible(), visible_orders(self._caller), *conditions)
        return [(alert, order) for alert, order in self._session.execute(wanted)]

    def ids(self) -> Select[str]:
        """Return the query of the ids of the visible alerts."""
        return select(Alert.id).where(self.visible())

    def areas(self) -> list[str]:
        """Return the areas that visible alerts are about."""
        return sorted(self._session.scalars(select(Alert.area).where(self.visible()).distinct()))

    def tally(self, now: datetime) -> dict[str, int]:
        """Return how many visible alerts are open, by level, and how many of them are `overdue`."""
        active = (self.visible(), Alert.ended_at.is_(None))
        counted = self._session.execute(select(Alert.level, func.count()).where(*active).group_by(Alert.level))
        late = self._session.scalar(select(func.count()).select_from(Alert).where(*active, overdue(now)))
        return {**{level.value: 0 for level in AlertLevel}, **dict(counted.all()), "overdue": late or 0}

    def events(self, alert_id: str) -> list[ReadEvent]:
        """Return the history of an alert as this caller may read it; raises like `get`."""
        alert = self.get(alert_id)
        query = select(AlertEvent).where(AlertEvent.alert_id == alert.id)
        return self.copies.events(self._session.scalars(query.order_by(AlertEvent.number)).all())

    def moments(self, alert_ids: Sequence[str], kinds: Sequence[Event]) -> list[tuple[str, int, datetime]]:
        """Return (alert, number, moment) of the events of these kinds of visible alerts, alert by alert in order."""
        query = (
            select(AlertEvent.alert_id, AlertEvent.number, AlertEvent.at)
            .join(Alert, Alert.id == AlertEvent.alert_id)
            .where(self.visible(), AlertEvent.alert_id.in_(alert_ids))
            .where(AlertEvent.kind.in_([kind.value for kind in kinds]))
            .order_by(AlertEvent.alert_id, AlertEvent.number)
        )
        return [(alert_id, number, at) for alert_id, number, at in self._session.execute(query)]

    def events_after(self, seq: int, *, limit: int) -> list[tuple[AlertEvent, Alert]]:
        """Return visible events after a position in the system's event order, with their alerts."""
        query = (
            select(AlertEvent, Alert)
            .join(Alert, Alert.id == AlertEvent.alert_id)
            .where(AlertEvent.seq > seq, self.visible())
            .order_by(AlertEvent.seq)
            .limit(limit)
        )
        return [(event, alert) for event, alert in self._session.execute(query)]

    def cells(self, alert: Alert) -> list[str]:
        """Return the footprint of an alert."""
        query = select(AlertCell.unique_id).where(AlertCell.alert_id == alert.id)
        return list(self._session.scalars(query.order_by(AlertCell.unique_id)))

    def tickets(self, alert: Alert, *, limit: int | None = None) -> list[tuple[str, str]]:
        """Return the keys (source, ticket id) behind an alert, the latest added first."""
        query = select(AlertTicket.ticket).where(AlertTicket.alert_id == alert.id)
        keys = self._session.scalars(query.order_by(AlertTicket.revision.desc(), AlertTicket.ticket).limit(limit))
        return [(source, ticket_id) for source, _, ticket_id in (key.partition("/") for key in keys)]


def newest_event(session: Session) -> int:
    """Return the position of the newest event of the installation, 0 before the first."""
    return session.scalar(select(func.max(AlertEvent.seq))) or 0


def open_by_level_and_state(session: Session) -> list[tuple[str, str, int]]:
    """Return (level, state, number) of the installation's open alerts: counts, and nothing of any of them."""
    counted = select(Alert.level, Alert.state, func.count()).where(Alert.ended_at.is_(None))
    rows = session.execute(counted.group_by(Alert.level, Alert.state))
    return [(level, state, number) for level, state, number in rows]


def departments_known(session: Session) -> list[str]:
    """Return the name of every department, of routes and of alerts: whoever answers 不归我 must find the right one."""
    routed = set(session.scalars(select(Route.department).distinct()))
    return sorted(routed | set(session.scalars(select(AlertParty.department).distinct())))


def of_department(name: str) -> ColumnElement[bool]:
    """Return the condition that an alert is a department's: it leads, assists, or has been asked to take over."""
    parts = select(AlertParty.alert_id).where(AlertParty.department == name, AlertParty.released_at.is_(None))
    return Alert.id.in_(parts)


def departments_of(session: Session, alert_ids: Sequence[str], *, asked: bool = True) -> dict[str, list[str]]:
    """Return the departments that have a part in these alerts now, the first to join first.

    Args:
        session: The store.
        alert_ids: The alerts.
        asked: Count those that were only asked to take over, as `of_department` does.
    """
    parties: dict[str, list[str]] = defaultdict(list)
    query = select(AlertParty).where(AlertParty.released_at.is_(None)).order_by(AlertParty.id)
    query = query if asked else query.where(AlertParty.part != ASKED)
    for start in range(0, len(alert_ids), _CHUNK):
        for party in session.scalars(query.where(AlertParty.alert_id.in_(alert_ids[start : start + _CHUNK]))):
            parties[party.alert_id].append(party.department)
    return parties


def overdue(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an alert is late: not acknowledged in time, or not handled in time."""
    waiting = Alert.state.in_([state.value for state in WAITING])
    working = Alert.state.in_([state.value for state in OPEN])
    return or_(and_(waiting, Alert.ack_due_at < now), and_(working, Alert.handle_due_at < now))
