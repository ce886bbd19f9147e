"""Issued forecasts as frames, and the issue that spoke about a week before it began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd
import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from features.panel.moves import Moves
from features.series import DIMENSIONS
from features.settings import Settings
from features.taxonomy import changes_since, labels_in_force, labels_of
from features.vocabulary import Frequency
from serve import paging
from serve.errors import NotFoundError
from serve.forecasts import repository
from serve.forecasts.adjusted import Adjusted, Key, adjust
from serve.forecasts.repository import ForecastFilter
from serve.forecasts.schemas import DRIVERS
from serve.paging import Cursor
from serve.store.columns import believed
from serve.store.tables import ForecastIssueRow, ForecastOverride, ForecastRow, ForecastSum

_log = structlog.get_logger(__name__)

COLUMNS: Final = (
    "unique_id", "level", "category1", "category2", "category", "district", "department",
    "ds", "horizon", "mean", "p10", "p50", "p90", "last_year", "base_model",
    *DRIVERS,
)  # fmt: skip

SUM_COLUMNS: Final = (
    "level", "unique_id", "category1", "category2", "category", "district", "department",
    "ds", "periods", "p10", "p50", "p90", "mean", "last_year", "base_model",
)  # fmt: skip


_UNKNOWN: Final = {
    "unique_id": "unknown_series",
    "category": "unknown_category",
    "district": "unknown_district",
    "department": "unknown_department",
}
"""Field of a filter -> the error that the issue does not know its value."""


def sum_frame(
    session: Session, issue: ForecastIssueRow, settings: Settings, *, now: datetime, unique_id: str | None = None
) -> pd.DataFrame:
    """Return an issue's sums over several periods, or those of one series, shortest first, in the labels in force."""
    query = select(*(getattr(ForecastSum, name) for name in SUM_COLUMNS)).where(ForecastSum.issue_id == issue.id)
    found = session.execute(query.order_by(ForecastSum.periods, ForecastSum.unique_id)).all()
    frame = pd.DataFrame(found, columns=list(SUM_COLUMNS)).astype({"last_year": float})
    frame = _in_force(frame, issue, settings, now, by=("ds", "periods"))
    return frame if unique_id is None else frame[frame["unique_id"] == unique_id].reset_index(drop=True)


def issue_frame(
    session: Session, issue: ForecastIssueRow, settings: Settings, *, now: datetime, week: datetime | None = None
) -> pd.DataFrame:
    """Return an issue's rows, or those of one week, in the labels in force now, whenever it was issued."""
    query = select(*(getattr(ForecastRow, name) for name in COLUMNS)).where(ForecastRow.issue_id == issue.id)
    if week is not None:
        query = query.where(ForecastRow.ds == week)
    frame = pd.DataFrame(session.execute(query).all(), columns=list(COLUMNS))
    frame = frame.astype(dict.fromkeys(("last_year", "mean", "p10", "p50", "p90", *DRIVERS), float))
    return _in_force(frame, issue, settings, now, by=("ds", "horizon"), sums=DRIVERS)


def rows_in_force(
    session: Session,
    issue: ForecastIssueRow,
    wanted: ForecastFilter,
    settings: Settings,
    *,
    now: datetime,
    limit: int | None = None,
    after: Cursor | None = None,
) -> list[ForecastRow]:
    """Return an issue's rows in the labels in force, in the order of `ds, unique_id`, after a cursor."""
    if not labels_differ(issue, settings, now=now):
        return repository.rows(session, issue.id, wanted, limit=limit, after=after)
    frame = issue_frame(session, issue, settings, now=now).sort_values(["ds", "unique_id"])
    position = (paging.moment(after[0]), str(after[1])) if after else None
    found = [
        ForecastRow(issue_id=issue.id, **row)
        for row in _records(frame)
        if repository.is_wanted(row, wanted) and (position is None or (row["ds"], row["unique_id"]) > position)
    ]
    return found[:limit]


def check_known(
    session: Session, issue: ForecastIssueRow, wanted: ForecastFilter, settings: Settings, *, now: datetime
) -> None:
    """Tell an empty answer from a question about what there is not.

    Raises:
        NotFoundError: The issue has no such series, category, district or department, in the labels in force.
    """
    for name, code in _UNKNOWN.items():
        value = getattr(wanted, name)
        if value is not None:
            alone = ForecastFilter(**{name: value})
            if not rows_in_force(session, issue, alone, settings, now=now, limit=1):
                raise NotFoundError(code, name=value)


def sums_in_force(
    session: Session,
    issue: ForecastIssueRow,
    wanted: ForecastFilter,
    settings: Settings,
    *,
    now: datetime,
    periods: int | None = None,
    limit: int | None = None,
    after: Cursor | None = None,
) -> list[ForecastSum]:
    """Return an issue's sums in the labels in force, in the order of `periods, unique_id`, after a cursor."""
    if not labels_differ(issue, settings, now=now):
        return repository.sums(session, issue.id, wanted, periods=periods, limit=limit, after=after)
    frame = sum_frame(session, issue, settings, now=now).sort_values(["periods", "unique_id"])
    position = (int(after[0]), str(after[1])) if after else None
    found = [
        ForecastSum(issue_id=issue.id, **row)
        for row in _records(frame)
        if repository.is_wanted(row, wanted)
        and periods in {None, row["periods"]}
        and (position is None or (row["periods"], row["unique_id"]) > position)
    ]
    return found[:limit]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as the store holds them: what is not known is None."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{**row, "ds": pd.Timestamp(row["ds"]).to_pydatetime()} for row in rows]


def labels_differ(issue: ForecastIssueRow, settings: Settings, *, now: datetime) -> bool:
    """Tell whether an issue was said in other labels than those in force."""
    then = labels_of(settings, issue.taxonomy_version, issue.as_of)
    return then is not None and then.key != labels_in_force(settings, now).key


def _in_force(
    rows: pd.DataFrame,
    issue: ForecastIssueRow,
    settings: Settings,
    now: datetime,
    *,
    by: Sequence[str],
    sums: Sequence[str] = (),
) -> pd.DataFrame:
    then, current = labels_of(settings, issue.taxonomy_version, issue.as_of), labels_in_force(settings, now)
    changes = None if then is None else changes_since(then, current)
    if changes is None:
        _log.warning("an issue stays in its own labels: their crosswalk is not kept", issue=issue.id)
    if not changes or rows.empty:
        return rows
    static = rows[["unique_id", "level", *DIMENSIONS]].drop_duplicates("unique_id")
    return Moves.of(static, changes, current.day).forecast(rows, by=by, sums=sums)


def adjusted_frame(session: Session, issue: ForecastIssueRow, settings: Settings, *, now: datetime) -> Adjusted:
    """Return an issue's rows in the labels in force, with the planners' overrides in force."""
    overrides = overrides_in_force(session, Frequency(issue.freq), settings, now=now)
    return adjust(issue_frame(session, issue, settings, now=now), overrides)


def overrides_in_force(
    session: Session, freq: Frequency, settings: Settings, *, now: datetime
) -> dict[Key, ForecastOverride]:
    """Return planners' numbers in force, by series (in the labels in force) and period."""
    return repository.overrides(session, freq, now=now, labels=labels_in_force(settings, now))


def issue_before(
    session: Session, week: datetime, *, now: datetime, freq: Frequency = Frequency.WEEKLY
) -> ForecastIssueRow | None:
    """Return the last issue that speaks of `week` and was made when nothing of it was known yet: the one to be judged.

    While counts are late, later issues know no more and speak only of later weeks. An issue of a moment later than now
    was made by a wrong clock, and is not believed.
    """
    speaks = exists().where(ForecastRow.issue_id == ForecastIssueRow.id, ForecastRow.ds == week)
    query = (
        select(ForecastIssueRow)
        .where(ForecastIssueRow.freq == freq, ForecastIssueRow.data_through <= week, speaks)
        .where(believed(ForecastIssueRow.as_of, now))
        .order_by(ForecastIssueRow.data_through.desc(), ForecastIssueRow.as_of.desc(), ForecastIssueRow.id.desc())
    )
    return session.scalars(query.limit(1)).first()
