"""The planner's overrides: upload the edited weekly workbook, see the model's number and the planner's side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import ValidationError
from sqlalchemy.orm import Session

from features.series import parse_series_id
from features.settings import Settings
from features.taxonomy import labels_in_force
from features.vocabulary import Frequency
from serve.access import Caller, Role
from serve.errors import ForbiddenError, RequestError, UnprocessableError
from serve.forecasts.history import weekly_history
from serve.forecasts.issues import adjusted_frame
from serve.forecasts.repository import current_issue
from serve.invalid import Invalid
from serve.overrides.schemas import NewOverride
from serve.overrides.service import add_override, conflicts, list_overrides, withdraw_override
from serve.overrides.workbook import SheetOverride, read_overrides
from serve.pages.language import Words, language_of
from serve.pages.moments import read_day
from serve.pages.render import PageRoute, Provenance, page, redirect
from serve.pages.sessions import Visitor, VisitorDep
from serve.pages.views.origin import forecast_origin
from serve.reports.weekly_xlsx import FORECAST_SHEET
from serve.store import Store
from serve.store.tables import ForecastIssueRow, ForecastOverride
from serve.values import Id, Name, Text
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LARGEST: Final = 10 * 2**20
_LONGEST: Final = 100
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
    withdrawn: int | None = None,
) -> Response:
    """Show the overrides in force beside what the model said, and to planners the form."""
    return _page(request, store, settings, visitor, now=clock.now(), stored=stored, withdrawn=withdrawn)


@router.post("/overrides/{override_id}/withdraw")
def take_back(
    *,
    store: StoreDep,
    clock: ClockDep,
    visitor: VisitorDep,
    override_id: Id,
    csrf: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Withdraw an override: the model's number stands again."""
    visitor.check(csrf)
    if visitor.caller.role not in _WRITERS:
        raise ForbiddenError("only_planners_override")
    with store.session() as session:
        withdraw_override(session, override_id, now=clock.now())
    return redirect("/overrides?withdrawn=1")


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
    reason: Annotated[Text, Form()] = "",
    expires: Annotated[Name, Form(max_length=10)] = "",
) -> Response:
    """Store every override of a workbook, or none of them."""
    visitor.check(csrf)
    if visitor.caller.role not in _WRITERS:
        raise ForbiddenError("only_planners_override")
    now = clock.now()
    try:
        expires_at = _end_of(expires, settings)
        found = _read(workbook, reason.strip(), settings)
        changed = _store(store, visitor.caller, found, expires_at=expires_at, now=now)
    except RequestError as error:
        problem = error.said(language_of(request, settings))
        return _page(
            request, store, settings, visitor, now=now, problem=problem, reason=reason, expires=expires, status=422
        )
    return redirect(f"/overrides?stored={changed}")


def _page(
    request: Request,
    store: Store,
    settings: Settings,
    visitor: Visitor,
    *,
    now: datetime,
    stored: int | None = None,
    withdrawn: int | None = None,
    problem: str = "",
    reason: str = "",
    expires: str = "",
    status: int = 200,
) -> Response:
    if not visitor.caller.sees_all_alerts:
        raise ForbiddenError("overrides_for_planners")
    words = Words.of_reader(request, settings)
    with store.reading() as session:
        issue = current_issue(session, Frequency.WEEKLY, now=now)
        rows = _lines(session, issue, settings, words, now=now)
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
        withdrawn=withdrawn,
        problem=problem,
        reason=reason,
        expires=expires,
    )


@dataclass(frozen=True)
class OverrideLine:
    """An override in force as the page shows it.

    Attributes:
        row: As it is stored.
        name: What the series is called.
        stands: What is in force for it; None where the current forecast does not speak of it.
        against: Names and weeks of the overrides that it cannot hold together with.
    """

    row: ForecastOverride
    name: str
    stands: float | None
    against: Sequence[str] = ()


def _lines(
    session: Session, issue: ForecastIssueRow | None, settings: Settings, words: Words, *, now: datetime
) -> list[OverrideLine]:
    rows = list_overrides(session, freq=Frequency.WEEKLY, now=now, all_of_them=False)
    names = {row.id: _named(row.unique_id, words) for row in rows}
    if issue is None or not rows:
        return [OverrideLine(row, names[row.id], None) for row in rows]
    adjusted = adjusted_frame(session, issue, settings, now=now)
    labels = labels_in_force(settings, now)
    against = conflicts(rows, adjusted.unmet, labels)
    stands = adjusted.rows.set_index(["unique_id", "ds"])["mean"].to_dict()
    return [
        OverrideLine(
            row,
            names[row.id],
            stands.get((labels.series(row.unique_id), row.ds)),
            [names[other] for other in against.get(row.id, ())],
        )
        for row in rows
    ]


def _named(unique_id: str, words: Words) -> str:
    """Return what a series is called; one that no level names keeps its id."""
    try:
        return " · ".join(parse_series_id(unique_id).values()) or words("series_level.total")
    except ValueError:
        return unique_id


def _origin(issue: ForecastIssueRow, settings: Settings, words: Words, *, now: datetime) -> Provenance:
    past = weekly_history(settings, as_of=now)
    return forecast_origin(issue, words, missing=past.missing)


def _end_of(day: str, settings: Settings) -> datetime | None:
    """Return the local end of the last day in force; None when no day was named."""
    if not day:
        return None
    return datetime.combine(read_day(day) + timedelta(days=1), time(), tzinfo=settings.zone)


def _read(workbook: UploadFile, reason: str, settings: Settings) -> list[SheetOverride]:
    content = workbook.file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UnprocessableError("workbook_too_large", megabytes=10)
    with TemporaryDirectory() as folder:
        # The name a browser sends is only a name: nothing is written where it points.
        path = Path(folder) / "workbook.xlsx"
        path.write_bytes(content)
        name = Path(workbook.filename or path.name).name[:_LONGEST]
        found = read_overrides(path, name=name, default_reason=reason, bounds=settings.bounds)
    if not found:
        raise UnprocessableError("no_overrides", sheet=FORECAST_SHEET)
    return found


def _store(
    store: Store, caller: Caller, found: list[SheetOverride], *, expires_at: datetime | None, now: datetime
) -> int:
    """Store what is new in a workbook, and return how many that is; what stands in it as it stands in force is not."""
    with store.session() as session:
        standing = {
            (row.unique_id, row.ds): (row.value, row.reason)
            for row in list_overrides(session, freq=Frequency.WEEKLY, now=now, all_of_them=False)
        }
        news = [one for one in found if standing.get((one.unique_id, one.ds)) != (one.value, one.reason)]
        for one in news:
            try:
                wanted = NewOverride(
                    unique_id=one.unique_id, ds=one.ds, value=one.value, reason=one.reason, expires_at=expires_at
                )
                add_override(store, session, caller, wanted, now=now)
            except ValidationError as error:
                first = error.errors()[0]
                column = ".".join(map(str, first["loc"]))
                raise UnprocessableError(
                    "override_cell", sheet=FORECAST_SHEET, row=one.row, column=column, why=Invalid.of(first)
                ) from error
            except UnprocessableError as error:
                raise UnprocessableError("override_row", sheet=FORECAST_SHEET, row=one.row, why=error) from error
    return len(news)
