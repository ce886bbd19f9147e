"""Where alerts go and when they keep quiet: routes, corrections of them, department rules, silences."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.columns import Base, free_text


class Route(Base):
    """One line of the routing table: this category in this area goes to that department. Empty matches all."""

    __tablename__ = "routes"
    __table_args__ = (Index(None, "category", "area"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    category: Mapped[str] = mapped_column(String(200), default="")
    area: Mapped[str] = mapped_column(String(200), default="")
    department: Mapped[str] = mapped_column(String(200))
    assisting: Mapped[list[str]]
    comment: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str] = mapped_column(String(200))
    updated_at: Mapped[datetime]

    _masked = free_text("comment")


class RouteCorrection(Base):
    """A 不归我 answer: what was sent to whom, and who is said to be right. A person turns it into a route."""

    __tablename__ = "route_corrections"
    __table_args__ = (Index(None, "settled_at", "category", "area"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    alert_id: Mapped[str] = mapped_column(String(40))
    category: Mapped[str] = mapped_column(String(200))
    area: Mapped[str] = mapped_column(String(200))
    sent_to: Mapped[str] = mapped_column(String(200))
    suggested: Mapped[str] = mapped_column(String(200), default="")
    accepted_by: Mapped[str] = mapped_column(String(200), default="")
    author: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    _masked = free_text("reason")


class DepartmentRule(Base):
    """What one department asked for: quiet hours (local), a minimum level, its weekly budget of alerts."""

    __tablename__ = "department_rules"

    department: Mapped[str] = mapped_column(String(200), primary_key=True)
    quiet_from: Mapped[time | None]
    quiet_to: Mapped[time | None]
    minimum_level: Mapped[str] = mapped_column(String(10), default="")
    weekly_budget: Mapped[int | None]
    author: Mapped[str] = mapped_column(String(200))
    updated_at: Mapped[datetime]


class Silence(Base):
    """Matching alerts are kept but nobody is told, until it expires. `maintenance` marks a planned window.

    An empty matcher matches all; a silence with every matcher empty is refused when it is made.
    """

    __tablename__ = "silences"
    __table_args__ = (Index(None, "ends_at", "starts_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20), default="silence")
    kind: Mapped[str] = mapped_column(String(20), default="")
    category: Mapped[str] = mapped_column(String(200), default="")
    area: Mapped[str] = mapped_column(String(200), default="")
    department: Mapped[str] = mapped_column(String(200), default="")
    author: Mapped[str] = mapped_column(String(200))
    comment: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_at: Mapped[datetime]
    ended_early_by: Mapped[str] = mapped_column(String(200), default="")

    _masked = free_text("comment")
