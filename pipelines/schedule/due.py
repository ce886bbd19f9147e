"""What is due at a moment: a pure function of the schedule, the last runs and the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from features.clock import is_ahead
from pipelines.schedule.plan import Job, Schedule


class RunState(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    DEGRADED = "degraded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class LastRun:
    """The newest run of a job.

    Attributes:
        slot: The slot it ran for (UTC).
        state: How it stands or ended.
        finished_at: When it ended; None while it runs.
        attempts: Runs for this slot so far, this one included.
    """

    slot: datetime
    state: RunState
    finished_at: datetime | None = None
    attempts: int = 1


@dataclass(frozen=True)
class Due:
    """A job that should run now, and the slot (UTC) it runs for."""

    job: Job
    slot: datetime


def due(
    schedule: Schedule,
    last_runs: Mapping[str, LastRun],
    now: datetime,
    *,
    ready: Callable[[str], bool] = lambda _name: True,
) -> list[Due]:
    """Return what should start now, in order.

    A job is due for its latest slot at or before `now` unless a run took that slot; so slots missed while nobody was
    looking are caught up by one run. A slot that is still to come was never taken: a wrong look at the clock wrote it.
    A failed or killed run is repeated `retries` times, `retry_after` apart. A job that never ran is due at once. A
    running job is never due, nor is one that is not `ready`, nor one while a job it comes `after` is due or running.

    Args:
        schedule: The jobs.
        last_runs: The newest run of each job that ever ran, by name.
        now: The present, aware.
        ready: Tells whether a job, by name, has anything to work on; asked only about jobs whose time has come.
    """
    timely = [Due(job, slot) for job in schedule.jobs if (slot := _slot(job, last_runs.get(job.name), now))]
    wanted = [item for item in timely if ready(item.job.name)]
    busy = {item.job.name for item in wanted} | {
        name for name, last in last_runs.items() if last.state is RunState.RUNNING
    }
    return [item for item in wanted if not busy.intersection(item.job.after)]


def _slot(job: Job, last: LastRun | None, now: datetime) -> datetime | None:
    """Return the slot that the job should run for now, None when it should not run."""
    slot: datetime | None = job.trigger.latest(now)
    if last is None:
        return slot or now
    if last.state is RunState.RUNNING or slot is None:
        return None
    if slot > last.slot or not _is_believed(job, last.slot, now):
        return slot
    return last.slot if _retry(job, last, now) else None


def _is_believed(job: Job, slot: datetime, now: datetime) -> bool:
    """Tell whether a run may have taken a slot: one that is still to come was taken by a clock that was wrong.

    A clock that was set back by seconds may stand just before a slot that it has seen.
    """
    following = job.trigger.following(now)
    return not is_ahead(slot, now) and (following is None or slot <= following)


def _retry(job: Job, last: LastRun, now: datetime) -> bool:
    if last.state not in {RunState.FAILED, RunState.INTERRUPTED} or last.attempts > job.retries:
        return False
    ended = last.finished_at
    return ended is None or is_ahead(ended, now) or now >= ended + job.retry_after
