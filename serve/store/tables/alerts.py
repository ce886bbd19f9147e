"""Alerts: an append-only list of events, and a row per alert that is nothing but their fold, kept for fast boards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.columns import Base, free_text

ACTIVE = text("ended_at IS NULL")


class Alert(Base):
    """One episode: what, where, how unusual, who leads, and the state its events add up to.

    `seq` orders alerts by opening. `ended_at` is set once the episode takes no more candidates; until then a candidate
    with its fingerprint, tickets or cells updates it. `held_by` says why nobody has been told (silence, budget, ...).
    `seen_at` and `seen_as_of` are the only columns that are not folded from events: the heartbeat of the last mention.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_active_fingerprint", "fingerprint", unique=True, sqlite_where=ACTIVE, postgresql_where=ACTIVE),
        Index(None, "ended_at", "level_rank", "seq"),
        Index(None, "state", "seq"),
        Index(None, "department", "seq"),
        Index(None, "department", "first_notified_at"),
        Index(None, "category", "seq"),
        Index(None, "area", "seq"),
        Index(None, "updated_at", "seq"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(20))
    kinds: Mapped[list[str]]
    category1: Mapped[str] = mapped_column(String(200), default="")
    category2: Mapped[str] = mapped_column(String(200), default="")
    category: Mapped[str] = mapped_column(String(200), default="")
    area: Mapped[str] = mapped_column(String(200), default="")
    department: Mapped[str] = mapped_column(String(200), default="")

    state: Mapped[str] = mapped_column(String(30))
    level: Mapped[str] = mapped_column(String(10))
    level_rank: Mapped[int]
    level_rule: Mapped[dict[str, Any]]
    sensitive: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    msg_type: Mapped[str] = mapped_column(String(10), default="Alert")
    last_event: Mapped[int] = mapped_column(default=0)

    observed: Mapped[int]
    callers: Mapped[int]
    expected: Mapped[float | None]
    upper: Mapped[float | None]
    p_value: Mapped[float | None]
    recurrence_days: Mapped[float | None]
    score: Mapped[float] = mapped_column(default=0.0)
    rule: Mapped[dict[str, Any] | None]
    sentence: Mapped[dict[str, Any] | None]
    window_start: Mapped[datetime] = mapped_column(DateTime())
    window_end: Mapped[datetime] = mapped_column(DateTime())
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    radius_km: Mapped[float | None]
    evidence: Mapped[dict[str, Any]]
    past: Mapped[list[dict[str, Any]]]
    ticket_count: Mapped[int] = mapped_column(default=0)

    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    seen_as_of: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    baseline: Mapped[float | None]
    held_by: Mapped[str] = mapped_column(String(20), default="")
    first_notified_at: Mapped[datetime | None]
    in_budget: Mapped[bool] = mapped_column(default=False)
    notified_at: Mapped[datetime | None]
    notified_tickets: Mapped[int] = mapped_column(default=0)
    acknowledged_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    ack_due_at: Mapped[datetime | None]
    handle_due_at: Mapped[datetime | None]
    dismissals: Mapped[int] = mapped_column(default=0)
    tickets_when_answered: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(String(30), default="")
    outcome_due_at: Mapped[datetime | None] = mapped_column(index=True)

    run_key: Mapped[str] = mapped_column(String(200))
    as_of: Mapped[datetime]
    data_through: Mapped[datetime | None] = mapped_column(DateTime())
    generated_at: Mapped[datetime]
    model_version: Mapped[str] = mapped_column(String(100), default="")
    taxonomy_version: Mapped[str] = mapped_column(String(100), default="")
    calendar_version: Mapped[str] = mapped_column(String(100), default="")
    degraded: Mapped[list[dict[str, Any]]] = mapped_column(default=list)


class AlertEvent(Base):
    """One thing that happened to an alert; never changed, never deleted. `seq` orders the whole system's events."""

    __tablename__ = "alert_events"
    __table_args__ = (UniqueConstraint("alert_id", "number"), Index(None, "kind", "at"))

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(30))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(200))
    actor_role: Mapped[str] = mapped_column(String(20))
    department: Mapped[str] = mapped_column(String(200), default="")
    payload: Mapped[dict[str, Any]]

    _masked = free_text("payload")


class AlertParty(Base):
    """A department's part in an alert, with its own clocks.

    `part` is `lead`, `assist` (joint handling, 联办) or `asked` (somebody answered 不归我 and named this one).
    """

    __tablename__ = "alert_parties"
    __table_args__ = (
        Index(None, "department", "released_at", "alert_id"),
        Index(None, "released_at", "acked_at", "ack_due_at"),
        Index(None, "released_at", "handled_at", "handle_due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"), index=True)
    department: Mapped[str] = mapped_column(String(200))
    part: Mapped[str] = mapped_column(String(10))
    joined_at: Mapped[datetime]
    ack_due_at: Mapped[datetime | None]
    handle_due_at: Mapped[datetime | None]
    acked_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    ack_steps: Mapped[int] = mapped_column(default=0)
    handle_steps: Mapped[int] = mapped_column(default=0)


class AlertTicket(Base):
    """A ticket behind an alert, by its key `source/ticket_id`; the ticket itself stays in the lake."""

    __tablename__ = "alert_tickets"
    __table_args__ = (Index(None, "ticket"),)

    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    ticket: Mapped[str] = mapped_column(String(300), primary_key=True)
    added_at: Mapped[datetime]
    revision: Mapped[int]


class AlertCell(Base):
    """A series in an alert's footprint, by its `unique_id`."""

    __tablename__ = "alert_cells"
    __table_args__ = (Index(None, "unique_id"),)

    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    unique_id: Mapped[str] = mapped_column(String(400), primary_key=True)
