"""The routing correction list: every 不归我 says that a route is wrong, or that the detector named the wrong place."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from serve.access import Caller
from serve.alerts.episode import Episode
from serve.alerts.unit_of_work import Desk
from serve.store.columns import new_id
from serve.store.tables import RouteCorrection


def note(desk: Desk, episode: Episode, caller: Caller, *, suggested: str, reason: str) -> None:
    """Write down that an alert went to the wrong department."""
    alert = episode.alert
    desk.session.add(
        RouteCorrection(
            id=new_id("rc"),
            alert_id=alert.id,
            category=alert.category,
            area=alert.area,
            sent_to=caller.department or alert.department,
            suggested=suggested,
            author=caller.name,
            reason=reason,
            created_at=desk.now,
        )
    )


def settle(desk: Desk, episode: Episode, *, accepted_by: str) -> None:
    """Write down who took it in the end."""
    unsettled = update(RouteCorrection).where(
        RouteCorrection.alert_id == episode.alert.id, RouteCorrection.accepted_by == ""
    )
    desk.session.execute(unsettled.values(accepted_by=accepted_by))


def open_corrections(session: Session) -> list[tuple[RouteCorrection, int]]:
    """Return corrections nobody has settled, newest first, each with how often its category and area were wrong."""
    count = func.count().over(partition_by=(RouteCorrection.category, RouteCorrection.area))
    query = select(RouteCorrection, count).where(RouteCorrection.settled_at.is_(None))
    rows = session.execute(query.order_by(RouteCorrection.created_at.desc(), RouteCorrection.id))
    return [(row, times) for row, times in rows]
