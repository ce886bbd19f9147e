"""`/v1/alerts.cap`: the alerts a caller may see as a feed of CAP 1.2 documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from features.origin import origin_of
from features.sentences import Sentence
from features.vocabulary import AlertLevel, Kind, read_rule
from features.words import AreaNames, in_both
from serve.access import CallerDep
from serve.alerts.lifecycle import Event
from serve.alerts.repository import AlertFilter, AlertRepository
from serve.delivery.cap import cap_feed
from serve.delivery.notice import Notice
from serve.problems import problems
from serve.store.tables import Alert
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(prefix="/v1", tags=["alerts"], responses=problems(401, 422))

_WRITES: Final = (Event.OPENED, Event.UPDATED, Event.REOPENED, Event.DISMISSED, Event.RESOLVED, Event.EXPIRED)
FEED_TYPE: Final = "application/atom+xml; charset=utf-8"


@router.get(
    "/alerts.cap",
    summary="Alerts as a CAP 1.2 feed",
    response_class=Response,
    responses={
        200: {
            "content": {"application/atom+xml": {"schema": {"type": "string"}}},
            "description": "An Atom feed whose entries carry CAP documents",
        }
    },
)
def cap(
    *,
    request: Request,
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    caller: CallerDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Return the newest alerts that somebody was told of, as systems for public warning read them."""
    config = settings.delivery
    with store.reading() as session:
        repository = AlertRepository(session, caller)
        found = repository.page(AlertFilter(held=False), limit=limit)
        simulated = origin_of(settings).simulated
        documents = documents_of(repository, [alert.id for alert in found])
        notices = [notice_of_alert(alert, documents[alert.id], simulated=simulated) for alert in found]
    base = config.base_url.rstrip("/")
    body = cap_feed(
        [(one, f"{base}/alerts/{one.alert_id}", one.written_at or clock.now()) for one in notices],
        sender=config.sender,
        names=AreaNames.of(settings),
        title=in_both("cap.feed"),
        self_url=f"{base}{request.url.path}",
        updated=min(max((one.written_at for one in notices if one.written_at), default=clock.now()), clock.now()),
    )
    return Response(body, media_type=FEED_TYPE, headers={"Cache-Control": "private, no-cache"})


def documents_of(repository: AlertRepository, alert_ids: Sequence[str]) -> dict[str, list[tuple[str, datetime]]]:
    """Return (id, written at) of every CAP document each alert has had in the feed, oldest first.

    A document is written when what it says changes: by news, by an end, or by a reopening; not by an acknowledgement.
    """
    documents: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for alert_id, number, at in repository.moments(alert_ids, _WRITES):
        documents[alert_id].append((f"{alert_id}.{number}", at))
    return documents


def notice_of_alert(alert: Alert, documents: Sequence[tuple[str, datetime]], *, simulated: bool) -> Notice:
    """Return an alert's present facts as a notice: the newest of its documents, which refers to the earlier ones."""
    *earlier, (name, written_at) = documents
    return Notice(
        id=name,
        alert_id=alert.id,
        reason="updated" if earlier else "opened",
        msg_type=alert.msg_type,
        revision=alert.revision,
        level=AlertLevel(alert.level),
        kind=Kind(alert.kind),
        category=alert.category,
        area=alert.area,
        department=alert.department,
        told=Sentence.of(alert.sentence) if alert.sentence else None,
        rule=read_rule(alert.rule) if alert.rule else None,
        due_at=alert.handle_due_at,
        observed=alert.observed,
        callers=alert.callers,
        expected=alert.expected,
        upper=alert.upper,
        opened_at=alert.opened_at,
        lat=alert.lat,
        lon=alert.lon,
        radius_km=alert.radius_km,
        model_version=alert.model_version,
        simulated=simulated,
        written_at=written_at,
        references=tuple(earlier),
    )
