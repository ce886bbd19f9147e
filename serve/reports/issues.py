"""Issued forecasts as frames, and the issue that spoke about a week before it began."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from features.vocabulary import Frequency
from serve.forecasts.schemas import DRIVERS
from serve.store.tables import ForecastIssueRow, ForecastRow, ForecastSum

COLUMNS: Final = (
    "unique_id", "level", "category1", "category2", "category", "district", "department",
    "ds", "horizon", "mean", "p10", "p50", "p90", "last_year", "base_model",
    *DRIVERS,
)  # fmt: skip

SUM_COLUMNS: Final = (
    "level", "unique_id", "category1", "category2", "category", "district", "department",
    "ds", "periods", "p10", "p50", "p90", "mean", "last_year", "base_model",
)  # fmt: skip


def sum_frame(session: Session, issue: ForecastIssueRow, *, unique_id: str | None = None) -> pd.DataFrame:
    """Return an issue's sums over several periods, or those of one series, shortest first."""
    query = select(*(getattr(ForecastSum, name) for name in SUM_COLUMNS)).where(ForecastSum.issue_id == issue.id)
    if unique_id is not None:
        query = query.where(ForecastSum.unique_id == unique_id)
    found = session.execute(query.order_by(ForecastSum.periods, ForecastSum.unique_id)).all()
    return pd.DataFrame(found, columns=list(SUM_COLUMNS)).astype({"last_year": float})


def issue_frame(session: Session, issue: ForecastIssueRow, *, week: datetime | None = None) -> pd.DataFrame:
    """Return an issue's rows, or those of one week."""
    query = select(*(getattr(ForecastRow, name) for name in COLUMNS)).where(ForecastRow.issue_id == issue.id)
    if week is not None:
        query = query.where(ForecastRow.ds == week)
    frame = pd.DataFrame(session.execute(query).all(), columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(("last_year", "mean", "p10", "p50", "p90", *DRIVERS), float))


def issue_before(session: Session, week: datetime, *, freq: Frequency = Frequency.WEEKLY) -> ForecastIssueRow | None:
    """Return the last issue made when nothing of `week` was known yet: the one to be judged by it."""
    query = (
        select(ForecastIssueRow)
        .where(ForecastIssueRow.freq == freq, ForecastIssueRow.data_through <= week)
        .order_by(ForecastIssueRow.data_through.desc(), ForecastIssueRow.as_of.desc(), ForecastIssueRow.id.desc())
    )
    return session.scalars(query).first()
