"""`/v1/forecasts`: the current issue of a frequency, filtered and paged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from features.series import SeriesLevel
from features.settings import Settings
from features.vocabulary import ForecastFrequency, Frequency
from serve import paging
from serve.access import CallerDep
from serve.errors import NotFoundError, UnprocessableError
from serve.forecasts import issues, repository
from serve.forecasts.adjusted import adjust_sums
from serve.forecasts.schemas import (
    ForecastIssue,
    ForecastItem,
    ForecastPage,
    ForecastSumItem,
    ForecastSumsPage,
    NumbersInForce,
    Override,
)
from serve.problems import problems
from serve.store.tables import ForecastIssueRow, ForecastOverride, ForecastRow
from serve.values import Name, PeriodStart, SeriesName
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"], responses=problems(401, 404, 422))


@router.get("", summary="The current forecast")
def read_forecasts(
    *,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    _caller: CallerDep,
    freq: ForecastFrequency = Frequency.WEEKLY,
    level: SeriesLevel | None = None,
    category: Annotated[Name | None, Query(description="Matches any category level")] = None,
    district: Name | None = None,
    department: Name | None = None,
    unique_id: SeriesName | None = None,
    ds_from: Annotated[PeriodStart | None, Query(alias="from", description="First period start, local time")] = None,
    ds_to: Annotated[PeriodStart | None, Query(alias="to", description="Period start to stop before")] = None,
    limit: paging.LimitQuery = 200,
    cursor: paging.CursorQuery = None,
) -> ForecastPage:
    """Return rows of the current issue in the order of period and series; a planner's override stands beside.

    The cursor belongs to one issue: when a new one has been published in between, start again.
    """
    wanted = repository.ForecastFilter(
        level=level,
        category=category,
        district=district,
        department=department,
        unique_id=unique_id,
        ds_from=_civil(ds_from, settings.zone),
        ds_to=_civil(ds_to, settings.zone),
    )
    after = paging.decode(cursor, (str, str, int))
    with store.reading() as session:
        issue = _current(session, freq, after, now=clock.now())
        now = clock.now()
        found = issues.rows_in_force(session, issue, wanted, settings, now=now, limit=limit + 1, after=after)
        if not found:
            issues.check_known(session, issue, wanted, settings, now=now)
        overrides = issues.overrides_in_force(session, freq, settings, now=now)
        touched = _touched(issues.adjusted_frame(session, issue, settings, now=now).rows, "ds") if overrides else {}
        items = [_item(row, overrides.get((row.unique_id, row.ds)), touched) for row in found[:limit]]
        page = ForecastPage(**ForecastIssue.model_validate(issue).model_dump(), items=items)
    if len(found) > limit:
        last = found[limit - 1]
        page.next_cursor = paging.encode([last.ds.isoformat(), last.unique_id, issue.id])
    return page


@router.get("/sums", summary="The current forecast of several periods together")
def read_sums(
    *,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    _caller: CallerDep,
    freq: ForecastFrequency = Frequency.WEEKLY,
    periods: Annotated[
        int | None, Query(ge=1, le=1000, description="Periods summed: 4, 13 weeks unless configured")
    ] = None,
    level: SeriesLevel | None = None,
    category: Annotated[Name | None, Query(description="Matches any category level")] = None,
    district: Name | None = None,
    department: Name | None = None,
    unique_id: SeriesName | None = None,
    limit: paging.LimitQuery = 200,
    cursor: paging.CursorQuery = None,
) -> ForecastSumsPage:
    """Return how much the next weeks bring together, in the order of their number and of series.

    The interval is that of the sum, from sample paths of all cells; it is narrower than the weeks' intervals summed.
    """
    wanted = repository.ForecastFilter(
        level=level, category=category, district=district, department=department, unique_id=unique_id
    )
    after = paging.decode(cursor, (int, str, int))
    with store.reading() as session:
        issue = _current(session, freq, after, now=clock.now())
        found = issues.sums_in_force(
            session, issue, wanted, settings, now=clock.now(), periods=periods, limit=limit + 1, after=after
        )
        if not found:
            issues.check_known(session, issue, wanted, settings, now=clock.now())
        touched = _touched_sums(session, issue, settings, now=clock.now())
        items = [
            ForecastSumItem.model_validate(row).model_copy(
                update={"in_force": touched.get((row.unique_id, row.periods))}
            )
            for row in found[:limit]
        ]
        page = ForecastSumsPage(**ForecastIssue.model_validate(issue).model_dump(), items=items)
    if len(found) > limit:
        last = found[limit - 1]
        page.next_cursor = paging.encode([last.periods, last.unique_id, issue.id])
    return page


def _current(
    session: Session, freq: ForecastFrequency, after: paging.Cursor | None, *, now: datetime
) -> ForecastIssueRow:
    """Return the current issue, which must be that of the cursor."""
    issue = repository.current_issue(session, freq, now=now)
    if issue is None:
        raise NotFoundError("no_forecast", freq=freq)
    if after and after[2] != issue.id:
        raise UnprocessableError("newer_forecast")
    return issue


def _civil(moment: datetime | None, zone: tzinfo) -> datetime | None:
    """Return naive local time; a moment with a zone is converted to the hotline's."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(zone).replace(tzinfo=None)


def _touched(rows: pd.DataFrame, by: str) -> dict[tuple[str, Any], NumbersInForce]:
    """Return what stands in force for the rows that an override touches."""
    found = rows.loc[rows["touched"], ["unique_id", by, "mean", "p10", "p50", "p90"]]
    return {(row["unique_id"], row[by]): NumbersInForce.model_validate(row) for row in found.to_dict("records")}


def _touched_sums(
    session: Session, issue: ForecastIssueRow, settings: Settings, *, now: datetime
) -> dict[tuple[str, Any], NumbersInForce]:
    adjusted = issues.adjusted_frame(session, issue, settings, now=now)
    if not adjusted.rows["touched"].any():
        return {}
    return _touched(adjust_sums(issues.sum_frame(session, issue, settings, now=now), adjusted), "periods")


def _item(
    row: ForecastRow, override: ForecastOverride | None, touched: Mapping[tuple[str, Any], NumbersInForce]
) -> ForecastItem:
    item = ForecastItem.model_validate(row)
    item.in_force = touched.get((row.unique_id, row.ds))
    if override:
        item.override = Override.model_validate(override, from_attributes=True)
    return item
