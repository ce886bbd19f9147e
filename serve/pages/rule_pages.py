"""The page of danger words (危险用语): try a text, see which words count, what excepts the others, and the level."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from features.danger import DangerTable
from features.settings import Settings
from serve.alerts.danger import tried_text
from serve.errors import ForbiddenError
from serve.pages.language import Words
from serve.pages.render import PageRoute, page
from serve.pages.sessions import Visitor, VisitorDep
from serve.pages.views.origin import detection_origin
from serve.store import Store
from serve.values import Name, Text
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/rules")
def show(*, request: Request, store: StoreDep, clock: ClockDep, settings: SettingsDep, visitor: VisitorDep) -> Response:
    """Show the empty box."""
    return _page(request, store, settings, visitor, now=clock.now())


@router.post("/rules")
def try_text(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    text: Annotated[Text, Form()] = "",
    category: Annotated[Name, Form()] = "",
    csrf: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Say what the table makes of a text. Nothing of it is kept."""
    visitor.check(csrf)
    return _page(request, store, settings, visitor, now=clock.now(), text=text, category=category.strip())


def _page(
    request: Request,
    store: Store,
    settings: Settings,
    visitor: Visitor,
    *,
    now: datetime,
    text: str = "",
    category: str = "",
) -> Response:
    if not visitor.caller.commands_alerts:
        raise ForbiddenError("rules_for_supervisors")
    words, rule = Words.of_reader(request, settings), settings.rules.sensitive
    table = DangerTable.of_installation(settings).with_words(rule.words)
    with store.reading() as session:
        origin = detection_origin(session, words, now=now)
    tried = tried_text(table, text, category, rule.categories, language=words.language) if text.strip() else None
    return page(
        request,
        "rules.html",
        settings=settings,
        visitor=visitor,
        provenance=origin,
        tried=tried,
        text=text,
        category=category,
        rows=sum(map(len, table.phrases.values())),
    )
