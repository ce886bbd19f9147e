"""The page of who is told what (消息接收): each bot, whether it is alive; try, change, pause, delete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, ValidationError

from features.settings import Settings
from features.vocabulary import AlertLevel
from serve.access import Caller
from serve.delivery.destinations import OWN_ADDRESS, Destination, usable_targets
from serve.delivery.subscriptions import service
from serve.delivery.subscriptions.audiences import audiences, require_own
from serve.delivery.subscriptions.schemas import ChangedSubscription, NewSubscription
from serve.delivery.trial import Trial, send_test
from serve.errors import ForbiddenError, RequestError, TooManyRequestsError, UnprocessableError
from serve.invalid import Invalid
from serve.pages.language import Words
from serve.pages.render import PageRoute, page, redirect
from serve.pages.sessions import Visitor, VisitorDep
from serve.pages.views.origin import detection_origin
from serve.store import Store
from serve.values import Address, Id, Name
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_Csrf = Annotated[str, Form(max_length=100)]
_Short = Annotated[Name, Form()]
_Url = Annotated[Address, Form()]
_Shape = TypeVar("_Shape", bound=BaseModel)
_DONE: Final = ("added", "changed", "paused", "resumed", "ended")
_FIELDS: Final = ("name", "audience", "channel", "target", "url", "minimum_level", "language")
_PATH: Final = "/subscriptions"
_ACTS: Final = {"end": "ended", "pause": "paused", "resume": "resumed"}


@router.get(_PATH)
def show_subscriptions(
    *, request: Request, store: StoreDep, clock: ClockDep, settings: SettingsDep, visitor: VisitorDep, done: str = ""
) -> Response:
    """Show who hears of what, and whose bot is dead."""
    return _page(request, store, settings, visitor, clock, done=done)


@router.post(_PATH)
def add_subscription(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    name: _Short = "",
    audience: _Short = "",
    channel: _Short = "",
    target: _Short = "",
    url: _Url = "",
    minimum_level: _Short = "",
    language: _Short = "zh-CN",
    csrf: _Csrf = "",
) -> Response:
    """Make a subscription; what could never arrive is said above the form, and nothing changes."""
    visitor.check(csrf)
    caller = visitor.caller
    heard = caller.department if caller.department and not caller.commands_alerts else audience.strip()
    values: dict[str, Any] = _destination(settings, caller, channel, target, url)
    values |= {"name": name.strip(), "audience": heard, "minimum_level": minimum_level or None, "language": language}
    try:
        require_own(caller, heard)
        wanted = _checked(NewSubscription, values)
        going = Destination(heard, wanted.channel, wanted.target, wanted.url, commanded=caller.commands_alerts)
        service.check_destination(settings, caller, going)
        with store.session() as session:
            service.add(session, caller, wanted, settings, now=clock.now())
    except UnprocessableError as error:
        return _page(request, store, settings, visitor, clock, problem=error, entered=values | {"url": url})
    return redirect(f"{_PATH}?done=added")


@router.post(_PATH + "/{subscription_id}/change")
def change_subscription(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    subscription_id: Id,
    name: _Short = "",
    channel: _Short = "",
    target: _Short = "",
    url: _Url = "",
    minimum_level: _Short = "",
    language: _Short = "zh-CN",
    csrf: _Csrf = "",
) -> Response:
    """Change what is told; where it goes only when another address or target is named."""
    visitor.check(csrf)
    values: dict[str, Any] = {"minimum_level": minimum_level or None, "language": language}
    values |= {"name": name.strip()} if name.strip() else {}
    values |= _destination(settings, visitor.caller, channel, target, url) if target or url.strip() else {}
    try:
        wanted = _checked(ChangedSubscription, values)
        with store.reading() as session:
            row = service.own_subscription(session, visitor.caller, subscription_id)
            going = service.destination_wanted(row, visitor.caller, wanted)
        if wanted.moves:
            service.check_destination(settings, visitor.caller, going)
        with store.session() as session:
            service.change(session, visitor.caller, subscription_id, wanted)
    except UnprocessableError as error:
        return _page(request, store, settings, visitor, clock, problem=error)
    return redirect(f"{_PATH}?done=changed")


@router.post(_PATH + "/{subscription_id}/test")
def try_subscription(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    subscription_id: Id,
    csrf: _Csrf = "",
) -> Response:
    """Send a test message and show what the receiver said."""
    visitor.check(csrf)
    try:
        with store.session() as session:
            service.begin_test(session, visitor.caller, subscription_id, now=clock.now())
        trial = send_test(store, settings, clock, subscription_id)
    except TooManyRequestsError as error:
        return _page(request, store, settings, visitor, clock, problem=error)
    return _page(request, store, settings, visitor, clock, tested=(subscription_id, trial))


@router.post(_PATH + "/{subscription_id}/{verb}")
def act_on_subscription(
    *, store: StoreDep, clock: ClockDep, visitor: VisitorDep, subscription_id: Id, verb: Name, csrf: _Csrf = ""
) -> Response:
    """Pause, go on, or delete."""
    visitor.check(csrf)
    if verb not in _ACTS:
        raise UnprocessableError("form_incomplete")
    with store.session() as session:
        if verb == "end":
            service.end(session, visitor.caller, subscription_id, now=clock.now())
        else:
            service.pause(session, visitor.caller, subscription_id, at=clock.now() if verb == "pause" else None)
    return redirect(f"{_PATH}?done={_ACTS[verb]}")


def _page(
    request: Request,
    store: Store,
    settings: Settings,
    visitor: Visitor,
    clock: ClockDep,
    *,
    done: str = "",
    problem: RequestError | None = None,
    tested: tuple[str, Trial] | None = None,
    entered: Mapping[str, Any] | None = None,
) -> Response:
    words, caller = Words.of_reader(request, settings), visitor.caller
    _check_may_manage(caller)
    with store.reading() as session:
        shown = service.subscriptions(session, caller)
        known = audiences(session, settings.alerts) if caller.commands_alerts else []
        origin = detection_origin(session, words, now=clock.now())
    return page(
        request,
        "subscriptions.html",
        settings=settings,
        visitor=visitor,
        status=problem.status if problem else 200,
        provenance=origin,
        subscriptions=sorted(shown, key=lambda one: not one.hearing.dead),
        whys={one.id: words.failure(one.hearing.failure) for one in shown if one.hearing.failure},
        audiences=known,
        targets=_targets(settings, caller),
        channels=sorted(OWN_ADDRESS),
        levels=list(AlertLevel),
        entered=dict.fromkeys(_FIELDS, "") | {name: value or "" for name, value in (entered or {}).items()},
        done=done if done in _DONE else "",
        problem=problem.said(words.language) if problem else "",
        tested=tested[0] if tested else "",
        arrived=tested[1].arrived if tested else False,
        why=words.failure(tested[1].failure) if tested and tested[1].failure else "",
    )


def _check_may_manage(caller: Caller) -> None:
    if not caller.commands_alerts and not caller.department:
        raise ForbiddenError("subscriptions_for_departments")


def _targets(settings: Settings, caller: Caller) -> list[tuple[str, str]]:
    audience = "" if caller.commands_alerts else caller.department
    return usable_targets(settings.delivery, audience, commanded=caller.commands_alerts)


def _destination(settings: Settings, caller: Caller, channel: str, target: str, url: str) -> dict[str, Any]:
    """Return where a form leads: a target is spoken to by its own channel, whatever the list beside it says."""
    return {"channel": dict(_targets(settings, caller)).get(target, channel), "target": target, "url": url.strip()}


def _checked(shape: type[_Shape], values: dict[str, Any]) -> _Shape:
    """Return a form's content in its shape."""
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise UnprocessableError("form_field", field=".".join(map(str, first["loc"])), why=Invalid.of(first)) from error
