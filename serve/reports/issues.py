"""Issued forecasts as frames, and the issue that spoke about a week before it began."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.forecasts.schemas import DRIVERS
from serve.store.tables import ForecastIssueRow, ForecastRow

COLUMNS: Final = (
    "unique_id", "level", "category1", "category2", "category", "district", "department",
    "ds", "horizon", "mean", "p10", "p50", "p90", "last_year", "base_model",
    *DRIVERS,
)  # fmt: skip


def issue_frame(session: Session, issue: ForecastIssueRow, *, week: datetime | None = None) -> pd.DataFrame:
    """Return an issue's rows, or those of one week."""
    query = select(*(getattr(ForecastRow, name) for name in COLUMNS)).where(ForecastRow.issue_id == issue.id)
    if week is not None:
        query = query.where(ForecastRow.ds == week)
    frame = pd.DataFrame(session.execute(query).all(), columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(("last_year", "mean", "p10", "p50", "p90", *DRIVERS), float))


def issue_before(session: Session, week: datetime, *, freq: str = "W") -> ForecastIssueRow | None:
    """Return the last issue made when nothing of `week` was known yet: the one to be judged by it."""
    query = (
        select(ForecastIssueRow)
        .where(ForecastIssueRow.freq == freq, ForecastIssueRow.data_through <= week)
        .order_by(ForecastIssueRow.data_through.desc(), ForecastIssueRow.as_of.desc(), ForecastIssueRow.id.desc())
    )
    return session.scalars(query).first()
