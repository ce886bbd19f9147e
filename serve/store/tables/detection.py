"""What the detectors handed in: one row per run, and one per candidate that says what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.columns import Base


class DetectionRunRow(Base):
    """One run of the detectors. Only a complete run may count as calm for the alerts that it did not mention."""

    __tablename__ = "detection_runs"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    as_of: Mapped[datetime] = mapped_column(index=True)
    data_through: Mapped[datetime | None] = mapped_column(DateTime())
    generated_at: Mapped[datetime]
    received_at: Mapped[datetime]
    complete: Mapped[bool]
    kinds: Mapped[list[str]]
    model_version: Mapped[str] = mapped_column(String(100), default="")
    taxonomy_version: Mapped[str] = mapped_column(String(100), default="")
    calendar_version: Mapped[str] = mapped_column(String(100), default="")
    snapshot: Mapped[int | None]
    degraded: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    judged: Mapped[dict[str, Any]] = mapped_column(default=dict)
    idle: Mapped[list[str]] = mapped_column(default=list)


class IntakeRecord(Base):
    """One candidate of one run, and what it did: opened, updated, known (nothing new) or calm (inside a new base)."""

    __tablename__ = "intake_records"
    __table_args__ = (UniqueConstraint("run_key", "fingerprint"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    run_key: Mapped[str] = mapped_column(ForeignKey("detection_runs.key", ondelete="CASCADE"))
    fingerprint: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(20))
    alert_id: Mapped[str] = mapped_column(String(40), default="", index=True)
