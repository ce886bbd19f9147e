"""Reports to download, and the seasonal calendar to subscribe to."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from features.origin import origin_of
from features.reasons import ReasonCode
from features.vocabulary import Frequency
from features.words import AreaNames
from serve.errors import ForbiddenError, NotFoundError, NotReadyError
from serve.forecasts.history import weekly_history
from serve.pages.language import Words
from serve.pages.render import HEADERS, PageRoute, page
from serve.pages.sessions import Visitor, VisitorDep
from serve.pages.views.origin import forecast_origin
from serve.reports import FORMATS, Week, last_complete_week
from serve.reports.weekly import weekly
from serve.reports.weekly_content import name_of
from serve.seasons.coming import ComingSeason, coming_seasons
from serve.seasons.ics import write_ics
from serve.store.tables import ForecastIssueRow
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

WEEKS_LISTED: Final = 8
_TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


@router.get("/reports")
def reports(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    weeks: Literal["", "all"] = "",
) -> Response:
    """List the weeks that can be reported on."""
    _check_may_read(visitor)
    words = Words.of_reader(request, settings)
    newest = last_complete_week(settings, now=clock.now())
    with store.reading() as session:
        query = (
            select(ForecastIssueRow)
            .where(ForecastIssueRow.freq == Frequency.WEEKLY)
            .order_by(ForecastIssueRow.data_through)
        )
        issues = session.scalars(query).all()
    oldest = Week.of(issues[0].data_through.date()).before if issues else newest
    known = [newest]
    while known[-1] > oldest:
        known.append(known[-1].before)
    past = weekly_history(settings, as_of=clock.now())
    return page(
        request,
        "reports.html",
        settings=settings,
        visitor=visitor,
        provenance=forecast_origin(issues[-1], words, missing=past.missing) if issues else None,
        weeks=(known if weeks else known[:WEEKS_LISTED]) if issues else [],
        total=len(known),
        formats=FORMATS,
    )


@router.get("/reports/weekly/{name}")
def weekly_report(
    *, store: StoreDep, clock: ClockDep, settings: SettingsDep, visitor: VisitorDep, name: str
) -> Response:
    """Make a weekly report and hand it over: `2026-W47.xlsx`."""
    _check_may_read(visitor)
    week, _, form = name.partition(".")
    if form not in FORMATS:
        raise NotFoundError("no_report", report=name, formats=list(FORMATS))
    with TemporaryDirectory() as folder:
        out = Path(folder) / f"weisu-{week}.{form}"
        weekly(store, week=Week.parse(week), out=out, settings=settings, clock=clock)
        content = out.read_bytes()
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        # A report opened as a page may carry its own style, and nothing else.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
        "Content-Disposition": f'{"inline" if form == "html" else "attachment"}; filename="weisu-{week}.{form}"',
    }
    return Response(content, media_type=_TYPES[form], headers=headers)


@router.get("/calendar.ics")
def calendar(*, clock: ClockDep, settings: SettingsDep, _visitor: VisitorDep) -> Response:
    """Return 民情月历 as an iCalendar file."""
    body = write_ics(_seasons(settings, clock), now=clock.now(), simulated=origin_of(settings).simulated)
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="weisu-calendar.ics"'}
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


def _seasons(settings: SettingsDep, clock: ClockDep) -> list[ComingSeason]:
    past = weekly_history(settings, as_of=clock.now())
    history = past.weeks
    if history is None:
        if any(reason.code is ReasonCode.HISTORY_UNREADABLE for reason in past.missing):
            # An empty calendar would take the seasons out of everybody's own.
            raise NotReadyError("history_unreadable")
        return []
    area = AreaNames.of(settings)
    names = {row["unique_id"]: name_of(row, area) for row in history.static.to_dict("records")}
    return coming_seasons(history, after=history.first_to_come, names=names, settings=settings)


def _check_may_read(visitor: Visitor) -> None:
    if not visitor.caller.sees_all_alerts:
        raise ForbiddenError("reports_for_planners")
