"""The scheduler's process: APScheduler gives threads and wake-ups, the store gives memory, `due` decides."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any, Final

import structlog

from features.clock import Clock, is_ahead
from features.settings import Settings
from pipelines.errors import SchedulerRunningError
from pipelines.schedule.history import slot_key
from pipelines.schedule.jobs import LANES, WORK
from pipelines.schedule.plan import Schedule
from pipelines.schedule.runner import Runner
from serve.jobs import SCHEDULER, beat, last_beat, record, settle_ends
from serve.store import Store

_SWEEP_SECONDS: Final = 0.25
"""How long a message waits at most before somebody looks; the look itself is one indexed query."""

_BEAT_SECONDS: Final = 15
_ALIVE: Final = timedelta(seconds=4 * _BEAT_SECONDS)
_OWN_LANE: Final = "scheduler"

_log = structlog.get_logger(__name__)


def serve_schedule(settings: Settings, clock: Clock, schedule: Schedule) -> None:
    """Run the schedule until the process is told to stop (SIGTERM, SIGINT); running jobs are finished first.

    Raises:
        SchedulerRunningError: Another scheduler works on this installation.
    """
    store = Store.open(settings.store_url)
    with sole_scheduler(settings, store, clock):
        runner = Runner(settings, store, clock, schedule)
        if runner.interrupted:
            _log.warning("runs were interrupted by a killed scheduler", count=runner.interrupted)
        key = slot_key(clock.now(), settings.zone)
        with record(store, SCHEDULER, clock=clock, key=key) as row:
            scheduler = _blocking(settings, runner, row.id)
            beat(store, row.id, clock=clock)
            row.summary = {"pid": os.getpid(), "host": socket.gethostname()}
            scheduler.start()
            runner.drain()


@contextmanager
def sole_scheduler(settings: Settings, store: Store, clock: Clock) -> Iterator[None]:
    """Hold the right to run this installation's schedule.

    A lock file under the home folder keeps a second process of this machine out, the heartbeat in the store one of
    another machine.

    Raises:
        SchedulerRunningError: Somebody else holds it.
    """
    path = settings.home / "scheduler.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SchedulerRunningError(
                f"another scheduler holds {path}", hint="stop it first, or give this one its own --home"
            ) from error
        _refuse_a_living_one(path, store, clock)
        path.write_text(f"{socket.gethostname()}\n", encoding="utf-8")
        yield


def _refuse_a_living_one(path: Path, store: Store, clock: Clock) -> None:
    """Refuse when the store is shared and another machine's scheduler beats; our own dead one left its name."""
    beaten = last_beat(store)
    if beaten is None or is_ahead(beaten, clock.now()) or clock.now() - beaten > _ALIVE:
        return
    if path.read_text(encoding="utf-8").strip() != socket.gethostname():
        raise SchedulerRunningError(
            f"another scheduler was alive at {beaten:%H:%M:%S} UTC", hint="stop it, or wait a minute if it was killed"
        )


def _blocking(settings: Settings, runner: Runner, row_id: int) -> Any:
    """Return the APScheduler that sweeps for due jobs every second and keeps the heartbeat."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.blocking import BlockingScheduler

    lanes = {lane: ThreadPoolExecutor(threads) for lane, threads in LANES.items()}
    scheduler = BlockingScheduler(
        timezone=settings.zone,
        executors={**lanes, _OWN_LANE: ThreadPoolExecutor(2), "default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )

    # A sweep that takes longer than its quarter of a second is no news.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    told = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())

    def sweep() -> None:
        if told.is_set():
            scheduler.shutdown(wait=False)
            return
        for item in runner.claim(runner.clock.now()):
            scheduler.add_job(runner.run, args=[item], name=item.job.name, executor=WORK[item.job.name].lane)

    def pulse() -> None:
        try:
            beat(runner.store, row_id, clock=runner.clock)
            settle_ends(runner.store)
        except Exception as error:  # noqa: BLE001 - said once; the next pulse tries again
            runner.failures.failed(SCHEDULER, error, runner.clock.now())
        else:
            runner.failures.ended(SCHEDULER, runner.clock.now())

    scheduler.add_job(sweep, "interval", seconds=_SWEEP_SECONDS, executor=_OWN_LANE)
    scheduler.add_job(pulse, "interval", seconds=_BEAT_SECONDS, executor=_OWN_LANE)
    return scheduler
