"""What ran before, from the store: the newest run of each job, runs that a killed process left, the heartbeat."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from features.clock import Clock
from pipelines.schedule.due import LastRun, RunState
from serve.store import Store
from serve.store.tables import JobRun

SCHEDULER: Final = "scheduler"
"""Name of the row that a living scheduler keeps."""

_SLOT: Final = "slot "


def slot_key(slot: datetime, zone: ZoneInfo) -> str:
    """Return the key of a run for a slot, readable in the hotline's time zone."""
    return f"{_SLOT}{slot.astimezone(zone).isoformat(timespec='seconds')}"


def read_last_runs(store: Store, names: Collection[str]) -> dict[str, LastRun]:
    """Return the newest scheduled run of each job that ever ran."""
    newest = (
        select(func.max(JobRun.id)).where(JobRun.name.in_(names), JobRun.key.startswith(_SLOT)).group_by(JobRun.name)
    )
    with store.reading() as session:
        rows = list(session.scalars(select(JobRun).where(JobRun.id.in_(newest))))
        return {row.name: _last_run(row, _attempts(session, row)) for row in rows}


def mark_interrupted(store: Store, names: Collection[str], *, clock: Clock) -> int:
    """Say of every scheduled run that still seems to run that it was interrupted; return how many.

    Only for a process that knows that no other scheduler is alive.
    """
    left = update(JobRun).where(
        JobRun.name.in_([*names, SCHEDULER]), JobRun.key.startswith(_SLOT), JobRun.status == RunState.RUNNING
    )
    with store.session() as session:
        result: Any = session.execute(left.values(status=str(RunState.INTERRUPTED), finished_at=clock.now()))
        return int(result.rowcount)


def beat(store: Store, row_id: int, *, clock: Clock) -> None:
    """Write that the scheduler lives into its row."""
    alive = {"beat_at": clock.now().isoformat(), "pid": os.getpid(), "host": socket.gethostname()}
    with store.session() as session:
        session.execute(update(JobRun).where(JobRun.id == row_id).values(summary=alive))


def last_beat(store: Store) -> datetime | None:
    """Return when a scheduler last said that it lives (UTC); None when none is running."""
    newest = select(JobRun).where(JobRun.name == SCHEDULER).order_by(JobRun.id.desc()).limit(1)
    with store.reading() as session:
        row = session.scalar(newest)
    if row is None or row.status != RunState.RUNNING or "beat_at" not in row.summary:
        return None
    return datetime.fromisoformat(row.summary["beat_at"])


def _attempts(session: Any, row: JobRun) -> int:
    return int(session.scalar(select(func.count()).where(JobRun.name == row.name, JobRun.key == row.key)))


def _last_run(row: JobRun, attempts: int) -> LastRun:
    slot = datetime.fromisoformat(row.key.removeprefix(_SLOT)).astimezone(UTC)
    return LastRun(slot, RunState(row.status), row.finished_at, attempts)
