"""While the database is away a failure is said once, and what could not be written is written when it is back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from features.clock import SystemClock
from features.configuration import SHIPPED_JOBS
from pipelines.schedule.due import RunState
from pipelines.schedule.jobs import JobOutcome, Work
from pipelines.schedule.plan import read_schedule
from pipelines.schedule.rules import RULES
from pipelines.schedule.runner import Runner
from serve.errors import StoreError
from serve.jobs import record, settle_ends
from serve.store.tables import JobRun


def rows(store) -> list[tuple[str, str, str]]:
    with store.reading() as session:
        return [(run.name, run.status, run.error) for run in session.scalars(select(JobRun).order_by(JobRun.id))]


@pytest.fixture
def away(settings):
    """Take the database away, and bring it back."""

    def move(gone: bool) -> None:
        here, there = settings.home, settings.home.with_name("gone")
        (here if gone else there).rename(there if gone else here)

    return move


def runner_of(settings, store, clock, **work) -> Runner:
    off = {name: {"enabled": False} for name in SHIPPED_JOBS if name not in work}
    only = settings.changed(schedule={"jobs": off})
    every = {job.name: Work(lambda _: JobOutcome(), "light") for job in read_schedule(only).jobs}
    return Runner(only, store, clock, read_schedule(only), work={**every, **work})


@pytest.mark.parametrize("fails", [False, True])
def test_the_end_of_a_run_that_could_not_be_written_is_written_later(store, clock, away, fails):
    def run() -> None:
        with record(store, "train", clock=clock, key="1") as job:
            away(True)
            job.summary = {"kept": 3}
            if fails:
                raise RuntimeError("of its own")

    if fails:
        with pytest.raises(RuntimeError, match="of its own"):
            run()
    else:
        run()
    with pytest.raises(StoreError, match="moved away"):
        settle_ends(store)
    away(False)
    assert rows(store) == [("train", "running", "")]
    assert settle_ends(store) == 1
    assert rows(store) == [("train", "failed", "RuntimeError: of its own") if fails else ("train", "done", "")]


def test_a_failure_that_repeats_is_said_once_and_so_is_its_end(settings, store, clock, away, capsys):
    def ask(context) -> bool:
        with context.store.reading() as session:
            return bool(session.scalar(text("SELECT 1")))

    work = Work(lambda context: JobOutcome({"n": ask(context)}), "quick", ready=ask, recorded=False)
    runner = runner_of(settings, store, clock, deliver=work)
    away(True)
    for _ in range(240):
        runner.run_due()
        clock.advance(timedelta(milliseconds=250))
    said = capsys.readouterr()
    lines = [line for line in (said.out + said.err).splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert "moved away" in lines[0]
    away(False)
    clock.advance(timedelta(seconds=5))
    assert runner.run_due()["deliver"].state is RunState.DONE
    said = capsys.readouterr()
    (line,) = [line for line in (said.out + said.err).splitlines() if line.strip()]
    assert "a job works again" in line
    assert "failed_times=12" in line


def test_what_nobody_foresaw_keeps_its_traceback_once(settings, store, clock, capsys):
    def broken(_context) -> JobOutcome:
        raise RuntimeError("a bug")

    runner = runner_of(settings, store, clock, deliver=Work(broken, "quick", recorded=False))
    for _ in range(5):
        runner.run_due()
        clock.advance(timedelta(seconds=6))
    said = capsys.readouterr()
    assert (said.out + said.err).count("Traceback") == 1
    clock.advance(timedelta(hours=1))
    runner.run_due()
    said = capsys.readouterr()
    assert "times=6" in said.out + said.err


def test_rules_that_a_killed_process_left_are_marked_by_the_next_scheduler(settings, store):
    clock = SystemClock()
    with store.session() as session:
        session.add(JobRun(name=RULES, key="9f3c21aa 17", status="running", started_at=clock.now(), summary={}))
    assert runner_of(settings, store, clock).interrupted == 1
    assert rows(store) == [(RULES, "interrupted", "")]
