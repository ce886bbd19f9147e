"""The life of an alert as a table: which event is allowed in which state, and which state it leads to.

opened ──ack──> acknowledged ──start──> in_hand ──handle──> handled
   │                 │                     │
   ├── dismiss(reason) ──> dismissed       └── reassign ──> reassignment_asked ──accepted──> acknowledged
   └── resolve / expire ──> resolved / expired          handled, dismissed, resolved, expired ──reopen──> opened
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from features.words import Coded, Family
from serve.errors import ConflictError


class State(StrEnum):
    """Where an alert stands; derived from its events."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    IN_HAND = "in_hand"
    REASSIGNMENT_ASKED = "reassignment_asked"
    HANDLED = "handled"
    DISMISSED = "dismissed"
    RESOLVED = "resolved"
    EXPIRED = "expired"


class Event(StrEnum):
    """What can happen to an alert."""

    OPENED = "opened"
    UPDATED = "updated"
    REBASED = "rebased"
    RELABELLED = "relabelled"
    ASSIGNED = "assigned"
    NOTIFIED = "notified"
    HELD = "held"
    ACKNOWLEDGED = "acknowledged"
    STARTED = "started"
    HANDLED = "handled"
    DISMISSED = "dismissed"
    REASSIGNMENT_ASKED = "reassignment_asked"
    COMMENTED = "commented"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    EXPIRED = "expired"
    ENDED = "ended"
    REOPENED = "reopened"
    SUPERVISED = "supervised"
    SUPERVISION_ANSWERED = "supervision_answered"
    OUTCOME_RECORDED = "outcome_recorded"


class Dismissal(StrEnum):
    """Why a department says that an alert is a false alarm (误报); kept, counted, and shown with past cases."""

    KNOWN_EVENT = "known_event"
    NORMAL_VARIATION = "normal_variation"
    DATA_ERROR = "data_error"
    DUPLICATE = "duplicate"
    ALREADY_SOLVED = "already_solved"
    OTHER = "other"


WAITING: Final = frozenset({State.OPENED, State.REASSIGNMENT_ASKED})
"""Nobody has taken it on yet: the acknowledge clock runs."""

OPEN: Final = WAITING | {State.ACKNOWLEDGED, State.IN_HAND}
"""Somebody still has to do something."""

ANSWERED: Final = frozenset({State.HANDLED, State.DISMISSED})
"""A department has spoken; the episode still takes candidates until it has been calm."""

CLOSED: Final = frozenset({State.RESOLVED, State.EXPIRED})

ALLOWED: Final[dict[Event, frozenset[State]]] = {
    Event.ACKNOWLEDGED: WAITING,
    Event.STARTED: WAITING | {State.ACKNOWLEDGED},
    Event.HANDLED: OPEN,
    Event.DISMISSED: OPEN,
    Event.REASSIGNMENT_ASKED: OPEN,
    Event.ASSIGNED: OPEN,
    Event.RESOLVED: OPEN | ANSWERED,
    Event.EXPIRED: OPEN,
    Event.REOPENED: ANSWERED | CLOSED,
    Event.SUPERVISED: OPEN,
}
"""Event -> the states in which it may happen; an event that is not listed may always happen."""

LEADS_TO: Final[dict[Event, State]] = {
    Event.OPENED: State.OPENED,
    Event.ACKNOWLEDGED: State.ACKNOWLEDGED,
    Event.STARTED: State.IN_HAND,
    Event.HANDLED: State.HANDLED,
    Event.DISMISSED: State.DISMISSED,
    Event.REASSIGNMENT_ASKED: State.REASSIGNMENT_ASKED,
    Event.RESOLVED: State.RESOLVED,
    Event.EXPIRED: State.EXPIRED,
    Event.REOPENED: State.OPENED,
}
"""Event of the leading department or the system -> the state after it; any other event leaves the state."""


STATES: Final = Family.of("state", State)
EVENTS: Final = Family.of("event", Event)


def check_allowed(event: Event, state: State, alert_id: str) -> None:
    """Refuse an event that the state does not allow.

    Raises:
        ConflictError: Naming the alert, its state and the states that would do.
    """
    allowed = ALLOWED.get(event)
    if allowed is not None and state not in allowed:
        raise ConflictError(
            "not_in_this_state",
            alert=alert_id,
            state=Coded(STATES, state),
            event=Coded(EVENTS, event),
            states=[Coded(STATES, one) for one in sorted(allowed)],
        )
