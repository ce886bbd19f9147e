"""A week of the hotline on a fake clock, with the real jobs on a small simulated city."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from features.clock import FixedClock
from features.settings import Settings
from features.simulator import SimulatorConfig, simulate
from pipelines.schedule import Runner, read_schedule
from serve.store import Store
from serve.store.tables import JobRun

CITY = SimulatorConfig(tickets=4_000, start=date(2026, 2, 23), end=date(2026, 11, 29), changes="all", seed=5)
FIRST_DAY = date(2026, 11, 21)
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow warns a lot

SWEEPS = ("00:30", "02:00", "07:00", "08:05")

SECTIONS = {
    "train": {"daily": False, "gate_origins": 1},
    "detect": {"text": False, "space": False, "daily_history": 90, "weekly_history": 40},
    "schedule": {"jobs": {"detect": {"cron": "5 8 * * *"}}},
}


@pytest.fixture(scope="module")
def week(tmp_path_factory) -> tuple[Settings, Store]:
    """An installation that went through the week, a file arriving shortly after every midnight."""
    folder = tmp_path_factory.mktemp("week")
    settings = Settings(home=folder / "var", mlruns=folder / "mlruns", hmac_key="test-key", **SECTIONS)
    rows = pa.Table.from_batches(list(simulate(CITY)))
    clock = FixedClock(datetime.combine(FIRST_DAY, datetime.min.time(), settings.zone))
    store = Store.open(settings.store_url)
    runner = Runner(settings, store, clock, read_schedule(settings))
    taken = datetime.combine(CITY.start, datetime.min.time())
    for day in range(8):
        midnight = datetime.combine(FIRST_DAY + timedelta(days=day), datetime.min.time())
        _arrive(settings, rows, taken, midnight)
        taken = midnight
        for time in SWEEPS:
            wanted = datetime.fromisoformat(f"{midnight.date()}T{time}").replace(tzinfo=settings.zone)
            clock.advance(wanted - clock.now())
            runner.run_due()
    yield settings, store
    store.close()


def _arrive(settings: Settings, rows: pa.Table, after: datetime, until: datetime) -> None:
    """Put what became known between two midnights into the watched folder, as a file of the first minute."""
    known = rows["更新时间"]
    part = rows.filter(pc.and_(pc.greater_equal(known, after), pc.less(known, until)))
    path = settings.home / "incoming/simulated" / f"{until.date()}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(part, path)
    stamp = until.replace(tzinfo=settings.zone).timestamp() + 60
    os.utime(path, (stamp, stamp))


def _runs(week, name: str) -> list[JobRun]:
    with week[1].reading() as session:
        return list(session.scalars(select(JobRun).where(JobRun.name == name).order_by(JobRun.id)))


def test_every_job_of_the_week_is_recorded(week):
    for name, count in [("ingest", 8), ("rules", 8), ("detect", 9), ("train", 2), ("forecast", 2), ("report", 2)]:
        runs = _runs(week, name)
        assert [run.error for run in runs if run.status == "failed"] == [], name
        assert len(runs) == count, name
        assert all(run.finished_at and run.status in {"done", "degraded"} for run in runs), name


def test_the_watched_folder_is_emptied_and_nothing_is_refused(week):
    incoming = week[0].home / "incoming/simulated"
    assert [path.name for path in incoming.iterdir()] == ["done"]
    assert len(list((incoming / "done").iterdir())) == 8
    read = [sum(file["read"] for file in run.summary["files"].values()) for run in _runs(week, "ingest")]
    assert all(count > 0 for count in read)


def test_monday_brings_a_forecast_and_a_report_before_half_past_seven(week):
    monday = [run for run in _runs(week, "forecast") if run.key == "slot 2026-11-23T07:00:00+08:00"]
    assert len(monday) == 1
    [report] = [run for run in _runs(week, "report") if run.key == "slot 2026-11-23T07:00:00+08:00"]
    assert report.started_at >= monday[0].finished_at
    path = Path(report.summary["out"])
    assert path.name == "weisu-2026-W47.xlsx"
    assert path.stat().st_size > 5000


def test_training_keeps_sundays_slot(week):
    assert [run.key for run in _runs(week, "train")][1:] == ["slot 2026-11-22T02:00:00+08:00"]
