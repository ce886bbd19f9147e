"""`/v1/routes`: the routing table, its sheet, its corrections; `/v1/departments/{name}/rule`: quiet hours, budget."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from serve.access import Caller, CallerDep, Role, allow
from serve.alerts.routing import corrections, service, sheets
from serve.alerts.routing.schemas import (
    CorrectionList,
    CorrectionView,
    DepartmentRuleBody,
    DepartmentRuleView,
    ImportResult,
    RouteLine,
    RouteList,
    RouteView,
    SettleBody,
)
from serve.known_names import NewNames
from serve.problems import problems
from serve.values import GivenName, Id
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(tags=["routing"], responses=problems(401, 403, 422))

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Reader = Annotated[Caller, Depends(allow(Role.PLANNER, Role.SUPERVISOR))]
Writer = Annotated[Caller, Depends(allow(Role.SUPERVISOR))]


@router.get("/v1/routes", summary="The routing table")
def list_routes(store: StoreDep, _caller: Reader) -> RouteList:
    """Return who gets what, by category and area. For planners and supervisors."""
    with store.reading() as session:
        return RouteList(items=[RouteView.model_validate(row) for row in service.routes(session)])


@router.post("/v1/routes", status_code=201, summary="Add a line", responses=problems(409))
def add_route(
    *, store: StoreDep, clock: ClockDep, caller: Writer, line: RouteLine, new_names: NewNames = False
) -> RouteView:
    """Add a line to the routing table. For supervisors."""
    with store.session() as session:
        if not new_names:
            service.check_names(session, [line])
        return RouteView.model_validate(service.add(session, caller, line, now=clock.now()))


@router.delete("/v1/routes/{route_id}", status_code=204, summary="Remove a line", responses=problems(404))
def remove_route(store: StoreDep, _caller: Writer, route_id: Id) -> None:
    """Remove a line. For supervisors."""
    with store.session() as session:
        service.remove(session, route_id)


@router.get(
    "/v1/routes/sheet",
    summary="The routing table as a sheet",
    response_class=Response,
    responses={200: {"content": {_XLSX: {}, "text/csv": {}}, "description": "The sheet"}},
)
def export_routes(
    store: StoreDep, _caller: Reader, file_format: Annotated[Literal["xlsx", "csv"], Query(alias="format")] = "xlsx"
) -> Response:
    """Return the table as XLSX or CSV, to edit and upload again."""
    with store.reading() as session:
        rows = service.routes(session)
        content = sheets.to_xlsx(rows) if file_format == "xlsx" else sheets.to_csv(rows)
    headers = {"Content-Disposition": f'attachment; filename="routes.{file_format}"'}
    return Response(content, media_type=_XLSX if file_format == "xlsx" else "text/csv; charset=utf-8", headers=headers)


@router.put(
    "/v1/routes/sheet",
    summary="Replace the routing table by a sheet",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                _XLSX: {"schema": {"type": "string", "format": "binary"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    },
)
async def import_routes(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    caller: Writer,
    new_names: NewNames = False,
) -> ImportResult:
    """Make the table equal to the uploaded sheet; a row that makes no sense is named, and then nothing changes."""
    content = await request.body()
    lines = await run_in_threadpool(sheets.read, content, name="the sheet", bounds=settings.bounds)
    with store.session() as session:
        if not new_names:
            service.check_names(session, lines)
        return service.replace_all(session, caller, lines, now=clock.now())


@router.get("/v1/routes/corrections", summary="What went to the wrong department")
def list_corrections(store: StoreDep, _caller: Reader) -> CorrectionList:
    """Return the 不归我 answers that nobody has settled, newest first."""
    with store.reading() as session:
        found = corrections.open_corrections(session)
        items = [CorrectionView.model_validate(row).model_copy(update={"times": times}) for row, times in found]
        return CorrectionList(items=items)


@router.post("/v1/routes/corrections/{correction_id}/settle", summary="Settle a correction", responses=problems(404))
def settle_correction(
    *,
    store: StoreDep,
    clock: ClockDep,
    caller: Writer,
    correction_id: Id,
    body: SettleBody,
    new_names: NewNames = False,
) -> CorrectionView:
    """Turn a correction into a line of the table, or put it aside. For supervisors."""
    with store.session() as session:
        if body.route and not new_names:
            service.check_names(session, [body.route])
        row = service.settle(session, caller, correction_id, body.route, now=clock.now())
        return CorrectionView.model_validate(row)


@router.get("/v1/departments/{department}/rule", summary="What a department asked for", responses=problems(404))
def read_rule(store: StoreDep, caller: CallerDep, department: GivenName) -> DepartmentRuleView:
    """Return quiet hours, minimum level and weekly budget of a department."""
    with store.reading() as session:
        rule = service.rule(session, caller, department)
        return DepartmentRuleView(department=department, **rule.model_dump())


@router.put("/v1/departments/{department}/rule", summary="Quiet hours, minimum level, budget", responses=problems(404))
def set_rule(
    store: StoreDep, clock: ClockDep, caller: CallerDep, department: GivenName, wanted: DepartmentRuleBody
) -> DepartmentRuleView:
    """Set a department's rule; the weekly budget is for supervisors to set."""
    with store.session() as session:
        rule = service.set_rule(session, caller, department, wanted, now=clock.now())
        return DepartmentRuleView(department=department, **rule.model_dump())
