"""An alert as a card: what, where, how unusual, the clock that runs, and the buttons that this person may press."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from features.sentences import said_of
from features.vocabulary import AlertLevel, read_rule
from serve.access import Caller
from serve.alerts.levels import say_level_rule
from serve.alerts.lifecycle import ALLOWED, OPEN, WAITING, Dismissal, Event, State
from serve.alerts.rule_text import recite
from serve.pages.language import Words
from serve.store.tables import Alert

BUTTONS: Final = {
    "ack": Event.ACKNOWLEDGED,
    "start": Event.STARTED,
    "handle": Event.HANDLED,
    "dismiss": Event.DISMISSED,
    "reassign": Event.REASSIGNMENT_ASKED,
}
"""The five buttons, in the order they are shown, and the event each one stands for."""

_DAYS_A_YEAR: Final = 365
_LONGEST_YEARS: Final = 100


@dataclass(frozen=True)
class RunningClock:
    """The clock that runs against an alert.

    Attributes:
        kind: `ack` or `handle`.
        due: When it runs out (UTC).
        left: Until then; negative when late.
    """

    kind: str
    due: datetime
    left: timedelta

    @property
    def late(self) -> bool:
        """Whether it has run out."""
        return self.left < timedelta()


@dataclass(frozen=True)
class Card:
    """Everything a card shows. `once` names this rendering: a form of it that is sent twice acts once."""

    id: str
    title: str
    level: str
    level_rule: str
    kind: str
    kinds: tuple[str, ...]
    category: str
    area: str
    department: str
    state: str
    held_by: str
    sentence: str
    rule: str
    observed: int
    callers: int
    expected: float | None
    upper: float | None
    recurrence: str
    ticket_count: int
    first_day: date
    last_day: date
    once: str
    clock: RunningClock | None
    actions: tuple[str, ...]
    reasons: tuple[str, ...]


def card_of(alert: Alert, words: Words, caller: Caller, *, now: datetime) -> Card:
    """Return the card of an alert for one reader."""
    state = State(alert.state)
    rule = words.either(*recite(read_rule(alert.rule) if alert.rule else None, upper=alert.upper))
    return Card(
        id=alert.id,
        title=f"{alert.category} {words.place(alert.area)}",
        level=alert.level,
        level_rule=say_level_rule(AlertLevel(alert.level), alert.level_rule, words.language),
        kind=alert.kind,
        kinds=tuple(alert.kinds),
        category=alert.category,
        area=words.place(alert.area),
        department=alert.department,
        state=alert.state,
        held_by=alert.held_by,
        sentence=said_of(alert.sentence, words.language) or rule,
        rule=rule,
        observed=_tickets_of(alert),
        callers=alert.callers,
        expected=alert.expected,
        upper=alert.upper,
        recurrence=_recurrence(alert.recurrence_days, words),
        ticket_count=alert.ticket_count,
        first_day=alert.window_start.date(),
        last_day=(alert.window_end - timedelta(microseconds=1)).date(),
        once=secrets.token_urlsafe(9),
        clock=_clock(alert, state, now),
        actions=tuple(_actions(state, caller)),
        reasons=tuple(reason.value for reason in Dismissal),
    )


def _actions(state: State, caller: Caller) -> Iterable[str]:
    if caller.department or caller.commands_alerts:
        yield from (name for name, event in BUTTONS.items() if state in ALLOWED[event])


def _clock(alert: Alert, state: State, now: datetime) -> RunningClock | None:
    if state in WAITING and alert.ack_due_at:
        return RunningClock("ack", alert.ack_due_at, alert.ack_due_at - now)
    if state in OPEN and alert.handle_due_at:
        return RunningClock("handle", alert.handle_due_at, alert.handle_due_at - now)
    return None


def _tickets_of(alert: Alert) -> int:
    """Return how many tickets the leading matter has: surges and clusters count repeat calls once."""
    signals = alert.evidence.get("signals") or [{}]
    return max(int(signals[0].get("tickets") or 0), alert.observed)


def _recurrence(days: float | None, words: Words) -> str:
    if not days:
        return ""
    if days < 2 * _DAYS_A_YEAR:
        return words("alert.recurrence.days", n=round(days))
    if days >= _LONGEST_YEARS * _DAYS_A_YEAR:
        return words("alert.recurrence.beyond", n=_LONGEST_YEARS)
    return words("alert.recurrence.years", n=round(days / _DAYS_A_YEAR))
