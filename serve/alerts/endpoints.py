"""`/v1/alerts`: list, one alert, its history, the evidence behind it."""

from __future__ import annotations

import hashlib
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Path, Query, Response

from features.errors import WeisuError
from features.reasons import Reason, ReasonCode
from features.vocabulary import AlertLevel, Kind
from serve import paging
from serve.access import CallerDep
from serve.alerts import evidence
from serve.alerts.lifecycle import State
from serve.alerts.repository import AlertFilter, AlertRepository, Order
from serve.alerts.schemas import AlertDetail, AlertPage, AlertView, EventList, EventView, Evidence, detail_of
from serve.problems import problems
from serve.store.tables import Alert
from serve.values import Id, Moment, Name
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], responses=problems(401, 422))

_log = structlog.get_logger(__name__)

AlertId = Annotated[Id, Path(examples=["al_5f0c7d2a9be14c3f8a6d0e21"])]


@router.get(
    "",
    summary="Alerts, newest or gravest first",
    response_model=AlertPage,
    responses={304: {"description": "Nothing has changed"}},
)
def list_alerts(
    *,
    store: StoreDep,
    clock: ClockDep,
    caller: CallerDep,
    state: Annotated[list[State], Query()] = [],  # noqa: B006 - FastAPI copies it
    level: Annotated[list[AlertLevel], Query()] = [],  # noqa: B006
    kind: Annotated[list[Kind], Query()] = [],  # noqa: B006
    category: Name | None = None,
    area: Name | None = None,
    department: Name | None = None,
    active: Annotated[bool | None, Query(description="Episodes that still take candidates, or only past ones")] = None,
    held: Annotated[bool | None, Query(description="Alerts that nobody was told of, or only those told")] = None,
    overdue: Annotated[bool | None, Query(description="Only what is late")] = None,
    since: Annotated[Moment | None, Query(description="Only what changed after this moment")] = None,
    order: Order = "newest",
    limit: paging.LimitQuery = 50,
    cursor: paging.CursorQuery = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a page of the alerts you may see. Send the ETag back as If-None-Match to learn cheaply of no change."""
    wanted = AlertFilter(
        states=tuple(state),
        levels=tuple(level),
        kinds=tuple(kind),
        category=category,
        area=area,
        department=department,
        active=active,
        held=held,
        overdue=overdue,
        since=since,
        now=clock.now(),
    )
    after = paging.decode(cursor, (int,) if order == "newest" else (int, int))
    with store.reading() as session:
        found = AlertRepository(session, caller).page(wanted, limit=limit + 1, order=order, after=after)
        page = AlertPage(items=[AlertView.model_validate(alert) for alert in found[:limit]])
    if len(found) > limit:
        page.next_cursor = paging.encode(_position(found[limit - 1], order))
    return _with_etag(page, if_none_match)


@router.get("/{alert_id}", summary="One alert", responses=problems(404))
def read_alert(store: StoreDep, caller: CallerDep, alert_id: AlertId) -> AlertDetail:
    """Return an alert with the departments that have a part in it, its footprint and similar past cases you may see."""
    with store.reading() as session:
        repository = AlertRepository(session, caller)
        episode = repository.episode(alert_id)
        past = repository.copies.past(episode.alert.past)
        return detail_of(episode, repository.cells(episode.alert), past)


@router.get("/{alert_id}/events", summary="The history of an alert", responses=problems(404))
def read_events(store: StoreDep, caller: CallerDep, alert_id: AlertId) -> EventList:
    """Return everything that happened to an alert, oldest first."""
    with store.reading() as session:
        events = AlertRepository(session, caller).events(alert_id)
        return EventList(items=[EventView.model_validate(event) for event in events])


@router.get("/{alert_id}/evidence", summary="The masked tickets behind an alert", responses=problems(403, 404))
def read_evidence(
    *,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    caller: CallerDep,
    alert_id: AlertId,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Evidence:
    """Return the detectors' numbers and the masked line list. Every call is logged with your name."""
    with store.reading() as session:
        repository = AlertRepository(session, caller)
        alert = repository.get(alert_id)
        evidence.check_may_read(caller)
        keys = repository.tickets(alert, limit=limit)
    shown = Evidence(alert_id=alert.id, numbers=alert.evidence, ticket_count=alert.ticket_count, tickets=[])
    try:
        shown.tickets = evidence.read_tickets(settings, keys, now=clock.now())
    except WeisuError as error:
        _log.warning("the ticket lake cannot be read", error=error.args[0])
        shown.degraded_reasons = (Reason(ReasonCode.LAKE_UNREADABLE),)
    else:
        if missing := len(keys) - len(shown.tickets):
            counts = {"missing": missing, "asked": len(keys)}
            shown.degraded_reasons = (Reason(ReasonCode.TICKETS_MISSING, counts),)
    evidence.log_access(store, caller, alert.id, tickets=len(shown.tickets), at=clock.now())
    return shown


def _position(alert: Alert, order: Order) -> paging.Cursor:
    return [alert.seq] if order == "newest" else [alert.level_rank, alert.seq]


def _with_etag(page: AlertPage, if_none_match: str | None) -> Response:
    content = page.model_dump_json().encode()
    # Weak: the same answer packed is other bytes.
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and etag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)
