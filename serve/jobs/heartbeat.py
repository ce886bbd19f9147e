"""Whether anybody runs the schedule: the heartbeat of a scheduler, or the runs that cron starts."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select, update

from features.clock import Clock, is_ahead
from serve.jobs.service import RUNNING
from serve.store import Store
from serve.store.columns import believed
from serve.store.tables import JobRun

SCHEDULER: Final = "scheduler"
"""Name of the row that a living scheduler keeps."""

SLOT: Final = "slot "
"""How the key of a run begins that the schedule started."""

_SILENT: Final = timedelta(minutes=2)
_CRON: Final = timedelta(hours=25)
"""`weisu schedule run --once` from cron runs something every day at the least."""


class Pulse(StrEnum):
    """How the scheduler is."""

    NEVER = "never started"
    ALIVE = "alive"
    CRON = "run by cron"
    SILENT = "silent"
    STOPPED = "stopped"

    @property
    def is_well(self) -> bool:
        """Whether the schedule is looked after, or was never meant to be."""
        return self not in {Pulse.SILENT, Pulse.STOPPED}


def beat(store: Store, row_id: int, *, clock: Clock) -> None:
    """Write that the scheduler lives into its row."""
    alive = {"beat_at": clock.now().isoformat(), "pid": os.getpid(), "host": socket.gethostname()}
    with store.session() as session:
        session.execute(update(JobRun).where(JobRun.id == row_id).values(summary=alive))


def last_beat(store: Store) -> datetime | None:
    """Return when a scheduler last said that it lives (UTC); None when none is running."""
    row = _newest_row(store)
    if row is None or row.status != RUNNING or "beat_at" not in row.summary:
        return None
    return datetime.fromisoformat(row.summary["beat_at"])


def scheduler_pulse(store: Store, now: datetime) -> tuple[Pulse, datetime | None]:
    """Return how the scheduler is, and when it last said that it lives, or was last seen to work (UTC)."""
    row = _newest_row(store)
    beaten = last_beat(store)
    if beaten is not None and not is_ahead(beaten, now) and now - beaten <= _SILENT:
        return Pulse.ALIVE, beaten
    with store.reading() as session:
        scheduled = select(func.max(JobRun.started_at)).where(JobRun.name != SCHEDULER, JobRun.key.startswith(SLOT))
        scheduled = scheduled.where(believed(JobRun.started_at, now))
        ran: datetime | None = session.scalar(scheduled)
    seen = beaten if row is None or row.status == RUNNING else row.finished_at
    if ran is not None and (row is None or (seen is not None and ran > seen)):
        # After the process had ended, or without one: somebody else starts what is due.
        return (Pulse.CRON if now - ran <= _CRON else Pulse.STOPPED), ran
    if row is None:
        return Pulse.NEVER, None
    return (Pulse.SILENT if row.status == RUNNING else Pulse.STOPPED), seen or row.started_at


def _newest_row(store: Store) -> JobRun | None:
    newest = select(JobRun).where(JobRun.name == SCHEDULER).order_by(JobRun.id.desc()).limit(1)
    with store.reading() as session:
        return session.scalar(newest)
