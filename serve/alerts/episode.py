"""An alert and its parties as the fold of its events: `apply` is the only code that changes their state.

`replay(events)` therefore gives the very row that the board reads; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from features.vocabulary import AlertLevel
from features.words import Family
from serve.alerts.lifecycle import LEADS_TO, Event, State
from serve.store.tables import Alert, AlertEvent, AlertParty

LEAD: Final = "lead"
ASSIST: Final = "assist"
ASKED: Final = "asked"
PARTS: Final = Family.of("alert.part", (LEAD, ASSIST, ASKED))

FACTS: Final = (
    "kinds", "sensitive", "observed", "callers", "expected", "upper", "p_value", "recurrence_days", "score",
    "rule", "sentence", "lat", "lon", "radius_km", "evidence", "past",
    "run_key", "model_version", "taxonomy_version", "calendar_version", "degraded",
)  # fmt: skip
"""What the leading candidate says about an alert; one that only joined says `kinds` and `sensitive`."""

CIVIL_FACTS: Final = ("window_start", "window_end", "data_through")
UTC_FACTS: Final = ("as_of", "generated_at")
LEADING: Final = ("kind", "category1", "category2", "category", "area")
"""What an alert is about: its first candidate's, until a graver one takes the lead."""


@dataclass
class Episode:
    """One alert with the departments that have a part in it, released ones too."""

    alert: Alert
    parties: list[AlertParty] = field(default_factory=list)

    @property
    def state(self) -> State:
        """Where the alert stands."""
        return State(self.alert.state)

    @property
    def level(self) -> AlertLevel:
        """How grave it is."""
        return AlertLevel(self.alert.level)

    @property
    def current(self) -> list[AlertParty]:
        """The parties that still have a part."""
        return [party for party in self.parties if party.released_at is None]

    def party(self, department: str) -> AlertParty | None:
        """Return the part that a department has now."""
        return next((party for party in self.current if party.department == department), None)

    @property
    def lead(self) -> AlertParty | None:
        """The leading department's part."""
        return next((party for party in self.current if party.part == LEAD), None)


def replay(events: Iterable[AlertEvent]) -> Episode:
    """Return the episode that these events, in order, add up to."""
    episode = Episode(Alert())
    for event in events:
        apply(episode, event)
    return episode


def apply(episode: Episode, event: AlertEvent) -> None:
    """Change an episode by one event. Everything it needs is in the event itself."""
    kind = Event(event.kind)
    alert = episode.alert
    alert.updated_at, alert.last_event = event.at, event.number
    handler = _HANDLERS.get(kind)
    if handler:
        handler(episode, event)
    if kind in LEADS_TO and event.payload.get("moves_state", True):
        alert.state = LEADS_TO[kind].value
    _mirror_lead(episode)


def _opened(episode: Episode, event: AlertEvent) -> None:
    alert, payload = episode.alert, event.payload
    alert.id = event.alert_id
    alert.opened_at = event.at
    for name in ("fingerprint", *LEADING):
        setattr(alert, name, payload[name])
    alert.department, alert.held_by, alert.outcome = "", "", ""
    alert.revision, alert.msg_type, alert.level_rank = 0, "Alert", -1
    alert.ticket_count = alert.notified_tickets = alert.dismissals = 0
    alert.in_budget = False
    _take_facts(alert, event)


def _updated(episode: Episode, event: AlertEvent) -> None:
    for name, value in event.payload.get("lead", {}).items():
        setattr(episode.alert, name, value)
    _take_facts(episode.alert, event)
    episode.alert.msg_type = "Update"


def _take_facts(alert: Alert, event: AlertEvent) -> None:
    _take_named(alert, event.payload["facts"])
    alert.level = event.payload["level"]
    alert.level_rank = AlertLevel(alert.level).rank
    alert.level_rule = event.payload["level_rule"]
    alert.ticket_count += len(event.payload["new_tickets"])
    alert.revision += 1


def _take_named(alert: Alert, facts: dict[str, Any]) -> None:
    for name in FACTS:
        if name in facts:
            setattr(alert, name, facts[name])
    for name in (*CIVIL_FACTS, *UTC_FACTS):
        if name in facts:
            setattr(alert, name, _moment(facts[name]))


def _relabelled(episode: Episode, event: AlertEvent) -> None:
    alert, payload = episode.alert, event.payload
    for name, value in {**payload["lead"], "fingerprint": payload["fingerprint"]}.items():
        setattr(alert, name, value)
    _take_named(alert, payload["facts"])


def _rebased(episode: Episode, event: AlertEvent) -> None:
    episode.alert.baseline = event.payload["baseline"]


def _assigned(episode: Episode, event: AlertEvent) -> None:
    payload = event.payload
    part = payload["part"]
    if part == LEAD:
        for party in episode.current:
            if party.part in {LEAD, ASKED}:
                party.released_at = event.at
        # A new lead has not seen it yet, whatever the former one did.
        episode.alert.state = State.OPENED.value
        episode.alert.acknowledged_at = None
    elif part == ASKED:
        for party in episode.current:
            if party.part == ASKED:
                party.released_at = event.at
    present = episode.party(payload["department"])
    if present:
        present.released_at = event.at
    episode.parties.append(
        AlertParty(
            alert_id=event.alert_id,
            department=payload["department"],
            part=part,
            joined_at=event.at,
            ack_due_at=_moment(payload.get("ack_due_at")),
            handle_due_at=_moment(payload.get("handle_due_at")),
            ack_steps=payload.get("ack_steps", 0),
            handle_steps=0,
        )
    )


def _notified(episode: Episode, event: AlertEvent) -> None:
    alert = episode.alert
    alert.held_by = ""
    alert.notified_at = event.at
    alert.notified_tickets = alert.ticket_count
    if alert.first_notified_at is None:
        alert.first_notified_at = event.at
        alert.in_budget = event.payload["in_budget"]
    for department, clock in event.payload["clocks"].items():
        party = episode.party(department)
        if party:
            party.ack_due_at = _moment(clock["ack_due_at"])
            party.handle_due_at = _moment(clock["handle_due_at"])


def _held(episode: Episode, event: AlertEvent) -> None:
    episode.alert.held_by = event.payload["by"]


def _acknowledged(episode: Episode, event: AlertEvent) -> None:
    party = _acting_party(episode, event)
    if party and party.acked_at is None:
        party.acked_at = event.at
        party.handle_due_at = _moment(event.payload.get("handle_due_at")) or party.handle_due_at
    if _leads(party) and episode.alert.acknowledged_at is None:
        episode.alert.acknowledged_at = event.at


def _started(episode: Episode, event: AlertEvent) -> None:
    _acknowledged(episode, event)
    party = _acting_party(episode, event)
    if party and party.started_at is None:
        party.started_at = event.at


def _handled(episode: Episode, event: AlertEvent) -> None:
    _acknowledged(episode, event)
    party = _acting_party(episode, event)
    if party:
        party.handled_at = event.at
    if _leads(party):
        episode.alert.handled_at = event.at
        _await_outcome(episode.alert, event)


def _dismissed(episode: Episode, event: AlertEvent) -> None:
    _acknowledged(episode, event)
    episode.alert.dismissals += 1
    episode.alert.closed_at = event.at
    episode.alert.msg_type = "Cancel"
    _await_outcome(episode.alert, event)


def _closed(episode: Episode, event: AlertEvent) -> None:
    alert = episode.alert
    alert.closed_at = alert.ended_at = event.at
    alert.msg_type = "Cancel"
    alert.held_by = ""
    if alert.outcome_due_at is None and not alert.outcome:
        _await_outcome(alert, event)


def _ended(episode: Episode, event: AlertEvent) -> None:
    episode.alert.ended_at = event.at


def _reopened(episode: Episode, _event: AlertEvent) -> None:
    alert = episode.alert
    alert.ended_at = alert.closed_at = alert.handled_at = alert.acknowledged_at = None
    alert.outcome_due_at = alert.tickets_when_answered = None
    alert.outcome, alert.msg_type = "", "Update"
    for party in episode.current:
        party.acked_at = party.started_at = party.handled_at = None
        party.ack_due_at = party.handle_due_at = None
        party.ack_steps = party.handle_steps = 0


def _escalated(episode: Episode, event: AlertEvent) -> None:
    party = episode.party(event.payload["of"])
    if party and event.payload["clock"] == "ack":
        party.ack_steps = event.payload["step"]
    elif party and event.payload["clock"] == "handle":
        party.handle_steps = event.payload["step"]


def _outcome_recorded(episode: Episode, event: AlertEvent) -> None:
    episode.alert.outcome = event.payload["outcome"]
    episode.alert.outcome_due_at = None


def _await_outcome(alert: Alert, event: AlertEvent) -> None:
    alert.outcome_due_at = _moment(event.payload.get("outcome_due_at"))
    alert.tickets_when_answered = alert.ticket_count


def _acting_party(episode: Episode, event: AlertEvent) -> AlertParty | None:
    return episode.party(event.department) or episode.lead


def _leads(party: AlertParty | None) -> bool:
    return party is None or party.part == LEAD


def _mirror_lead(episode: Episode) -> None:
    lead = episode.lead
    if lead:
        episode.alert.department = lead.department
        episode.alert.ack_due_at = lead.ack_due_at
        episode.alert.handle_due_at = lead.handle_due_at


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


_HANDLERS: Final[dict[Event, Callable[[Episode, AlertEvent], None]]] = {
    Event.OPENED: _opened,
    Event.UPDATED: _updated,
    Event.REBASED: _rebased,
    Event.RELABELLED: _relabelled,
    Event.ASSIGNED: _assigned,
    Event.NOTIFIED: _notified,
    Event.HELD: _held,
    Event.ACKNOWLEDGED: _acknowledged,
    Event.STARTED: _started,
    Event.HANDLED: _handled,
    Event.DISMISSED: _dismissed,
    Event.RESOLVED: _closed,
    Event.EXPIRED: _closed,
    Event.ENDED: _ended,
    Event.REOPENED: _reopened,
    Event.ESCALATED: _escalated,
    Event.OUTCOME_RECORDED: _outcome_recorded,
}
