"""The routing page (分派规则): the table as a sheet to edit and hand back, and the 不归我 answers to learn from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from features.settings import Settings
from features.words import Language
from serve.access import Caller
from serve.alerts.routing import corrections, service, sheets
from serve.alerts.routing.schemas import RouteLine
from serve.errors import ForbiddenError, NotFoundError, UnprocessableError
from serve.pages.language import Words, language_of
from serve.pages.render import PageRoute, page, redirect
from serve.pages.sessions import Visitor, VisitorDep
from serve.pages.views.origin import detection_origin
from serve.store import Store
from serve.store.tables import RouteCorrection
from serve.values import Id, Name
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN: Final = 300


@router.get("/routing")
def show_routing(
    *, request: Request, store: StoreDep, clock: ClockDep, settings: SettingsDep, visitor: VisitorDep, done: str = ""
) -> Response:
    """Show the table, its sheet, and what went to the wrong department."""
    return _page(request, store, settings, visitor, now=clock.now(), done=done)


@router.post("/routing/sheet")
def upload_sheet(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    sheet: Annotated[UploadFile, File()],
    new_names: Annotated[bool, Form()] = False,
    csrf: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Make the table equal to the uploaded sheet; a row that makes no sense is named, and then nothing changes."""
    visitor.check(csrf)
    _check_commands(visitor.caller)
    try:
        lines = sheets.read(sheet.file.read(), name=sheet.filename or "?", bounds=settings.bounds)
        with store.session() as session:
            if not new_names:
                service.check_names(session, lines)
            service.replace_all(session, visitor.caller, lines, now=clock.now())
    except UnprocessableError as error:
        return _page(
            request,
            store,
            settings,
            visitor,
            now=clock.now(),
            problem=_with_way_out(error, language_of(request, settings)),
            status=422,
        )
    return redirect("/routing?done=sheet")


@router.post("/routing/corrections/{correction_id}")
def settle_correction(
    *,
    store: StoreDep,
    clock: ClockDep,
    visitor: VisitorDep,
    correction_id: Id,
    department: Annotated[Name, Form()] = "",
    csrf: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Write the right department into the table, or put the correction aside when none is named."""
    visitor.check(csrf)
    _check_commands(visitor.caller)
    with store.session() as session:
        found = session.get(RouteCorrection, correction_id)
        if found is None:
            raise NotFoundError("no_correction", correction=correction_id)
        line = RouteLine(category=found.category, area=found.area, department=department) if department else None
        service.settle(session, visitor.caller, correction_id, line, now=clock.now())
    return redirect("/routing?done=settled")


def _page(
    request: Request,
    store: Store,
    settings: Settings,
    visitor: Visitor,
    *,
    now: datetime,
    done: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    if not visitor.caller.sees_all_alerts:
        raise ForbiddenError("routing_for_supervisors")
    words = Words.of_reader(request, settings)
    with store.reading() as session:
        routes = service.routes(session)
        wrong = corrections.open_corrections(session)
        origin = detection_origin(session, words, now=now)
    return page(
        request,
        "routing.html",
        settings=settings,
        visitor=visitor,
        status=status,
        provenance=origin,
        routes=routes[:SHOWN],
        total=len(routes),
        corrections=wrong,
        may_write=visitor.caller.commands_alerts,
        done=done if done in {"sheet", "settled"} else "",
        problem=problem,
    )


def _with_way_out(error: UnprocessableError, language: Language) -> str:
    return " ".join(part for part in (error.said(language), error.way_out(language)) if part)


def _check_commands(caller: Caller) -> None:
    if not caller.commands_alerts:
        raise ForbiddenError("only_supervisors_route")
