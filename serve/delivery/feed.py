"""`/v1/alerts.cap`: the alerts a caller may see as a feed of CAP 1.2 documents."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from serve.alerts.repository import AlertFilter, AlertRepository
from serve.api.problems import problems
from serve.auth import CallerDep
from serve.delivery.cap import cap_feed
from serve.delivery.config import DeliveryConfig
from serve.delivery.notice import Notice
from serve.delivery.outbox import simulated_alerts
from serve.store.tables import Alert
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(prefix="/v1", tags=["alerts"], responses=problems(401, 422))

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
    config = DeliveryConfig.of(settings)
    with store.reading() as session:
        found = AlertRepository(session, caller).page(AlertFilter(held=False), limit=limit)
        simulated = simulated_alerts(session, [alert.id for alert in found])
        notices = [notice_of_alert(alert, simulated=alert.id in simulated) for alert in found]
    base = config.base_url.rstrip("/")
    body = cap_feed(
        [(one, f"{base}/alerts/{one.alert_id}", alert.updated_at) for one, alert in zip(notices, found, strict=True)],
        sender=config.sender,
        title="未诉先办预警 weisu alerts",
        self_url=f"{base}{request.url.path}",
        updated=max((alert.updated_at for alert in found), default=clock.now()),
    )
    return Response(body, media_type=FEED_TYPE, headers={"Cache-Control": "private, no-cache"})


def notice_of_alert(alert: Alert, *, simulated: bool) -> Notice:
    """Return an alert's present facts as a notice; its id names this very revision."""
    waiting = alert.acknowledged_at is None
    return Notice(
        id=f"{alert.id}.{alert.revision}",
        alert_id=alert.id,
        reason="updated" if alert.revision > 1 else "opened",
        msg_type=alert.msg_type,
        revision=alert.revision,
        level=alert.level,
        kind=alert.kind,
        category=alert.category,
        area=alert.area,
        department=alert.department,
        sentence_zh=alert.sentence_zh,
        sentence_en=alert.sentence_en,
        rule=alert.rule,
        due_at=alert.ack_due_at if waiting else alert.handle_due_at,
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
    )
