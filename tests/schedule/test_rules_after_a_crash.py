"""Kill -9 between the commit of a batch and anything after it: the rules see the batch all the same, and once."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import select

from features.configuration import SHIPPED_JOBS
from features.lake import Lake
from features.lake.upkeep import optimize
from pipelines.errors import PipelineError
from pipelines.schedule import Runner, read_schedule
from pipelines.schedule.rules import RULES, apply_rules_to_news, rules_are_behind
from serve.store.tables import Alert, JobRun
from serve.tickets.landing import land

ONLY_INGEST = {"schedule": {"jobs": {name: {"enabled": False} for name in SHIPPED_JOBS if name != "ingest"}}}
ROWS = [
    {
        "工单编号": f"K{n}",
        "受理时间": f"2026-11-22 0{n}:00:00",
        "三级事项": "停水",
        "区县": "龙华区",
        "来电人": f"1390000000{n}",
    }
    for n in range(6)
]
LAND_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from features.lake import Lake
from features.settings import Settings
from serve.tickets.landing import land

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

Lake.log = die
rows = {rows}
land(Settings(home=Path(sys.argv[1]), hmac_key="test-key"), "zh_12345", rows, idempotency_key="b1",
    now=datetime(2026, 11, 22, 12, tzinfo=UTC))
"""

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow warns a lot


@pytest.fixture
def runner(settings, store, clock) -> Runner:
    quiet = settings.changed(**ONLY_INGEST)
    return Runner(quiet, store, clock, read_schedule(quiet))


def rules_runs(store) -> list[JobRun]:
    with store.reading() as session:
        return list(session.scalars(select(JobRun).where(JobRun.name == RULES).order_by(JobRun.id)))


def alerts(store) -> list[str]:
    with store.reading() as session:
        return [alert.kind for alert in session.scalars(select(Alert))]


def test_a_batch_whose_process_was_killed_after_its_commit_is_seen_once(settings, store, clock, runner):
    code = LAND_AND_DIE.replace("{rows}", repr(ROWS))
    dead = subprocess.run([sys.executable, "-c", code, str(settings.home)], check=False)
    assert dead.returncode == -signal.SIGKILL
    lake = Lake.of(settings)
    assert (lake.version, lake.sources(), alerts(store)) == (1, [], [])

    runner.run_due()
    assert [run.status for run in rules_runs(store)] == ["degraded"]  # no champion: the release's own detector
    assert alerts(store) == ["高频"]

    clock.advance(timedelta(minutes=2))
    sent_again = land(settings, "zh_12345", ROWS, idempotency_key="b1", now=clock.now())
    assert (sent_again.kept, sent_again.unchanged) == (0, 6)
    runner.run_due()
    assert len(rules_runs(store)) == 1

    land(settings, "zh_12345", [{**ROWS[0], "工单编号": "L1"}], idempotency_key="b3", now=clock.now())
    runner.run_due()
    optimize(lake)
    clock.advance(timedelta(minutes=2))
    runner.run_due()
    assert len(rules_runs(store)) == 2, "a compaction brings no news"


def test_rules_that_fail_are_tried_again_and_then_less_often(settings, store, clock, monkeypatch):
    land(settings, "zh_12345", ROWS, idempotency_key="b1", now=clock.now())

    def fails(*_, **__):
        raise PipelineError("the detector is out of order", hint="mend it")

    with monkeypatch.context() as broken:
        broken.setattr("pipelines.detect.detect_batch", fails)
        tried = []
        for _ in range(4):
            tried.append(rules_are_behind(settings, store, now=clock.now()))
            apply_rules_to_news(settings, store, clock)
            clock.advance(timedelta(minutes=1))
    assert tried == [True, True, True, False]
    assert [run.status for run in rules_runs(store)] == ["failed"] * 3

    clock.advance(timedelta(hours=1))
    assert apply_rules_to_news(settings, store, clock) == {"loads": 1, "versions": 6}
    assert alerts(store) == ["高频"]
    assert not rules_are_behind(settings, store, now=clock.now())


def test_another_lake_in_the_same_place_is_read_from_its_beginning(settings, store, clock):
    land(settings, "zh_12345", ROWS[:1], idempotency_key="b1", now=clock.now())
    apply_rules_to_news(settings, store, clock)
    Lake.of(settings).path.rename(settings.home / "lake.old")
    land(settings, "zh_12345", ROWS, idempotency_key="b2", now=clock.now())
    assert apply_rules_to_news(settings, store, clock) == {"loads": 1, "versions": 6}
