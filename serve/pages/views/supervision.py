"""The supervisor's view: why an alert is on the list, who is late and by how much, and what was ordered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from features.settings import Settings
from serve.access import Caller
from serve.alerts.lifecycle import OPEN
from serve.alerts.repository import departments_of
from serve.pages.language import Words
from serve.pages.moments import show_moment
from serve.pages.views.cards import Card, card_of
from serve.store.tables import SupervisionOrder
from serve.supervision.watchlist import (
    DISMISSED_AGAIN,
    LATE_ACK,
    LATE_HANDLE,
    ORDER_OVERDUE,
    UNANSWERED,
    WatchedAlert,
)

REASONS: Final = (UNANSWERED, LATE_ACK, LATE_HANDLE, DISMISSED_AGAIN, ORDER_OVERDUE)
"""In the order in which they are shown, the gravest first."""


@dataclass(frozen=True)
class OrderLine:
    """An order as a line: who must do what by when, and what came back."""

    id: str
    alert_id: str
    department: str
    demand: str
    issued_by: str
    issued_at: datetime
    due_at: datetime
    overdue: bool
    left: timedelta
    answer: str
    answered_by: str
    answered_at: datetime | None


@dataclass(frozen=True)
class WatchedCard:
    """An alert on the list. `may_order` says whether an order can still be issued about it."""

    card: Card
    reasons: tuple[str, ...]
    departments: tuple[str, ...]
    late: str
    parties: tuple[str, ...]
    orders: tuple[OrderLine, ...]
    may_order: bool


def concerns_of(
    session: Session,
    watched: Sequence[WatchedAlert],
    issued: Iterable[SupervisionOrder],
    words: Words,
    caller: Caller,
    *,
    now: datetime,
) -> list[WatchedCard]:
    """Return the alerts of a watch list as they are shown, each with its departments and open orders."""
    parties = departments_of(session, [item.alert.id for item in watched], asked=False)
    waiting: dict[str, list[OrderLine]] = defaultdict(list)
    for order in issued:
        if order.answered_at is None:
            waiting[order.alert_id].append(order_line(order, now=now))
    return [
        WatchedCard(
            card=card_of(item.alert, words, caller, now=now),
            reasons=tuple(name for name in REASONS if name in item.reasons),
            departments=tuple(sorted(item.departments)) or (item.alert.department,),
            late=words.duration(now - item.late_since) if item.late_since else "",
            parties=tuple(parties.get(item.alert.id, ())),
            orders=tuple(waiting[item.alert.id]),
            may_order=item.alert.state in OPEN,
        )
        for item in watched
    ]


def order_line(order: SupervisionOrder, *, now: datetime) -> OrderLine:
    """Return an order as a line."""
    return OrderLine(
        id=order.id,
        alert_id=order.alert_id,
        department=order.department,
        demand=order.demand,
        issued_by=order.issued_by,
        issued_at=order.issued_at,
        due_at=order.due_at,
        overdue=order.answered_at is None and order.due_at <= now,
        left=order.due_at - now,
        answer=order.answer,
        answered_by=order.answered_by,
        answered_at=order.answered_at,
    )


def by_department(watched: Iterable[WatchedAlert]) -> list[tuple[str, Counter[str]]]:
    """Return how often each department is on the list, and why; the most often named first."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for item in watched:
        for name in item.departments or {item.alert.department}:
            table[name].update({"total": 1, **dict.fromkeys(item.reasons, 1)})
    return sorted(table.items(), key=lambda pair: (-pair[1]["total"], pair[0]))


def tomorrow(settings: Settings, now: datetime) -> str:
    """Return tomorrow at 18:00 local time, as a form shows it: the due time that is proposed."""
    local = now.astimezone(settings.zone) + timedelta(days=1)
    return show_moment(local.replace(hour=18, minute=0), settings.zone)
