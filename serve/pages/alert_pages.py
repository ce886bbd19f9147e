"""The alert pages: 我的预警 for the phone, one alert, the duty board, and the five buttons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Form, Query, Request, Response

from features.vocabulary import AlertLevel, Kind
from serve import paging
from serve.access import Caller
from serve.alerts import actions, evidence
from serve.alerts.lifecycle import OPEN, Dismissal, State
from serve.alerts.repository import AlertFilter, AlertRepository, departments_known
from serve.alerts.service import perform, towards
from serve.errors import NotFoundError, UnprocessableError
from serve.pages.language import Words
from serve.pages.render import PageRoute, own_path, page, redirect
from serve.pages.sessions import VisitorDep
from serve.pages.views.cards import BUTTONS, card_of
from serve.pages.views.deliveries import dead_bots
from serve.pages.views.evidence import curve_of, history_of, map_of, past_of
from serve.pages.views.origin import detection_origin
from serve.pages.views.supervision import order_line, tomorrow
from serve.paging import Cut
from serve.supervision import orders
from serve.values import Id, Name
from serve.wiring import ClockDep, SettingsDep, StoreDep

_log = structlog.get_logger(__name__)
router = APIRouter(route_class=PageRoute, include_in_schema=False)

DONE: Final = frozenset({*BUTTONS, "supervise", "answer"})
"""What a page may say has just been recorded."""

MINE: Final = 60
BOARD: Final = 50
TICKETS: Final = 100


@router.get("/alerts")
def my_alerts(
    *, request: Request, store: StoreDep, clock: ClockDep, settings: SettingsDep, visitor: VisitorDep, done: str = ""
) -> Response:
    """Show what waits for this person, the gravest first."""
    words = Words.of_reader(request, settings)
    wanted = AlertFilter(states=tuple(OPEN), held=False if visitor.caller.department else None)
    with store.reading() as session:
        repository = AlertRepository(session, visitor.caller)
        found = repository.page(wanted, limit=MINE, order="urgent")
        total = repository.count(wanted)
        cards = [card_of(alert, words, visitor.caller, now=clock.now()) for alert in found]
        demanded = orders.find(session, visitor.caller, open_only=True) if visitor.caller.department else []
        departments = departments_known(session)
        silent = dead_bots(session, visitor.caller)
        origin = detection_origin(session, words, now=clock.now())
    return page(
        request,
        "mine.html",
        settings=settings,
        visitor=visitor,
        provenance=origin,
        cards=cards,
        total=total,
        orders=[order_line(one, now=clock.now()) for one in demanded],
        dead_bots=silent,
        departments=departments,
        done=done if done in DONE else "",
    )


@router.get("/alerts/{alert_id}")
def one_alert(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    alert_id: Id,
    tickets: bool = False,
    rows: Annotated[int, Query(ge=1, le=10_000)] = 1,
    done: str = "",
) -> Response:
    """Show one alert with everything it rests on. The line list is opened by a tap of its own, and logged."""
    words = Words.of_reader(request, settings)
    caller = visitor.caller
    with store.reading() as session:
        repository = AlertRepository(session, caller)
        episode = repository.episode(alert_id)
        alert = episode.alert
        keys = repository.tickets(alert)
        history = history_of(repository.events(alert_id), words)
        past = repository.copies.past(alert.past)
        departments = [name for name in departments_known(session) if name != caller.department]
        issued = orders.find(session, caller, open_only=False, alert_id=alert_id)
        origin = detection_origin(session, words, now=clock.now())
    shown, readable, cut = None, True, Cut.of(len(keys), page=rows, size=TICKETS)
    if tickets:
        evidence.check_may_read(caller)
        shown, readable = _read_tickets(settings, keys[cut.rows], clock)
        evidence.log_access(store, caller, alert.id, tickets=len(shown), at=clock.now())
    places, no_map = map_of(settings, keys, words)
    return page(
        request,
        "alert.html",
        settings=settings,
        visitor=visitor,
        provenance=origin,
        card=card_of(alert, words, caller, now=clock.now()),
        curve=curve_of(alert, words),
        map=places,
        no_map=no_map,
        tickets=shown,
        cut=cut,
        tickets_readable=readable,
        may_read=caller.reads_tickets,
        history=history,
        parties=[party for party in episode.parties if party.released_at is None],
        past=past_of(past, words),
        departments=departments,
        orders=[order_line(one, now=clock.now()) for one in issued],
        may_order=caller.commands_alerts and episode.state in OPEN,
        due=tomorrow(settings, clock.now()),
        done=done if done in DONE else "",
    )


@router.post("/alerts/{alert_id}/act")
def act(
    *,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    alert_id: Id,
    action: Annotated[Name, Form(max_length=20)],
    csrf: Annotated[str, Form(max_length=100)] = "",
    reason: Annotated[Name, Form(max_length=40)] = "",
    department: Annotated[Name, Form()] = "",
    back: Annotated[str, Form(max_length=300)] = "/alerts",
    once: Annotated[Name, Form(max_length=40)] = "",
) -> Response:
    """Press one of the five buttons; the same form sent again changes nothing."""
    visitor.check(csrf)
    perform(
        store,
        clock=clock,
        settings=settings,
        caller=visitor.caller,
        alert_id=alert_id,
        name=action,
        action=_bound(action, reason=reason, department=department),
        values={"reason": reason, "department": department},
        idempotency_key=f"form-{once}" if once else None,
    )
    seen = own_path(back)
    if seen != "/alerts" and not _still_visible(store, visitor.caller, alert_id):
        seen = "/alerts"
    return redirect(f"{seen}?done={action}")


@router.get("/board")
def board(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    level: AlertLevel | Literal[""] = "",
    kind: Kind | Literal[""] = "",
    state: State | Literal[""] = "",
    area: Name = "",
    department: Name = "",
    scope: Literal["", "active", "overdue", "held", "ended"] = "active",
    cursor: paging.CursorQuery = None,
) -> Response:
    """Show the alerts of all departments this person may see, with filters; it refreshes itself."""
    words = Words.of_reader(request, settings)
    now = clock.now()
    chosen = {"level": level, "kind": kind, "state": state, "area": area, "department": department, "scope": scope}
    wanted = _board_filter(chosen, now)
    with store.reading() as session:
        repository = AlertRepository(session, visitor.caller)
        found = repository.page(wanted, limit=BOARD + 1, order="urgent", after=paging.decode(cursor, (int, int)))
        total = repository.count(wanted)
        tally = repository.tally(now)
        areas = repository.areas()
        names = departments_known(session)
        origin = detection_origin(session, words, now=clock.now())
    next_page = ""
    if len(found) > BOARD:
        last = found[BOARD - 1]
        position = paging.encode([last.level_rank, last.seq])
        next_page = f"/board?{urlencode({**{k: v for k, v in chosen.items() if v}, 'cursor': position})}"
    return page(
        request,
        "board.html",
        settings=settings,
        visitor=visitor,
        provenance=origin,
        cards=[card_of(alert, words, visitor.caller, now=now) for alert in found[:BOARD]],
        tally=tally,
        chosen=chosen,
        filters=_filters(words, areas, names),
        next_page=next_page,
        total=total,
    )


def _bound(action: str, *, reason: str, department: str) -> Any:
    simple = {"ack": actions.acknowledge, "start": actions.start, "handle": actions.handle}
    if action in simple:
        return simple[action]
    if action == "dismiss":
        try:
            return partial(actions.dismiss, reason=Dismissal(reason or Dismissal.OTHER))
        except ValueError as error:
            raise UnprocessableError("unknown_reason", reason=reason) from error
    if action == "reassign":
        return towards(department, partial(actions.reassign, department=department))
    raise UnprocessableError("unknown_action", action=action)


def _read_tickets(settings: SettingsDep, keys: Sequence[tuple[str, str]], clock: ClockDep) -> tuple[list[Any], bool]:
    """Return the tickets, and whether the lake could be read."""
    try:
        return list(evidence.read_tickets(settings, list(keys), now=clock.now())), True
    except Exception:  # noqa: BLE001 - an alert without its line list is still an alert to act on
        _log.exception("the lake cannot be read")
        return [], False


def _still_visible(store: StoreDep, caller: Caller, alert_id: str) -> bool:
    with store.reading() as session:
        try:
            AlertRepository(session, caller).get(alert_id)
        except NotFoundError:
            return False
    return True


def _board_filter(chosen: dict[str, str], now: datetime) -> AlertFilter:
    scope = chosen["scope"]
    return AlertFilter(
        levels=tuple(level for level in AlertLevel if level == chosen["level"]),
        kinds=(chosen["kind"],) if chosen["kind"] else (),
        states=tuple(state for state in State if state == chosen["state"]),
        area=chosen["area"] or None,
        department=chosen["department"] or None,
        active={"active": True, "overdue": True, "ended": False}.get(scope),
        overdue=scope == "overdue" or None,
        held=True if scope == "held" else None,
        now=now,
    )


def _filters(words: Words, areas: Sequence[str], departments: Sequence[str]) -> list[tuple[str, str, list[Any]]]:
    return [
        ("scope", "filter.when", [(name, words.of("scope", name)) for name in ("active", "overdue", "held", "ended")]),
        ("level", "filter.alert_level", [(level.value, words.of("level", level)) for level in reversed(AlertLevel)]),
        ("kind", "filter.kind", [(kind.value, words.of("kind", kind)) for kind in Kind]),
        ("state", "filter.state", [(state.value, words.of("state", state)) for state in State]),
        ("area", "filter.district", [(name, words.place(name)) for name in areas]),
        ("department", "filter.department", [(name, name) for name in departments]),
    ]
