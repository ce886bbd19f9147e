"""What ran before, from the store: the newest run of each job, runs that a killed process left."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, update

from features.clock import Clock
from pipelines.schedule.due import LastRun, RunState
from pipelines.schedule.rules import RULES
from serve.jobs import SCHEDULER, SLOT
from serve.store import Store
from serve.store.tables import JobRun


def slot_key(slot: datetime, zone: ZoneInfo) -> str:
    """Return the key of a run for a slot, readable in the hotline's time zone."""
    return f"{SLOT}{slot.astimezone(zone).isoformat(timespec='seconds')}"


def read_last_runs(store: Store, names: Collection[str]) -> dict[str, LastRun]:
    """Return the newest scheduled run of each job that ever ran."""
    newest = (
        select(func.max(JobRun.id)).where(JobRun.name.in_(names), JobRun.key.startswith(SLOT)).group_by(JobRun.name)
    )
    with store.reading() as session:
        rows = list(session.scalars(select(JobRun).where(JobRun.id.in_(newest))))
        return {row.name: _last_run(row, _attempts(session, row)) for row in rows}


def mark_interrupted(store: Store, names: Collection[str], *, clock: Clock) -> int:
    """Say of every run of the schedule that still seems to run that it was interrupted; return how many.

    Only for a process that knows that no other scheduler is alive.
    """
    of_slots = and_(JobRun.name.in_([*names, SCHEDULER]), JobRun.key.startswith(SLOT))
    left = update(JobRun).where(or_(of_slots, JobRun.name == RULES), JobRun.status == RunState.RUNNING)
    with store.session() as session:
        result: Any = session.execute(left.values(status=str(RunState.INTERRUPTED), finished_at=clock.now()))
        return int(result.rowcount)


def _attempts(session: Any, row: JobRun) -> int:
    return int(session.scalar(select(func.count()).where(JobRun.name == row.name, JobRun.key == row.key)))


def _last_run(row: JobRun, attempts: int) -> LastRun:
    slot = datetime.fromisoformat(row.key.removeprefix(SLOT)).astimezone(UTC)
    return LastRun(slot, RunState(row.status), row.finished_at, attempts)
