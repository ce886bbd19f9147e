"""The page of who is not told, and when (静默与提醒): silences, planned maintenance, departments' rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, ValidationError

from features.settings import Settings
from features.vocabulary import AlertLevel, Kind
from serve.alerts.routing import service as routing
from serve.alerts.routing.schemas import DepartmentRuleBody
from serve.alerts.silences import service
from serve.alerts.silences.schemas import NewSilence
from serve.errors import UnprocessableError
from serve.invalid import Invalid
from serve.pages.language import Words
from serve.pages.moments import read_moment, show_moment
from serve.pages.render import PageRoute, page, redirect
from serve.pages.sessions import Visitor, VisitorDep
from serve.pages.views.origin import detection_origin
from serve.store import Store
from serve.values import Id, Name, Text
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_Csrf = Annotated[str, Form(max_length=100)]
_Short = Annotated[Name, Form()]
_USUAL_LENGTH: Final = timedelta(hours=12)
_Shape = TypeVar("_Shape", bound=BaseModel)
_DONE: Final = frozenset({"silenced", "ended", "rule"})


@router.get("/quiet")
def quiet(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    department: Name = "",
    done: str = "",
) -> Response:
    """Show the silences that hold or are to come, and the rule of one department."""
    return _page(request, store, settings, visitor, now=clock.now(), department=department, done=done)


@router.post("/quiet/silences")
def add_silence(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    purpose: _Short = "silence",
    kind: _Short = "",
    category: _Short = "",
    area: _Short = "",
    department: _Short = "",
    starts: _Short = "",
    ends: _Short = "",
    comment: Annotated[Text, Form()] = "",
    new_names: Annotated[bool, Form()] = False,
    csrf: _Csrf = "",
) -> Response:
    """Keep quiet about something for a while; what makes no sense is said above the form, and nothing changes."""
    visitor.check(csrf)
    now, named = clock.now(), visitor.caller.department or department.strip()
    since = read_moment(starts, settings.zone) if starts else now
    until = read_moment(ends, settings.zone) if ends else since
    values = {"purpose": purpose, "kind": kind, "category": category.strip(), "area": area.strip(), "department": named}
    values["comment"] = comment.strip()
    problem = ""
    if not any((kind, values["category"], values["area"], named)):
        problem = "quiet.hint"
    elif until <= max(since, now):
        problem = "quiet.order"
    elif not values["comment"]:
        problem = "quiet.why"
    if problem:
        entered = {**values, "starts": starts, "ends": ends}
        return _page(request, store, settings, visitor, now=now, problem=problem, entered=entered)
    wanted = _checked(NewSilence, {**values, "starts_at": since, "ends_at": until})
    with store.session() as session:
        service.add(session, visitor.caller, wanted, now=now, new_names=new_names)
    return redirect("/quiet?done=silenced")


@router.post("/quiet/silences/{silence_id}/end")
def end_silence(*, store: StoreDep, clock: ClockDep, visitor: VisitorDep, silence_id: Id, csrf: _Csrf = "") -> Response:
    """End a silence now."""
    visitor.check(csrf)
    with store.session() as session:
        service.end(session, visitor.caller, silence_id, now=clock.now())
    return redirect("/quiet?done=ended")


@router.post("/quiet/rule")
def set_rule(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    department: _Short = "",
    quiet_from: _Short = "",
    quiet_to: _Short = "",
    minimum_level: _Short = "",
    weekly_budget: Annotated[Name | None, Form(max_length=10)] = None,
    csrf: _Csrf = "",
) -> Response:
    """Set quiet hours, minimum level and, for supervisors, the weekly budget of a department."""
    visitor.check(csrf)
    now, name = clock.now(), department.strip()
    problem = "quiet.choose" if not name else "quiet.both" if bool(quiet_from) != bool(quiet_to) else ""
    if problem:
        return _page(request, store, settings, visitor, now=now, department=name, problem=problem)
    hours = {"quiet_from": quiet_from or None, "quiet_to": quiet_to or None, "minimum_level": minimum_level or None}
    with store.session() as session:
        # A department's form has no field for the budget: it keeps what the supervisor gave it.
        kept = routing.rule(session, visitor.caller, name).weekly_budget
        budget = kept if weekly_budget is None else weekly_budget or None
        wanted = _checked(DepartmentRuleBody, {**hours, "weekly_budget": budget})
        routing.set_rule(session, visitor.caller, name, wanted, now=now)
    return redirect(f"/quiet?done=rule&department={quote(name)}")


def _page(
    request: Request,
    store: Store,
    settings: Settings,
    visitor: Visitor,
    *,
    now: datetime,
    department: str = "",
    done: str = "",
    problem: str = "",
    entered: Mapping[str, str] | None = None,
) -> Response:
    words = Words.of_reader(request, settings)
    caller = visitor.caller
    # A department has its own rule only.
    chosen = caller.department or department.strip()
    with store.reading() as session:
        silences = service.silences(session, caller, now=now, expired=False)
        rule = routing.rule(session, caller, chosen) if chosen else None
        origin = detection_origin(session, words, now=now)
    return page(
        request,
        "quiet.html",
        settings=settings,
        visitor=visitor,
        status=422 if problem else 200,
        provenance=origin,
        silences=silences,
        department=chosen,
        rule=rule,
        kinds=list(Kind),
        levels=list(AlertLevel),
        may_write=caller.commands_alerts or bool(caller.department),
        entered=entered or _blank(now, settings),
        now=now,
        done=done if done in _DONE else "",
        problem=problem,
    )


def _blank(now: datetime, settings: Settings) -> dict[str, str]:
    """Return the fields of a silence that nobody has filled in yet: from now on, for half a day."""
    hours = {"starts": show_moment(now, settings.zone), "ends": show_moment(now + _USUAL_LENGTH, settings.zone)}
    return dict.fromkeys(("purpose", "kind", "category", "area", "department", "comment"), "") | hours


def _checked(shape: type[_Shape], values: dict[str, Any]) -> _Shape:
    """Return a form's content in its shape; only a form that was tampered with fails here."""
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise UnprocessableError("form_field", field=".".join(map(str, first["loc"])), why=Invalid.of(first)) from error
