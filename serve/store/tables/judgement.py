"""What planners know and models do not: overrides of forecasts, and the register of events to come."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import DateTime, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.columns import Base, free_text


class ForecastOverride(Base):
    """A planner's number for one series and period, beside the model's: both are kept. One at a time is open."""

    __tablename__ = "forecast_overrides"
    __table_args__ = (
        Index(None, "freq", "ds", "unique_id"),
        Index(
            "ix_forecast_overrides_one_per_period",
            "freq",
            "unique_id",
            "ds",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    freq: Mapped[str] = mapped_column(String(4))
    unique_id: Mapped[str] = mapped_column(String(400))
    ds: Mapped[datetime] = mapped_column(DateTime())
    value: Mapped[float]
    p10: Mapped[float | None]
    p90: Mapped[float | None]
    model_mean: Mapped[float | None]
    author: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    _masked = free_text("reason")


class RegisteredEvent(Base):
    """A planned event or policy change: where, when, and how much it is expected to move the counts."""

    __tablename__ = "registered_events"
    __table_args__ = (Index(None, "starts_on", "ends_on"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    category: Mapped[str] = mapped_column(String(200), default="")
    district: Mapped[str] = mapped_column(String(200), default="")
    expected_change: Mapped[float | None]
    author: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    _masked = free_text("name", "reason")
