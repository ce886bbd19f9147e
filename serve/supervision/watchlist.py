"""What a supervisor should look at: late, dismissed again and again, never answered, or with an overdue order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from features.configuration import AlertPolicy
from serve.alerts.escalation import late_clock
from serve.alerts.lifecycle import OPEN, State
from serve.alerts.repository import AlertRepository
from serve.store.tables import Alert, AlertParty, SupervisionOrder

LATE_ACK: Final = "late_ack"
LATE_HANDLE: Final = "late_handle"
DISMISSED_AGAIN: Final = "dismissed_again"
UNANSWERED: Final = "unanswered"
ORDER_OVERDUE: Final = "order_overdue"

_RUNNING: Final = [state.value for state in OPEN | {State.HANDLED}]


@dataclass
class WatchedAlert:
    """One alert on the list."""

    alert: Alert
    reasons: set[str] = field(default_factory=set)
    departments: set[str] = field(default_factory=set)
    late_since: datetime | None = None

    def late(self, since: datetime, department: str, reason: str) -> None:
        """Note one more reason."""
        self.reasons.add(reason)
        self.departments.add(department)
        self.late_since = min(since, self.late_since or since)


def watchlist(
    repository: AlertRepository, policy: AlertPolicy, *, now: datetime, since: datetime | None = None
) -> list[WatchedAlert]:
    """Return what to look at, the longest late first.

    Args:
        repository: The alerts that the reader may see.
        policy: How many dismissals are too many, and how long nobody may answer.
        now: Present moment.
        since: Also look at alerts dismissed after this moment; the last seven days when None.
    """
    watched: dict[str, WatchedAlert] = {}
    for alert, party in _late_parties(repository, now):
        clock = late_clock(party, now)
        if clock is None:
            continue
        item = watched.setdefault(alert.id, WatchedAlert(alert))
        due_at = party.ack_due_at if clock == "ack" else party.handle_due_at
        item.late(due_at or now, party.department, LATE_ACK if clock == "ack" else LATE_HANDLE)
        if clock == "ack" and (party.ack_steps >= len(policy.ladder) or alert.state == State.EXPIRED):
            item.reasons.add(UNANSWERED)
    _add_dismissed(repository, watched, policy, since or now - timedelta(days=7))
    _add_expired(repository, watched, since or now - timedelta(days=7))
    _add_overdue_orders(repository, watched, now)
    return sorted(watched.values(), key=lambda item: (item.late_since or now, item.alert.seq))


def _late_parties(repository: AlertRepository, now: datetime) -> list[tuple[Alert, AlertParty]]:
    return repository.with_parties(
        Alert.ended_at.is_(None),
        Alert.state.in_(_RUNNING),
        (AlertParty.ack_due_at <= now) | (AlertParty.handle_due_at <= now),
    )


def _add_dismissed(
    repository: AlertRepository, watched: dict[str, WatchedAlert], policy: AlertPolicy, since: datetime
) -> None:
    """Find what was dismissed too often: one alert reopened and dismissed, or one matter in one place."""
    matters: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in repository.find(Alert.dismissals > 0, Alert.updated_at >= since - timedelta(days=28)):
        matters[alert.category, alert.area].append(alert)
    for alerts in matters.values():
        recent = [alert for alert in alerts if alert.updated_at >= since]
        if sum(alert.dismissals for alert in alerts) >= policy.dismissals_watched and recent:
            newest = max(recent, key=lambda alert: alert.seq)
            watched.setdefault(newest.id, WatchedAlert(newest)).reasons.add(DISMISSED_AGAIN)


def _add_expired(repository: AlertRepository, watched: dict[str, WatchedAlert], since: datetime) -> None:
    never_answered = (
        Alert.state == State.EXPIRED.value,
        Alert.closed_at >= since,
        Alert.acknowledged_at.is_(None),
        Alert.first_notified_at.is_not(None),
    )
    for alert in repository.find(*never_answered):
        watched.setdefault(alert.id, WatchedAlert(alert)).reasons.add(UNANSWERED)


def _add_overdue_orders(repository: AlertRepository, watched: dict[str, WatchedAlert], now: datetime) -> None:
    overdue = repository.with_orders(SupervisionOrder.answered_at.is_(None), SupervisionOrder.due_at <= now)
    for alert, order in overdue:
        watched.setdefault(alert.id, WatchedAlert(alert)).late(order.due_at, order.department, ORDER_OVERDUE)
