"""The masked tickets behind an alert, read from the lake; every read is written down."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from features.settings import Settings
from features.words import Coded
from serve.access import Caller
from serve.access.roles import ROLES
from serve.alerts.schemas import TicketView
from serve.errors import ForbiddenError
from serve.store import Store
from serve.store.tables import AccessLog

COLUMNS: Final = [
    "source", "ticket_id", "opened_local", "category", "district", "street",
    "channel", "status", "title", "text", "caller", "is_repeat",
]  # fmt: skip
"""What is shown. No address, no coordinates: the place of a single caller stays in the lake."""


def check_may_read(caller: Caller) -> None:
    """Refuse callers whose work needs counts only.

    Raises:
        ForbiddenError: The role does not read tickets.
    """
    if not caller.reads_tickets:
        raise ForbiddenError("reads_no_tickets", role=Coded(ROLES, caller.role))


def log_access(store: Store, caller: Caller, alert_id: str, *, tickets: int, at: datetime) -> None:
    """Write down who opened which alert's tickets."""
    row = AccessLog(
        at=at,
        api_key_id=caller.key_id,
        actor=caller.name,
        department=caller.department,
        action="evidence",
        alert_id=alert_id,
        tickets=tickets,
    )
    with store.session() as session:
        session.add(row)


def read_tickets(settings: Settings, keys: list[tuple[str, str]], *, now: datetime) -> list[TicketView]:
    """Return the masked tickets of these keys in the labels in force, newest first.

    Those that left the lake are missing.

    Raises:
        WeisuError: There is no lake, or it cannot be read.
    """
    from features.knowledge import Knowledge

    if not keys:
        return []
    rows = Knowledge.at(settings, now, allow_empty=True).tickets(ids=keys, columns=COLUMNS).to_pylist()
    rows.sort(key=lambda row: str(row["opened_local"] or ""), reverse=True)
    return _number_callers(rows)


def _number_callers(rows: list[dict[str, Any]]) -> list[TicketView]:
    numbers: dict[str, int] = {}
    views = []
    for row in rows:
        caller = row.pop("caller")
        number = numbers.setdefault(caller, len(numbers) + 1) if caller else None
        key = f"{row.pop('source')}/{row.pop('ticket_id')}"
        texts = {
            name: row[name] or "" for name in ("category", "district", "street", "channel", "status", "title", "text")
        }
        views.append(
            TicketView(key=key, opened_local=row["opened_local"], caller=number, is_repeat=row["is_repeat"], **texts)
        )
    return views
