"""Read issued forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import Session

from features.branches import is_asked_for
from features.clock import SKEW, is_ahead
from features.taxonomy import Labels
from features.vocabulary import Frequency
from serve import paging
from serve.paging import Cursor
from serve.store.categories import category_condition
from serve.store.columns import believed
from serve.store.tables import CurrentForecast, ForecastIssueRow, ForecastOverride, ForecastRow, ForecastSum

CATEGORY_LEVELS: Final = ("category1", "category2", "category")
"""Columns that a category's name may stand in."""

Row = TypeVar("Row", ForecastRow, ForecastSum)


@dataclass(frozen=True)
class ForecastFilter:
    """What to read; None does not filter. `category` matches any category level, times are local civil time."""

    level: str | None = None
    category: str | None = None
    district: str | None = None
    department: str | None = None
    unique_id: str | None = None
    ds_from: datetime | None = None
    ds_to: datetime | None = None


def current_issue(session: Session, freq: Frequency, *, now: datetime) -> ForecastIssueRow | None:
    """Return the issue that the pointer of this frequency names; the newest other one where a wrong clock made it."""
    query = select(ForecastIssueRow).join(CurrentForecast, CurrentForecast.issue_id == ForecastIssueRow.id)
    named = session.scalar(query.where(CurrentForecast.freq == freq))
    if named is None or not is_ahead(named.as_of, now):
        return named
    return issue_published_by(session, freq, now + SKEW)


def issues(session: Session, freq: Frequency, *, limit: int = 50) -> list[ForecastIssueRow]:
    """Return the newest issues of a frequency, newest as-of first."""
    query = select(ForecastIssueRow).where(ForecastIssueRow.freq == freq)
    return list(session.scalars(query.order_by(ForecastIssueRow.as_of.desc(), ForecastIssueRow.id.desc()).limit(limit)))


def issue_published_by(session: Session, freq: Frequency, moment: datetime) -> ForecastIssueRow | None:
    """Return the newest issue that was published by a moment, None when there was none."""
    published = select(ForecastIssueRow).where(ForecastIssueRow.freq == freq, ForecastIssueRow.published_at <= moment)
    published = published.where(believed(ForecastIssueRow.as_of, moment))
    newest = published.order_by(ForecastIssueRow.as_of.desc(), ForecastIssueRow.id.desc())
    return session.scalars(newest.limit(1)).first()


def rows(
    session: Session, issue_id: int, wanted: ForecastFilter, *, limit: int | None = None, after: Cursor | None = None
) -> list[ForecastRow]:
    """Return an issue's rows in the order of `ds, unique_id`, after a cursor."""
    query = _filtered(select(ForecastRow).where(ForecastRow.issue_id == issue_id), ForecastRow, wanted)
    if after:
        position = (paging.moment(after[0]), str(after[1]))
        query = query.where(tuple_(ForecastRow.ds, ForecastRow.unique_id) > position)
    return list(session.scalars(query.order_by(ForecastRow.ds, ForecastRow.unique_id).limit(limit)))


def sums(
    session: Session,
    issue_id: int,
    wanted: ForecastFilter,
    *,
    periods: int | None = None,
    limit: int | None = None,
    after: Cursor | None = None,
) -> list[ForecastSum]:
    """Return an issue's sums over several periods in the order of `periods, unique_id`, after a cursor."""
    query = _filtered(select(ForecastSum).where(ForecastSum.issue_id == issue_id), ForecastSum, wanted)
    if periods is not None:
        query = query.where(ForecastSum.periods == periods)
    if after:
        query = query.where(tuple_(ForecastSum.periods, ForecastSum.unique_id) > (int(after[0]), str(after[1])))
    return list(session.scalars(query.order_by(ForecastSum.periods, ForecastSum.unique_id).limit(limit)))


def overrides(
    session: Session, freq: Frequency, *, now: datetime, labels: Labels | None = None
) -> dict[tuple[str, datetime], ForecastOverride]:
    """Return the overrides in force, by series (under the labels in force) and period; of several the newest."""
    query = (
        select(ForecastOverride)
        .where(ForecastOverride.freq == freq, ForecastOverride.withdrawn_at.is_(None))
        .where(or_(ForecastOverride.expires_at.is_(None), ForecastOverride.expires_at > now))
        .order_by(ForecastOverride.created_at, ForecastOverride.id)
    )
    named = labels.series if labels else str
    return {(named(row.unique_id), row.ds): row for row in session.scalars(query)}


def is_wanted(row: Mapping[str, Any], wanted: ForecastFilter) -> bool:
    """Tell whether a row that is not in the store as it stands meets a filter: what `rows` asks of the store."""
    return (
        wanted.level in {None, row["level"]}
        and (wanted.category is None or is_asked_for(wanted.category, *(row[name] for name in CATEGORY_LEVELS)))
        and wanted.district in {None, row["district"]}
        and wanted.department in {None, row["department"]}
        and wanted.unique_id in {None, row["unique_id"]}
        and (wanted.ds_from is None or row["ds"] >= wanted.ds_from)
        and (wanted.ds_to is None or row["ds"] < wanted.ds_to)
    )


def _filtered(query: Select[Row], table: type[ForecastRow | ForecastSum], wanted: ForecastFilter) -> Select[Row]:
    if wanted.level is not None:
        query = query.where(table.level == wanted.level)
    if wanted.category is not None:
        query = query.where(category_condition(wanted.category, table))
    if wanted.district is not None:
        query = query.where(table.district == wanted.district)
    if wanted.department is not None:
        query = query.where(table.department == wanted.department)
    if wanted.unique_id is not None:
        query = query.where(table.unique_id == wanted.unique_id)
    if wanted.ds_from is not None:
        query = query.where(table.ds >= wanted.ds_from)
    if wanted.ds_to is not None:
        query = query.where(table.ds < wanted.ds_to)
    return query
