"""Run what is due: one run at a time per job, each recorded, a failure never stopping the others."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from threading import Condition

from features.clock import Clock
from features.settings import Settings
from pipelines.schedule.due import Due, LastRun, RunState, due
from pipelines.schedule.history import mark_interrupted, read_last_runs, slot_key
from pipelines.schedule.jobs import WORK, JobContext, Work
from pipelines.schedule.plan import Schedule
from pipelines.schedule.said_once import REPEATED_AFTER, Failures
from serve.jobs import record
from serve.store import Store


class Runner:
    """Runs due jobs of one installation.

    There must be one runner per installation (see `service.sole_scheduler`): runs that seem to be going when it starts
    were killed, and are marked so.

    Args:
        settings: The installation.
        store: Where runs are recorded.
        clock: The present.
        schedule: The jobs.
        work: What each job does, by name.
    """

    def __init__(
        self, settings: Settings, store: Store, clock: Clock, schedule: Schedule, *, work: Mapping[str, Work] = WORK
    ) -> None:
        self.settings, self.store, self.clock, self.schedule, self.work = settings, store, clock, schedule, work
        names = [job.name for job in schedule.jobs]
        self.interrupted = mark_interrupted(store, names, clock=clock)
        self._last: dict[str, LastRun] = read_last_runs(store, names)
        self._noted: dict[str, tuple[str, datetime]] = {}
        self.failures = Failures()
        self._lock = Condition()
        self._stopping = False

    def claim(self, now: datetime) -> list[Due]:
        """Return what is due, each marked as running, so that nobody else starts it."""
        with self._lock:
            if self._stopping:
                return []
            items = due(self.schedule, self._last, now, ready=self._ready)
            for item in items:
                self._last[item.job.name] = LastRun(item.slot, RunState.RUNNING, None, self._attempts(item) + 1)
        return items

    def run(self, item: Due) -> LastRun:
        """Run one claimed job to its end, good or bad, and return how it ended."""
        name = item.job.name
        state = RunState.FAILED
        if self._stopping:
            return self._ended(item, RunState.INTERRUPTED)
        try:
            state = self._recorded(item) if self.work[name].recorded else self._unrecorded(item)
        except Exception as error:  # noqa: BLE001 - the row says why; the scheduler and the other jobs go on
            self.failures.failed(name, error, self.clock.now(), slot=item.slot.isoformat())
        else:
            self.failures.ended(name, self.clock.now())
        return self._ended(item, state)

    def drain(self) -> None:
        """Start nothing more, and wait until what runs has ended."""
        with self._lock:
            self._stopping = True
            self._lock.wait_for(lambda: all(last.state is not RunState.RUNNING for last in self._last.values()))

    def run_due(self) -> dict[str, LastRun]:
        """Run everything that is due now, and what becomes due by that, one after the other."""
        now = self.clock.now()
        ended: dict[str, LastRun] = {}
        while items := self.claim(now):
            for item in items:
                ended[item.job.name] = self.run(item)
        return ended

    def last_runs(self) -> dict[str, LastRun]:
        """Return the newest run of each job that ever ran."""
        with self._lock:
            return dict(self._last)

    def _ended(self, item: Due, state: RunState) -> LastRun:
        with self._lock:
            last = LastRun(item.slot, state, self.clock.now(), self._last[item.job.name].attempts)
            self._last[item.job.name] = last
            self._lock.notify_all()
        return last

    def _recorded(self, item: Due) -> RunState:
        name = item.job.name
        key = slot_key(item.slot, self.settings.zone)
        with record(self.store, name, clock=self.clock, key=key) as job:
            outcome = self.work[name].run(self._context(item.slot))
            job.summary, job.degraded = outcome.summary, outcome.degraded
        return RunState.DEGRADED if outcome.degraded else RunState.DONE

    def _unrecorded(self, item: Due) -> RunState:
        name = item.job.name
        try:
            self.work[name].run(self._context(item.slot))
        except Exception as error:
            self._note_failure(item, error)
            raise
        self._noted.pop(name, None)
        return RunState.DONE

    def _note_failure(self, item: Due, error: Exception) -> None:
        """Write a failure of a frequent job once, not every few seconds."""
        name, now, said = item.job.name, self.clock.now(), f"{type(error).__name__}: {error}"
        before = self._noted.get(name)
        if before and before[0] == said and abs(now - before[1]) < REPEATED_AFTER:
            return
        key = slot_key(item.slot, self.settings.zone)
        with suppress(type(error)), record(self.store, name, clock=self.clock, key=key):
            self._noted[name] = (said, now)
            raise error

    def _ready(self, name: str) -> bool:
        """Ask a job whether it has anything to do; one that cannot say is run, so that its failure is recorded.

        What runs all the time and failed a moment ago waits a little: a database that is away comes back no sooner.
        """
        if not self.work[name].recorded and self.failures.is_out_of_breath(name, self.clock.now()):
            return False
        try:
            is_ready = self.work[name].ready(self._context(self.clock.now()))
        except Exception:  # noqa: BLE001 - one broken job must not keep the others from being asked
            return True
        if not is_ready and not self.work[name].recorded:
            # It could look, and there is nothing to do: what kept it from looking is over.
            self.failures.ended(name, self.clock.now())
        return is_ready

    def _attempts(self, item: Due) -> int:
        last = self._last.get(item.job.name)
        return last.attempts if last and last.slot == item.slot else 0

    def _context(self, slot: datetime) -> JobContext:
        return JobContext(self.settings, self.store, self.clock, self.schedule, slot)
