"""What an alert holds of other rows, as one caller may read it: a copy is behind the same wall as what it was made of.

Past cases are copies of other alerts, events repeat orders to one department, and notes name alerts. All of that is
stored whole and cut here, when it is read: who may see what changes after it was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from serve.access import Caller
from serve.store.tables import Alert, AlertEvent, SupervisionOrder

PAST_SHOWN: Final = 5
"""How many past cases a reader sees at most; more are stored, since others' are left out."""

HIDDEN_ALERT: Final = "al_…"
"""What stands in a text where it names an alert that is not the reader's."""

_ALERT_ID: Final = re.compile(r"\bal_[0-9a-f]{24}\b")
_OF_ORDERS: Final = ("demand", "answer", "due_at")
_CHUNK: Final = 500


@dataclass(frozen=True)
class ReadEvent:
    """One event of an alert as a caller may read it."""

    seq: int
    number: int
    kind: str
    at: datetime
    actor: str
    actor_role: str
    department: str
    payload: Mapping[str, Any]


def visible_orders(caller: Caller) -> ColumnElement[bool]:
    """Return the condition that an order must meet to be seen: a department sees those issued to it."""
    return true() if caller.sees_all_alerts else SupervisionOrder.department == caller.department


class Copies:
    """Reads what alerts hold of other rows, for one caller.

    Args:
        session: Reads the store.
        caller: Who reads.
        visible: The condition of the alerts that this caller may see.
    """

    def __init__(self, session: Session, caller: Caller, visible: ColumnElement[bool]) -> None:
        self._session, self._caller, self._visible = session, caller, visible

    def past(self, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the past cases that the caller may read: earlier counts, and episodes of its own."""
        return self._past(cases, self._hidden_alerts([cases]))[:PAST_SHOWN]

    def events(self, events: Sequence[AlertEvent]) -> list[ReadEvent]:
        """Return events as the caller may read them."""
        names = [field for field in ReadEvent.__dataclass_fields__ if field != "payload"]
        read = [ReadEvent(**{name: getattr(one, name) for name in names}, payload=one.payload) for one in events]
        if self._caller.sees_all_alerts:
            return read
        hidden = self._hidden_alerts(one.payload for one in events)
        orders = self._hidden_orders(one.payload for one in events)
        return [replace(one, payload=self._payload(one.payload, hidden, orders)) for one in read]

    def _payload(self, payload: Mapping[str, Any], alerts: set[str], orders: set[str]) -> Mapping[str, Any]:
        if payload.get("order_id") in orders:
            payload = {name: value for name, value in payload.items() if name not in _OF_ORDERS}
        facts = payload.get("facts")
        if facts and facts.get("past"):
            payload = {**payload, "facts": {**facts, "past": self._past(facts["past"], alerts)[:PAST_SHOWN]}}
        return dict(_without(payload, alerts)) if alerts else payload

    @staticmethod
    def _past(cases: Sequence[Mapping[str, Any]], hidden: set[str]) -> list[dict[str, Any]]:
        return [dict(case) for case in cases if case.get("alert") not in hidden]

    def _hidden_alerts(self, documents: Iterable[Any]) -> set[str]:
        """Return the ids that these documents name and the caller may not see, those of nothing included."""
        if self._caller.sees_all_alerts:
            return set()
        named = sorted({name for one in documents for name in _ALERT_ID.findall(json.dumps(one, ensure_ascii=False))})
        seen: set[str] = set()
        for start in range(0, len(named), _CHUNK):
            own = select(Alert.id).where(Alert.id.in_(named[start : start + _CHUNK]), self._visible)
            seen.update(self._session.scalars(own))
        return set(named) - seen

    def _hidden_orders(self, payloads: Iterable[Mapping[str, Any]]) -> set[str]:
        named = {str(payload["order_id"]) for payload in payloads if payload.get("order_id")}
        if not named:
            return set()
        own = select(SupervisionOrder.id).where(SupervisionOrder.id.in_(named), visible_orders(self._caller))
        return named - set(self._session.scalars(own))


def _without(value: Any, hidden: set[str]) -> Any:
    """Return a document whose texts name none of these alerts."""
    if isinstance(value, str):
        return _ALERT_ID.sub(lambda found: HIDDEN_ALERT if found[0] in hidden else found[0], value)
    if isinstance(value, Mapping):
        return {name: _without(one, hidden) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without(one, hidden) for one in value]
    return value
