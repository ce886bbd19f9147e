"""督办: an order of a supervisor to a department about an alert, with a due date and an answer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.columns import Base, free_text


class SupervisionOrder(Base):
    """One order: who asks whom for what, by when, and what came back."""

    __tablename__ = "supervision_orders"
    __table_args__ = (Index(None, "answered_at", "due_at"), Index(None, "department", "issued_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"), index=True)
    department: Mapped[str] = mapped_column(String(200))
    issued_by: Mapped[str] = mapped_column(String(200))
    issued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    demand: Mapped[str] = mapped_column(Text)
    reminded_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(String(200), default="")
    answered_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(Text, default="")

    _masked = free_text("demand", "answer")
