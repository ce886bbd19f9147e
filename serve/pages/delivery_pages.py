"""The dead-letter page (未送达): messages that were given up, why, and a button that sends them again."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response

from serve.access import Caller
from serve.alerts.policy import on_duty
from serve.delivery import count_dead_letters, dead_letters, send_again
from serve.delivery.outbox import unheard_audiences
from serve.errors import ConflictError, ForbiddenError
from serve.pages.language import Words
from serve.pages.render import PageRoute, page, redirect
from serve.pages.sessions import VisitorDep
from serve.pages.views.deliveries import piles_of
from serve.pages.views.origin import detection_origin
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN: Final = 100


@router.get("/deliveries")
def show_dead_letters(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    sent: int | None = None,
) -> Response:
    """List what did not arrive, newest first, and who listens to nothing."""
    _check_on_duty(visitor.caller, settings)
    words = Words.of_reader(request, settings)
    with store.reading() as session:
        silent = unheard_audiences(session, now=clock.now())
        origin = detection_origin(session, words, now=clock.now())
    letters = dead_letters(store, limit=SHOWN)
    return page(
        request,
        "deliveries.html",
        settings=settings,
        visitor=visitor,
        provenance=origin,
        piles=piles_of(letters, words),
        total=count_dead_letters(store),
        shown=SHOWN,
        silent=silent,
        sent=sent,
    )


@router.post("/deliveries/again")
def send_letters_again(
    *,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    letter: Annotated[list[str], Form(max_length=SHOWN)],
    csrf: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Queue one given-up message, or all that were shown, once more; what was sent again meanwhile is left alone."""
    visitor.check(csrf)
    _check_on_duty(visitor.caller, settings)
    sent = 0
    for name in letter:
        try:
            send_again(store, name, clock=clock)
        except ConflictError:
            continue
        sent += 1
    return redirect(f"/deliveries?sent={sent}")


def _check_on_duty(caller: Caller, settings: SettingsDep) -> None:
    if not on_duty(settings.alerts, caller):
        raise ForbiddenError("deliveries_for_duty")
