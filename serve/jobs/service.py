"""Record job runs.

A run that was killed stays `running` until the next one of its name calls it interrupted. A run whose end cannot be
written, because the database is away, is kept in mind, and its end is written as soon as the database is back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import func, select, update

from features.clock import Clock
from features.privacy import without_identifiers
from serve.errors import StoreError
from serve.store import Store
from serve.store.tables import JobRun

_log = structlog.get_logger(__name__)

RUNNING: Final = "running"
DONE: Final = "done"
DEGRADED: Final = "degraded"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"


@dataclass
class JobRecord:
    """What a running job may say about itself: its summary, and why it is degraded ('' when it is not)."""

    id: int
    key: str
    summary: dict[str, Any] = field(default_factory=dict)
    degraded: str = ""


@contextmanager
def record(store: Store, name: str, *, clock: Clock, key: str) -> Iterator[JobRecord]:
    """Write one row about the block's run: started, finished, status, error, summary.

    An exception is recorded and passed on. Earlier runs of the same name and key that never finished (a killed
    process) are marked interrupted.

    Args:
        store: Where the row goes.
        name: The job, such as `forecast`.
        clock: Source of the start and finish times.
        key: The piece of work, such as `2026-W48`; `is_done` asks for it.
    """
    settle_ends(store)
    with store.session() as session:
        stale = update(JobRun).where(JobRun.name == name, JobRun.key == key, JobRun.status == RUNNING)
        session.execute(stale.values(status=INTERRUPTED, finished_at=clock.now()))
        row = JobRun(name=name, key=key, status=RUNNING, started_at=clock.now(), summary={})
        session.add(row)
        session.flush()
        job = JobRecord(id=row.id, key=key)
    try:
        yield job
    except BaseException as error:
        _finish(store, job, at=clock.now(), status=FAILED, error=f"{type(error).__name__}: {error}")
        raise
    _finish(store, job, at=clock.now(), status=DEGRADED if job.degraded else DONE, error=job.degraded)


def is_done(store: Store, name: str, key: str) -> bool:
    """Tell whether this piece of work has been finished by some run, degraded or not."""
    query = select(JobRun.id).where(JobRun.name == name, JobRun.key == key, JobRun.status.in_((DONE, DEGRADED)))
    with store.reading() as session:
        return session.scalar(query.limit(1)) is not None


def latest_runs(store: Store) -> list[JobRun]:
    """Return the newest run of every job."""
    newest = select(func.max(JobRun.id)).group_by(JobRun.name)
    with store.reading() as session:
        return list(session.scalars(select(JobRun).where(JobRun.id.in_(newest)).order_by(JobRun.name)))


def settle_ends(store: Store) -> int:
    """Write the ends of runs that could not be written before; return how many were.

    Raises:
        StoreError: The database is still away.
    """
    waiting = _waiting.get(store, [])
    written = 0
    while waiting:
        run_id, values = waiting[0]
        _write_end(store, run_id, values)
        waiting.pop(0)
        written += 1
    return written


_waiting: WeakKeyDictionary[Store, list[tuple[int, dict[str, Any]]]] = WeakKeyDictionary()


def _finish(store: Store, job: JobRecord, *, at: datetime, status: str, error: str) -> None:
    values = {"finished_at": at, "status": status, "error": without_identifiers(error)[:2000], "summary": job.summary}
    try:
        _write_end(store, job.id, values)
    except StoreError as away:
        # What the run did is done, or failed for a reason of its own: neither is lost with the row.
        _waiting.setdefault(store, []).append((job.id, values))
        _log.warning("the end of a run is written later", run=job.id, status=status, why=str(away).replace("\n", " "))


def _write_end(store: Store, run_id: int, values: dict[str, Any]) -> None:
    with store.session() as session:
        session.execute(update(JobRun).where(JobRun.id == run_id).values(values))
