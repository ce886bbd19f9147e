"""`/v1/forecasts`: the current issue of a frequency, filtered and paged."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from features.taxonomy import labels_in_force
from features.vocabulary import ForecastFrequency, Frequency
from serve import paging
from serve.access import CallerDep
from serve.errors import NotFoundError, UnprocessableError
from serve.forecasts import issues, repository
from serve.forecasts.schemas import (
    ForecastIssue,
    ForecastItem,
    ForecastPage,
    ForecastSumItem,
    ForecastSumsPage,
    Override,
)
from serve.problems import problems
from serve.store.tables import ForecastIssueRow, ForecastOverride, ForecastRow
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"], responses=problems(401, 404, 422))

Name = Annotated[str | None, Query(max_length=400)]


@router.get("", summary="The current forecast")
def read_forecasts(
    *,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    _caller: CallerDep,
    freq: ForecastFrequency = Frequency.WEEKLY,
    level: Annotated[str | None, Query(max_length=40, description="`total`, `district`, ..., `cell`")] = None,
    category: Annotated[str | None, Query(max_length=200, description="Matches any category level")] = None,
    district: Name = None,
    unique_id: Name = None,
    ds_from: Annotated[datetime | None, Query(alias="from", description="First period start, local time")] = None,
    ds_to: Annotated[datetime | None, Query(alias="to", description="Period start to stop before")] = None,
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
        unique_id=unique_id,
        ds_from=_civil(ds_from, settings.zone),
        ds_to=_civil(ds_to, settings.zone),
    )
    after = paging.decode(cursor, (str, str, int))
    with store.reading() as session:
        issue = _current(session, freq, after)
        now = clock.now()
        found = issues.rows_in_force(session, issue, wanted, settings, now=now, limit=limit + 1, after=after)
        overrides = repository.overrides(session, freq, now=now, labels=labels_in_force(settings, now))
        items = [_item(row, overrides.get((row.unique_id, row.ds))) for row in found[:limit]]
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
    periods: Annotated[int | None, Query(ge=1, description="Periods summed: 4 and 13 weeks unless configured")] = None,
    level: Annotated[str | None, Query(max_length=40, description="`total`, `district`, ..., `cell`")] = None,
    category: Annotated[str | None, Query(max_length=200, description="Matches any category level")] = None,
    district: Name = None,
    unique_id: Name = None,
    limit: paging.LimitQuery = 200,
    cursor: paging.CursorQuery = None,
) -> ForecastSumsPage:
    """Return how much the next weeks bring together, in the order of their number and of series.

    The interval is that of the sum, from sample paths of all cells; it is narrower than the weeks' intervals summed.
    """
    wanted = repository.ForecastFilter(level=level, category=category, district=district, unique_id=unique_id)
    after = paging.decode(cursor, (int, str, int))
    with store.reading() as session:
        issue = _current(session, freq, after)
        found = issues.sums_in_force(
            session, issue, wanted, settings, now=clock.now(), periods=periods, limit=limit + 1, after=after
        )
        items = [ForecastSumItem.model_validate(row) for row in found[:limit]]
        page = ForecastSumsPage(**ForecastIssue.model_validate(issue).model_dump(), items=items)
    if len(found) > limit:
        last = found[limit - 1]
        page.next_cursor = paging.encode([last.periods, last.unique_id, issue.id])
    return page


def _current(session: Session, freq: ForecastFrequency, after: paging.Cursor | None) -> ForecastIssueRow:
    """Return the current issue, which must be that of the cursor."""
    issue = repository.current_issue(session, freq)
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


def _item(row: ForecastRow, override: ForecastOverride | None) -> ForecastItem:
    item = ForecastItem.model_validate(row)
    if override:
        item.override = Override.model_validate(override, from_attributes=True)
    return item
