"""Make, list and end silences. A department silences only what comes to itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from features.words import Coded
from serve.access import Caller, Role
from serve.access.roles import ROLES
from serve.alerts.silences.schemas import NewSilence
from serve.errors import ForbiddenError, NotFoundError, UnprocessableError
from serve.known_names import KnownNames
from serve.store.columns import new_id
from serve.store.tables import Silence


def visible(caller: Caller) -> ColumnElement[bool]:
    """Return the condition that a silence must meet to be seen by this caller."""
    return true() if caller.sees_all_alerts else Silence.department == caller.department


def silences(session: Session, caller: Caller, *, now: datetime, expired: bool) -> list[Silence]:
    """Return the silences a caller may see: current and coming ones, or also those that are over."""
    query = select(Silence).where(visible(caller)).order_by(Silence.ends_at.desc(), Silence.id)
    return list(session.scalars(query if expired else query.where(Silence.ends_at > now)))


def add(session: Session, caller: Caller, wanted: NewSilence, *, now: datetime, new_names: bool = False) -> Silence:
    """Make a silence; what a department makes is bound to that department.

    Args:
        session: Writes to the store.
        caller: Who wants it.
        wanted: What is to keep quiet.
        now: The present.
        new_names: Take names that nothing here has.

    Raises:
        ForbiddenError: The caller neither commands alerts nor belongs to the department.
        UnprocessableError: It would end before it starts, or has ended, or nothing is called so.
    """
    department = wanted.department
    if not caller.commands_alerts:
        if caller.role is not Role.DEPARTMENT or department not in {"", caller.department}:
            raise ForbiddenError("silence_not_yours")
        department = caller.department
    if not new_names:
        KnownNames(session).check(categories=[wanted.category], areas=[wanted.area], departments=[department])
    starts_at = wanted.starts_at or now
    if wanted.ends_at <= max(starts_at, now):
        raise UnprocessableError("silence_over")
    row = Silence(
        id=new_id("si"),
        author=caller.name,
        created_at=now,
        ended_early_by="",
        **wanted.model_dump(exclude={"starts_at", "department"}),
        starts_at=starts_at,
        department=department,
    )
    session.add(row)
    session.flush()
    return row


def end(session: Session, caller: Caller, silence_id: str, *, now: datetime) -> Silence:
    """End a silence now; it stays on record with who ended it.

    Raises:
        NotFoundError: It does not exist, or is not the caller's to see.
        ForbiddenError: The caller may only read.
    """
    row = session.scalar(select(Silence).where(Silence.id == silence_id, visible(caller)))
    if row is None:
        raise NotFoundError("no_silence", silence=silence_id)
    if not caller.commands_alerts and caller.role is not Role.DEPARTMENT:
        raise ForbiddenError("may_not_end_silences", role=Coded(ROLES, caller.role))
    if row.ends_at > now:
        row.starts_at, row.ends_at, row.ended_early_by = min(row.starts_at, now), now, caller.name
    return row
