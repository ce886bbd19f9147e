"""The planner's overrides: upload the edited weekly workbook, see the model's number and the planner's side by side."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import ValidationError

from features.settings import Settings
from features.vocabulary import Frequency
from serve.access import Caller, Role
from serve.errors import ForbiddenError, RequestError, UnprocessableError
from serve.forecasts.history import weekly_history
from serve.forecasts.repository import current_issue
from serve.invalid import Invalid
from serve.overrides.schemas import NewOverride
from serve.overrides.service import add_override, list_overrides
from serve.overrides.workbook import SheetOverride, read_overrides
from serve.pages.language import Words, language_of
from serve.pages.render import PageRoute, Provenance, page, redirect
from serve.pages.sessions import Visitor, VisitorDep
from serve.pages.views.origin import forecast_origin
from serve.reports.weekly_xlsx import FORECAST_SHEET
from serve.store import Store
from serve.store.tables import ForecastIssueRow
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LARGEST: Final = 10 * 2**20
_WRITERS: Final = frozenset({Role.PLANNER, Role.ADMIN})


@router.get("/overrides")
def show_overrides(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    stored: int | None = None,
) -> Response:
    """Show the overrides in force beside what the model said, and to planners the form."""
    return _page(request, store, settings, visitor, now=clock.now(), stored=stored)


@router.post("/overrides")
def upload_overrides(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    workbook: Annotated[UploadFile, File()],
    csrf: Annotated[str, Form(max_length=100)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
    expires: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Store every override of a workbook, or none of them."""
    visitor.check(csrf)
    if visitor.caller.role not in _WRITERS:
        raise ForbiddenError("only_planners_override")
    now = clock.now()
    try:
        expires_at = _end_of(expires, settings)
        found = _read(workbook, reason.strip())
        _store(store, visitor.caller, found, expires_at=expires_at, now=now)
    except RequestError as error:
        problem = error.said(language_of(request, settings))
        return _page(
            request, store, settings, visitor, now=now, problem=problem, reason=reason, expires=expires, status=422
        )
    return redirect(f"/overrides?stored={len(found)}")


def _page(
    request: Request,
    store: Store,
    settings: Settings,
    visitor: Visitor,
    *,
    now: datetime,
    stored: int | None = None,
    problem: str = "",
    reason: str = "",
    expires: str = "",
    status: int = 200,
) -> Response:
    if not visitor.caller.sees_all_alerts:
        raise ForbiddenError("overrides_for_planners")
    words = Words.of_reader(request, settings)
    with store.reading() as session:
        rows = list_overrides(session, freq=Frequency.WEEKLY, now=now, all_of_them=False)
        issue = current_issue(session, Frequency.WEEKLY)
    return page(
        request,
        "overrides.html",
        settings=settings,
        visitor=visitor,
        status=status,
        provenance=_origin(issue, settings, words, now=now) if issue else None,
        rows=rows,
        may_write=visitor.caller.role in _WRITERS,
        stored=stored,
        problem=problem,
        reason=reason,
        expires=expires,
    )


def _origin(issue: ForecastIssueRow, settings: Settings, words: Words, *, now: datetime) -> Provenance:
    past = weekly_history(settings, as_of=now)
    return forecast_origin(issue, words, missing=past.missing)


def _end_of(day: str, settings: Settings) -> datetime | None:
    """Return the local end of the last day in force; None when no day was named."""
    if not day:
        return None
    try:
        after = date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise UnprocessableError("not_a_date", text=day) from error
    return datetime.combine(after, time(), tzinfo=settings.zone)


def _read(workbook: UploadFile, reason: str) -> list[SheetOverride]:
    content = workbook.file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UnprocessableError("workbook_too_large", megabytes=10)
    with TemporaryDirectory() as folder:
        # The name a browser sends is only a name: nothing is written where it points.
        path = Path(folder) / "workbook.xlsx"
        path.write_bytes(content)
        found = read_overrides(path, default_reason=reason)
    if not found:
        raise UnprocessableError("no_overrides", sheet=FORECAST_SHEET)
    return found


def _store(
    store: Store, caller: Caller, found: list[SheetOverride], *, expires_at: datetime | None, now: datetime
) -> None:
    with store.session() as session:
        for one in found:
            try:
                wanted = NewOverride(
                    unique_id=one.unique_id, ds=one.ds, value=one.value, reason=one.reason, expires_at=expires_at
                )
                add_override(session, caller, wanted, now=now)
            except ValidationError as error:
                first = error.errors()[0]
                column = ".".join(map(str, first["loc"]))
                raise UnprocessableError(
                    "override_cell", sheet=FORECAST_SHEET, row=one.row, column=column, why=Invalid.of(first)
                ) from error
            except UnprocessableError as error:
                raise UnprocessableError("override_row", sheet=FORECAST_SHEET, row=one.row, why=error) from error
