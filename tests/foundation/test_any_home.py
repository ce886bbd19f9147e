"""Any folder may be a home: no library takes a part of its name for a pattern, a query, an escape or a column."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from features.clock import FixedClock
from features.foreign_paths import sqlite_file, sqlite_url
from features.lake import Lake
from features.lake.erasure import erase
from features.lake.new_loads import news_since, ticket_keys
from features.lake.upkeep import check, history, optimize, vacuum
from features.settings import Settings
from features.simulator import SimulatorConfig, write_city
from pipelines.detect import detect_everything
from pipelines.forecast import forecast
from pipelines.ingest import ingest
from pipelines.promotion import promote
from pipelines.schedule.jobs import write_weekly_report
from pipelines.train import train
from serve.store import Store

NAMES = [
    "a b",
    "海口",
    "%41",
    "a%2541b",
    "#?",
    "[1]",
    "it's",
    'q"q',
    "back\\slash",
    "source=x",
    "x*y|z^",
    "ta\tb",
    "~$&+;",
]
ALL_IN_ONE = Path("a b", "海口", "%41", "#?", "[1]", "it's", "source=x")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.mark.parametrize("name", NAMES)
def test_a_sqlite_file_is_found_by_the_url_of_its_path(name, tmp_path):
    file = tmp_path / name / "weisu.db"
    url = sqlite_url(file)
    assert (make_url(url).database, sqlite_file(url)) == (str(file), file)
    Store.open(url).close()
    assert sqlite3.connect(file).execute("SELECT count(*) FROM alembic_version").fetchall() == [(1,)]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def exports(folder: Path, *, rows: int = 40) -> list[Path]:
    """Two files of which the second repeats half of the first."""
    files = []
    for number in (0, 1):
        lines = ["工单编号,受理时间,三级事项,区县,来电号码"]
        first = number * rows // 2
        lines += [
            f"T{i},2026-11-{1 + i % 20:02d} 08:00:00,停水,龙华区,1380000{i:04d}" for i in range(first, first + rows)
        ]
        files.append(folder / f"export{number}.csv")
        files[-1].write_text("\n".join(lines), encoding="utf-8")
    return files


@pytest.mark.parametrize("name", NAMES)
def test_a_lake_anywhere_is_read_compacted_erased_and_vacuumed(name, tmp_path, clock):
    home = tmp_path / name
    settings = Settings(home=home / "var", mlruns=home / "mlruns", hmac_key="test-key")
    first, second = exports(tmp_path)
    lake = Lake.of(settings)
    assert ingest([first], "zh_12345", settings, clock).kept == 40
    before = lake.version
    assert ingest([second, first], "zh_12345", settings, clock).kept == 20
    assert len(ticket_keys(lake, news_since(lake, before))) == 20
    assert check(lake, now=clock.now()) == []
    assert optimize(lake)["files_removed"] > 0
    assert (lake.tickets().num_rows, check(lake, now=clock.now())) == (60, [])
    assert {path.name for path in tmp_path.iterdir()} == {name, first.name, second.name}
    done = erase(lake, source="zh_12345", ids=["T1", "T59"], by="test", reason="law", now=clock.now())
    assert (done.tickets, lake.tickets().num_rows) == (2, 58)
    removed = vacuum(lake, retained=())
    assert {file.name for file in lake.store.path.glob("*.parquet")} == {Path(file).name for file in lake.store.files()}
    assert removed or done.files
    assert lake.tickets(snapshot=lake.version).num_rows == 58
    assert [entry["version"] for entry in history(lake)] == list(range(lake.version, -1, -1))
    again = ingest([second], "zh_12345", settings, clock)
    assert (again.kept, lake.tickets().num_rows) == (0, 58)


@pytest.mark.slow
def test_the_whole_flow_runs_in_a_home_with_every_awkward_name(tmp_path):
    home = tmp_path / ALL_IN_ONE
    detect = {"topic_days": 7, "daily_history": 120, "weekly_history": 40}
    settings = Settings(
        home=home / "var",
        mlruns=home / "mlruns",
        hmac_key="test-key",
        train={"daily": False, "gate_origins": 1},
        detect=detect,
    )
    now = datetime(2026, 11, 23, 7, 30, tzinfo=settings.zone)
    made = write_city(
        SimulatorConfig(tickets=9_000, start=date(2025, 11, 3), end=date(2026, 11, 23), seed=3, bursts=200),
        home / "city",
    )
    clock = FixedClock(now)
    assert ingest([made.tickets_path], "simulated", settings, clock).kept > 8_900
    assert ingest([made.tickets_path], "simulated", settings, clock).kept == 0
    lake = Lake.of(settings)
    assert check(lake, now=clock.now()) == []
    optimize(lake)
    some = lake.tickets(columns=["ticket_id"])["ticket_id"][0].as_py()
    assert erase(lake, source="simulated", ids=[some], by="test", reason="law", now=clock.now()).tickets == 1
    trained = train(settings, clock, as_of=now)
    for model in trained.models:
        promote(settings, model.name, model.version, actor="test", reason="whatever the gate says", clock=clock)
    issued = forecast(settings, clock, as_of=now)
    assert (issued.horizon, list(issued.degraded)) == (4, [])
    assert detect_everything(settings, clock, as_of=now).candidates >= 0
    clock.advance(timedelta(hours=1))
    assert not detect_everything(settings, clock).degraded
    store = Store.open(settings.store_url)
    assert write_weekly_report(settings, store, clock).out
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [ALL_IN_ONE.parts[0]]
