"""What ran and what is in service: job runs, model versions, and the reports that were made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.columns import Base, free_text


class JobRun(Base):
    """One run of one scheduled or commanded job. `key` names the work (`detect 2026-11-23T07`), once done."""

    __tablename__ = "job_runs"
    __table_args__ = (Index(None, "name", "started_at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(200), index=True)
    status: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
    summary: Mapped[dict[str, Any]]


class ModelVersion(Base):
    """One alias of one registered model, as the pipelines last set it: what `/v1/models/current` shows."""

    __tablename__ = "model_versions"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    alias: Mapped[str] = mapped_column(String(40), primary_key=True, default="champion")
    version: Mapped[str] = mapped_column(String(100))
    run_id: Mapped[str] = mapped_column(String(64), default="")
    as_of: Mapped[datetime | None]
    trained_at: Mapped[datetime]
    promoted_at: Mapped[datetime]
    snapshot: Mapped[int | None]
    taxonomy_version: Mapped[str] = mapped_column(String(100), default="")
    calendar_version: Mapped[str] = mapped_column(String(100), default="")
    metrics: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text, default="")

    _masked = free_text("reason")


class Report(Base):
    """One report file that was made, and where it lies under the home folder."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("kind", "period", "format", "department"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    period: Mapped[str] = mapped_column(String(20))
    format: Mapped[str] = mapped_column(String(10))
    department: Mapped[str] = mapped_column(String(200), default="")
    path: Mapped[str] = mapped_column(String(500))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    generated_at: Mapped[datetime] = mapped_column(index=True)
    data_through: Mapped[datetime | None]
    degraded: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
