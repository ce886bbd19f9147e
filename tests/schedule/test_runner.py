from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from features.clock import FixedClock
from features.configuration import SHIPPED_JOBS
from features.errors import WeisuError
from pipelines.schedule import Runner, RunState, SchedulerRunningError, read_schedule
from pipelines.schedule.history import read_last_runs, slot_key
from pipelines.schedule.incoming import arrivals, put_away
from pipelines.schedule.jobs import LIGHT, JobOutcome, Work
from pipelines.schedule.service import sole_scheduler
from serve.jobs import SCHEDULER, beat, last_beat, record
from serve.store import Store
from serve.store.tables import JobRun

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 23, 0, tzinfo=UTC))  # Monday 07:00 in Shanghai


def _rows(store, name=None):
    with store.reading() as session:
        rows = list(session.scalars(select(JobRun).order_by(JobRun.id)))
    return [row for row in rows if name is None or row.name == name]


class Calls(list):
    """Remembers which jobs ran; `broken` ones raise."""

    def __init__(self, *broken: str) -> None:
        self.broken = set(broken)

    def work(self, settings) -> dict[str, Work]:
        return {job.name: self._one(job.name) for job in read_schedule(settings).jobs}

    def _one(self, name):
        def run(context):
            self.append(name)
            if name in self.broken:
                raise WeisuError(f"{name} broke")
            return JobOutcome({"slot": context.slot.isoformat()}, "old data" if name == "forecast" else "")

        return Work(run, LIGHT, recorded=name not in {"clocks", "deliver"})


def _runner(settings, store, clock, calls):
    return Runner(settings, store, clock, read_schedule(settings), work=calls.work(settings))


def test_everything_that_never_ran_runs_in_order_and_is_recorded(settings, store, clock):
    calls = Calls()
    ended = _runner(settings, store, clock, calls).run_due()
    assert calls.index("train") < calls.index("forecast") < calls.index("report")
    assert sorted(calls) == sorted(ended)
    recorded = {row.name: row for row in _rows(store)}
    assert set(recorded) == set(SHIPPED_JOBS) - {"clocks", "deliver"}
    assert recorded["forecast"].status == "degraded"
    assert recorded["forecast"].error == "old data"
    assert recorded["report"].key == "slot 2026-11-23T07:00:00+08:00"
    assert recorded["report"].summary == {"slot": "2026-11-22T23:00:00+00:00"}


def test_nothing_runs_twice_for_a_slot_not_even_after_a_restart(settings, store, clock):
    _runner(settings, store, clock, Calls()).run_due()
    again = Calls()
    _runner(settings, store, clock, again).run_due()
    assert set(again) <= {"clocks", "deliver"}


def test_a_failing_job_is_recorded_and_the_others_go_on(settings, store, clock):
    calls = Calls("forecast")
    runner = _runner(settings, store, clock, calls)
    runner.run_due()
    assert {"report", "detect"} <= set(calls)
    [row] = _rows(store, "forecast")
    assert (row.status, row.error) == ("failed", "WeisuError: forecast broke")
    clock.advance(5 * MINUTE)
    runner.run_due()
    clock.advance(5 * MINUTE)
    runner.run_due()
    clock.advance(5 * MINUTE)
    runner.run_due()
    assert calls.count("forecast") == 3  # once, and twice again
    assert {row.key for row in _rows(store, "forecast")} == {"slot 2026-11-23T07:00:00+08:00"}


def test_a_week_of_outage_is_caught_up_once(settings, store, clock):
    runner = _runner(settings, store, clock, Calls())
    runner.run_due()
    clock.advance(timedelta(days=8))
    calls = Calls()
    _runner(settings, store, clock, calls).run_due()
    assert [calls.count(name) for name in ("train", "forecast", "report", "detect")] == [1, 1, 1, 1]


def test_a_job_without_rows_writes_a_failure_once_an_hour(settings, store, clock):
    calls = Calls("deliver")
    runner = _runner(settings, store, clock, calls)
    for _ in range(5):
        runner.run_due()
        clock.advance(timedelta(seconds=6))
    assert calls.count("deliver") == 5
    assert [row.status for row in _rows(store, "deliver")] == ["failed"]
    clock.advance(timedelta(hours=1))
    runner.run_due()
    assert len(_rows(store, "deliver")) == 2


def test_a_run_that_was_killed_is_marked_and_repeated(settings, store, clock):
    key = slot_key(clock.now(), settings.zone)
    with store.session() as session:
        session.add(JobRun(name="forecast", key=key, status="running", started_at=clock.now(), summary={}))
        session.add(JobRun(name="forecast", key="by hand", status="running", started_at=clock.now(), summary={}))
    calls = Calls()
    runner = _runner(settings, store, clock, calls)
    assert runner.interrupted == 1
    assert [row.status for row in _rows(store, "forecast")] == ["interrupted", "running"]
    runner.run_due()
    assert "forecast" not in calls  # it waits before it is repeated
    clock.advance(5 * MINUTE)
    runner.run_due()
    assert "forecast" in calls


def test_a_claimed_job_is_claimed_once(settings, store, clock):
    runner = _runner(settings, store, clock, Calls())
    first = runner.claim(clock.now())
    assert first
    assert not {item.job.name for item in first} & {item.job.name for item in runner.claim(clock.now())}


def test_a_job_that_cannot_say_whether_it_is_ready_does_not_hold_up_the_others(settings, store, clock):
    calls = Calls("ingest")
    work = calls.work(settings)

    def unreadable(_context):
        raise PermissionError("incoming")

    work["ingest"] = replace(work["ingest"], ready=unreadable)
    Runner(settings, store, clock, read_schedule(settings), work=work).run_due()
    assert [row.status for row in _rows(store, "ingest")] == ["failed"]
    assert {"train", "forecast", "detect"} <= set(calls)


def test_after_drain_nothing_starts(settings, store, clock):
    calls = Calls()
    runner = _runner(settings, store, clock, calls)
    runner.drain()
    assert runner.run_due() == {}
    assert not calls


def test_last_runs_count_attempts(settings, store, clock):
    key = slot_key(clock.now(), settings.zone)
    for _ in range(2):
        with pytest.raises(ValueError, match="no"), record(store, "train", clock=clock, key=key):
            raise ValueError("no")
    last = read_last_runs(store, ["train", "detect"])
    assert list(last) == ["train"]
    assert (last["train"].state, last["train"].attempts, last["train"].slot) == (RunState.FAILED, 2, clock.now())


def test_one_scheduler_per_installation(settings, store, clock):
    with sole_scheduler(settings, store, clock):
        code = (
            "from pathlib import Path; from features.clock import SystemClock; from features.settings import Settings;"
            "from pipelines.schedule.service import sole_scheduler; from serve.store import Store;"
            f"s = Settings(home=Path({str(settings.home)!r}));"
            "sole_scheduler(s, Store.open(s.store_url), SystemClock()).__enter__()"
        )
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert "another scheduler holds" in done.stderr


def test_a_scheduler_of_another_machine_is_respected_while_its_heart_beats(settings, store, clock):
    with record(store, SCHEDULER, clock=clock, key=slot_key(clock.now(), settings.zone)) as row:
        beat(store, row.id, clock=clock)
        assert last_beat(store) == clock.now()
        with pytest.raises(SchedulerRunningError, match="was alive"), sole_scheduler(settings, store, clock):
            pass
        clock.advance(2 * MINUTE)
        with sole_scheduler(settings, store, clock):
            pass
    assert last_beat(store) is None


def _drop(folder: Path, name: str, age: timedelta, now: datetime) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(name)
    stamp = (now - age).timestamp()
    os.utime(path, (stamp, stamp))
    return path


def test_only_complete_files_are_taken_oldest_first(tmp_path, clock):
    now = clock.now()
    _drop(tmp_path / "nyc", "b.csv", 3 * MINUTE, now)
    _drop(tmp_path / "nyc", "a.csv", 2 * MINUTE, now)
    _drop(tmp_path / "nyc", "growing.csv", timedelta(seconds=2), now)
    _drop(tmp_path / "nyc", "half.csv.part", 5 * MINUTE, now)
    _drop(tmp_path / "nyc", ".hidden", 5 * MINUTE, now)
    _drop(tmp_path / "own", "mapping.toml", 5 * MINUTE, now)
    _drop(tmp_path / "own", "c.csv", MINUTE, now)
    found = arrivals(tmp_path, now=now, settle=timedelta(seconds=10))
    assert [(item.path.name, item.mapping) for item in found] == [
        ("b.csv", "nyc"),
        ("a.csv", "nyc"),
        ("c.csv", str(tmp_path / "own/mapping.toml")),
    ]


def test_a_file_put_away_keeps_its_name_unless_another_has_it(tmp_path, clock):
    for expected in ("a.csv", "a.2.csv", "a.3.csv"):
        path = _drop(tmp_path, "a.csv", MINUTE, clock.now())
        assert put_away(path, into="done").name == expected
    path = _drop(tmp_path, "bad.csv", MINUTE, clock.now())
    assert (
        put_away(path, into="failed", note="row 3 has no id").with_name("bad.csv.txt").read_text()
        == "row 3 has no id\n"
    )


def _start(home: Path, store: Store) -> subprocess.Popen:
    """Start a scheduler and wait until its heart beats."""
    code = "from pipelines.cli import main; main()"
    command = [sys.executable, "-c", code, "schedule", "run", "--home", str(home)]
    process = subprocess.Popen(command, cwd=home.parent)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(row.summary.get("pid") == process.pid for row in _rows(store, SCHEDULER)):
            return process
        time.sleep(0.2)
    process.kill()
    process.wait()
    pytest.fail("the scheduler's heart never beat")


@pytest.mark.slow
def test_the_process_stops_when_told_and_says_when_one_was_killed(settings, store):
    def states():
        return [row.status for row in _rows(store, SCHEDULER)]

    process = _start(settings.home, store)
    process.terminate()
    assert process.wait(30) == 0
    assert states() == ["done"]
    process = _start(settings.home, store)
    process.kill()
    process.wait(30)
    assert states() == ["done", "running"]
    process = _start(settings.home, store)
    assert states() == ["done", "interrupted", "running"]
    process.terminate()
    assert process.wait(30) == 0
