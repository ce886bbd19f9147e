"""Issued forecasts: every issue is kept, and one pointer per frequency says which one is current."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.columns import Base


class ForecastIssueRow(Base):
    """One run of the forecaster: what it knew, which model spoke, whether it was degraded."""

    __tablename__ = "forecast_issues"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    freq: Mapped[str] = mapped_column(String(4))
    as_of: Mapped[datetime]
    generated_at: Mapped[datetime]
    data_through: Mapped[datetime] = mapped_column(DateTime())
    model_name: Mapped[str] = mapped_column(String(100))
    model_version: Mapped[str] = mapped_column(String(100))
    taxonomy_version: Mapped[str] = mapped_column(String(100))
    calendar_version: Mapped[str] = mapped_column(String(100))
    snapshot: Mapped[int]
    degraded: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    published_at: Mapped[datetime]


class _OfSeries:
    """Where a series stands in the hierarchy; empty where it sums."""

    level: Mapped[str] = mapped_column(String(40))
    category1: Mapped[str] = mapped_column(String(200), default="")
    category2: Mapped[str] = mapped_column(String(200), default="")
    category: Mapped[str] = mapped_column(String(200), default="")
    district: Mapped[str] = mapped_column(String(200), default="")
    department: Mapped[str] = mapped_column(String(200), default="")


class ForecastRow(_OfSeries, Base):
    """One series, one period: mean, interval, the same period last year, and the drivers that add up to the mean.

    `ds` is naive local civil time; the drivers are null where the model gave none.
    """

    __tablename__ = "forecast_rows"
    __table_args__ = (
        Index(None, "issue_id", "level", "ds"),
        Index(None, "issue_id", "district", "ds"),
        Index(None, "issue_id", "category", "ds"),
    )

    issue_id: Mapped[int] = mapped_column(ForeignKey("forecast_issues.id", ondelete="CASCADE"), primary_key=True)
    unique_id: Mapped[str] = mapped_column(String(400), primary_key=True)
    ds: Mapped[datetime] = mapped_column(DateTime(), primary_key=True)
    horizon: Mapped[int]
    mean: Mapped[float]
    p10: Mapped[float]
    p50: Mapped[float]
    p90: Mapped[float]
    last_year: Mapped[float | None]
    base_model: Mapped[str] = mapped_column(String(100), default="")
    usual_level: Mapped[float | None]
    season: Mapped[float | None]
    holiday: Mapped[float | None]
    weather: Mapped[float | None]
    event: Mapped[float | None]
    recent_change: Mapped[float | None]


class ForecastSum(_OfSeries, Base):
    """One series over several periods from an issue's first one on: the mean and interval of their sum."""

    __tablename__ = "forecast_sums"
    __table_args__ = (Index(None, "issue_id", "level", "periods"),)

    issue_id: Mapped[int] = mapped_column(ForeignKey("forecast_issues.id", ondelete="CASCADE"), primary_key=True)
    unique_id: Mapped[str] = mapped_column(String(400), primary_key=True)
    periods: Mapped[int] = mapped_column(primary_key=True)
    ds: Mapped[datetime] = mapped_column(DateTime())
    mean: Mapped[float]
    p10: Mapped[float]
    p50: Mapped[float]
    p90: Mapped[float]
    last_year: Mapped[float | None]
    base_model: Mapped[str] = mapped_column(String(100), default="")


class CurrentForecast(Base):
    """The pointer that readers follow: frequency -> issue. It flips in the transaction that wrote the rows."""

    __tablename__ = "current_forecasts"

    freq: Mapped[str] = mapped_column(String(4), primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("forecast_issues.id"))
    flipped_at: Mapped[datetime]
