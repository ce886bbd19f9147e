"""Every fault of an installation: doctor fails with the next command, and no command shows a traceback."""

from __future__ import annotations

import json
import random
import resource
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from _pytest.capture import CaptureResult

from features.clock import FixedClock, SystemClock
from features.lake import Lake
from features.settings import Settings, load_settings
from features.simulator import SimulatorConfig, write_city
from pipelines import cli
from pipelines.detect import detect_everything
from pipelines.doctor import CHECKS, Status
from pipelines.forecast import forecast
from pipelines.ingest import ingest
from pipelines.promotion import promote
from pipelines.schedule.history import slot_key
from pipelines.tracking.relocate import relocate
from pipelines.train import train
from serve.jobs import SCHEDULER, beat, record
from serve.store import Store

CONFIG = """
[train]
daily = false
gate_origins = 1
[detect]
topic_days = 7
daily_history = 120
weekly_history = 40
"""
NOW = datetime.fromisoformat("2026-11-23T07:30+08:00")


@dataclass(frozen=True)
class Hamlet:
    """A small installation that went through everything once, and what it may be given next."""

    folder: Path
    settings: Settings
    next_file: Path

    @property
    def config(self) -> Path:
        return self.folder / "weisu.toml"

    @property
    def parquet(self) -> Path:
        return Path(max(Lake.of(self.settings).store.files(), key=lambda file: Path(file).stat().st_size))


def built(folder: Path) -> Hamlet:
    (folder / "weisu.toml").write_text(CONFIG, encoding="utf-8")
    settings = load_settings(
        config=folder / "weisu.toml", environ={"WEISU_HOME": f"{folder}/var", "WEISU_MLRUNS": f"{folder}/mlruns"}
    )
    clock = FixedClock(NOW)
    files = [
        write_city(
            SimulatorConfig(tickets=tickets, start=start, end=date(2026, 11, 23), seed=3, bursts=50), folder / name
        ).tickets_path
        for name, tickets, start in (("city", 4_000, date(2025, 11, 3)), ("next", 40, date(2026, 11, 16)))
    ]
    ingest([files[0]], "simulated", settings, clock)
    trained = train(settings, clock, as_of=NOW)
    for model in trained.models:
        promote(settings, model.name, model.version, actor="test", reason="whatever the gate says", clock=clock)
    forecast(settings, clock, as_of=NOW)
    detect_everything(settings, clock, as_of=NOW)
    return Hamlet(folder, settings, files[1])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Hamlet:
    return built(tmp_path_factory.mktemp("hamlet"))


@pytest.fixture
def hamlet(whole: Hamlet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hamlet:
    """A copy of it that a fault may befall, in a folder of its own, where it is found by the commands."""
    folder = tmp_path / "海口 12345"
    shutil.copytree(whole.folder, folder)
    relocate(
        folder / "mlruns/mlflow.db",
        old=(whole.folder / "mlruns").resolve().as_uri(),
        new=(folder / "mlruns").resolve().as_uri(),
    )
    for name in ("HOME", "MLRUNS", "CONFIG"):
        value = {"HOME": "var", "MLRUNS": "mlruns", "CONFIG": "weisu.toml"}[name]
        monkeypatch.setenv(f"WEISU_{name}", str(folder / value))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(SystemClock, "now", lambda _self: NOW)
    monkeypatch.setattr("uvicorn.run", lambda *_args, **_more: None)
    return Hamlet(folder, load_settings(), folder / whole.next_file.relative_to(whole.folder))


# What befalls it.


def flip(file: Path, *, count: int = 40, seed: int = 1) -> None:
    content, places = bytearray(file.read_bytes()), random.Random(seed)
    for _ in range(count):
        content[places.randrange(4, len(content) - 8)] ^= 0x55
    file.write_bytes(content)


def garbage_pages(hamlet: Hamlet) -> None:
    file = hamlet.settings.home / "weisu.db"
    content, places = bytearray(file.read_bytes()), random.Random(1)
    for _ in range(min(30, len(content) // 8192)):
        page = places.randrange(1, len(content) // 4096)
        content[page * 4096 : (page + 1) * 4096] = places.randbytes(4096)
    file.write_bytes(content)


def sql(hamlet: Hamlet, *statements: str) -> None:
    with closing(sqlite3.connect(hamlet.settings.home / "weisu.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def half_a_store(hamlet: Hamlet) -> None:
    halve(hamlet.settings.home / "weisu.db")


def newer(hamlet: Hamlet) -> None:
    sql(hamlet, "UPDATE alembic_version SET version_num = '0099'")


def without_columns(hamlet: Hamlet) -> None:
    sql(hamlet, "ALTER TABLE alerts DROP COLUMN last_event", "ALTER TABLE forecast_rows DROP COLUMN usual_level")


def half_a_tracking_store(hamlet: Hamlet) -> None:
    halve(hamlet.settings.mlruns / "mlflow.db")


def another_key(hamlet: Hamlet) -> None:
    hamlet.settings.key_file.write_bytes(b"f" * 64)


def in_gbk(hamlet: Hamlet) -> None:
    hamlet.config.write_bytes("# 海口\n[names]\nwhole = '全省'\n".encode("gbk"))


def scheduler_died(hamlet: Hamlet) -> None:
    store, clock = Store.open(hamlet.settings.store_url), FixedClock(NOW - timedelta(hours=3))
    run = record(store, SCHEDULER, clock=clock, key=slot_key(clock.now(), hamlet.settings.zone))
    beat(store, run.__enter__().id, clock=clock)
    store.close()


def scheduler_stopped(hamlet: Hamlet) -> None:
    store, clock = Store.open(hamlet.settings.store_url), FixedClock(NOW - timedelta(hours=3))
    with record(store, SCHEDULER, clock=clock, key=slot_key(clock.now(), hamlet.settings.zone)):
        pass
    store.close()


def artefacts_gone(hamlet: Hamlet) -> None:
    shutil.rmtree(hamlet.settings.mlruns / "artifacts")


def emptied(*names: str) -> Callable[[Hamlet], None]:
    return lambda hamlet: (hamlet.folder / Path(*names)).write_bytes(b"")


def more(text: str) -> Callable[[Hamlet], None]:
    return lambda hamlet: hamlet.config.write_text(hamlet.config.read_text("utf-8") + text, "utf-8")


@dataclass(frozen=True)
class Fault:
    """What happens, which check fails with what next command, what runs then, and what of it cannot do its work."""

    befalls: Callable[[Hamlet], object]
    check: str
    hint: str
    fails: tuple[str, ...] = ()
    goes_on: tuple[str, ...] = ()


START = ("lake check", "ingest", "schedule list", "serve")
LIGHT = ("doctor", *START, "report", "quality")
HEAVY = ("detect", "forecast", "train")
STORE = ("schedule list", "serve", "report", "detect")
FAULTS = {
    "flipped bytes in the lake": Fault(
        lambda h: flip(h.parquet), "lake", "weisu restore", ("lake check",), ("ingest", "quality", "detect", "report")
    ),
    "a cut file of the lake": Fault(
        lambda h: halve(h.parquet), "lake", "weisu restore", ("lake check", "quality", *HEAVY), ("ingest", "report")
    ),
    "a missing file of the lake": Fault(
        lambda h: h.parquet.unlink(), "lake", "weisu restore", ("lake check", "ingest", "quality", *HEAVY), ("report",)
    ),
    "no load log": Fault(
        lambda h: shutil.rmtree(h.settings.home / "lake/loads"), "lake", "weisu restore", ("lake check", *HEAVY)
    ),
    "no erasures": Fault(
        lambda h: shutil.rmtree(h.settings.home / "lake/erasures"), "lake", "weisu restore", ("lake check", "ingest")
    ),
    "garbage pages in the store": Fault(garbage_pages, "store", "weisu restore", (), (*START, "report", "detect")),
    "half a store": Fault(half_a_store, "store", "weisu restore", (), START),
    "a newer store": Fault(newer, "store", "install that", STORE, ("ingest", "lake check")),
    "a store without a column": Fault(without_columns, "store", "weisu restore", ("report",), START),
    "no artefacts": Fault(artefacts_gone, "models", "weisu train", ("forecast",), ("serve",)),
    "an empty tracking store": Fault(emptied("mlruns", "mlflow.db"), "mlflow", "weisu train", ("forecast",)),
    "half a tracking store": Fault(
        half_a_tracking_store, "mlflow", "back from a copy", ("train",), ("serve", "report")
    ),
    "a lost key": Fault(lambda h: h.settings.key_file.unlink(), "secret key", "weisu restore", ("ingest", "serve")),
    "half a key": Fault(lambda h: halve(h.settings.key_file), "secret key", "weisu restore", ("ingest", "serve")),
    "an empty key": Fault(emptied("var", "hmac.key"), "secret key", "weisu restore", ("ingest", "serve")),
    "another key": Fault(another_key, "secret key", "retired_key_ids", ("ingest",)),
    "a damaged list of erasures": Fault(
        lambda h: h.settings.erasure_list.write_text("{}\n"), "backups", "bring a copy of the list back"
    ),
    "a scheduler that was killed": Fault(scheduler_died, "scheduler", "weisu schedule run"),
    "a scheduler that was stopped": Fault(scheduler_stopped, "scheduler", "weisu schedule run"),
    "an unknown key": Fault(more("budgett = 3\n"), "", "weisu config show", (*LIGHT, *HEAVY)),
    "an unknown section": Fault(more("[dilivery]\nbase_url = 'x'\n"), "", "weisu config show", (*LIGHT, *HEAVY)),
    "an unknown job": Fault(more("[schedule.jobs.nope]\nenabled = false\n"), "", "weisu config show", (*LIGHT, *HEAVY)),
    "another encoding": Fault(in_gbk, "", "iconv", (*LIGHT, *HEAVY)),
}


def run(hamlet: Hamlet, command: str, monkeypatch, capsys) -> tuple[int, CaptureResult[str]]:
    """Run a command as the console script does, and return its exit code and what it said."""
    more = {
        "ingest": [str(hamlet.next_file), "--mapping", "simulated"],
        "report": ["weekly", "--out", str(hamlet.folder / "week.html")],
    }
    monkeypatch.setattr(sys, "argv", ["weisu", *command.split(), *more.get(command, [])])
    try:
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return code, capsys.readouterr()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_whole_installation_passes_everything(hamlet, monkeypatch, capsys):
    for command in LIGHT:
        code, said = run(hamlet, command, monkeypatch, capsys)
        assert code == 0, (command, code, said)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_no_command_shows_a_traceback(hamlet, name, monkeypatch, capsys):
    fault = FAULTS[name]
    fault.befalls(hamlet)
    if fault.check:
        code, said = run(hamlet, "doctor --json", monkeypatch, capsys)
        assert code == 1
        failed = {one["check"]: one["hint"] for one in json.loads(said.out)["checks"] if one["status"] == "fail"}
        assert fault.check in failed, failed
        assert fault.hint in failed[fault.check], failed
        assert all(failed.values()), failed
    for command in (*fault.fails, *fault.goes_on):
        code, said = run(hamlet, command, monkeypatch, capsys)
        text = said.out + said.err
        assert "Traceback" not in text, command
        assert code in ((1, 2, 3) if command in fault.fails else (0, 1, 2, 3)), (command, code, text)
        assert code in {0, 3} or "Hint" in text, (command, text)
        assert fault.check or fault.hint in text, (command, text)


@contextmanager
def no_room() -> Iterator[None]:
    """Let no file grow beyond nothing, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("command", ["doctor", "ingest", "schedule list", "lake check", "report"])
def test_a_full_disk_ends_in_a_sentence(hamlet, command, monkeypatch, capsys):
    with no_room():
        code, said = run(hamlet, command, monkeypatch, capsys)
    assert "Traceback" not in said.out + said.err
    assert code in ((1,) if command in ("doctor", "ingest", "report") else (0, 1)), said
    assert run(hamlet, "lake check", monkeypatch, capsys)[0] == 0


def test_a_feed_that_ended_is_found(settings, clock, tmp_path):
    lines = [
        "工单编号,受理时间,三级事项,区县",
        *(f"T{i},2026-11-{1 + i % 22:02d} 08:00:00,停水,海口" for i in range(300)),
    ]
    (tmp_path / "export.csv").write_text("\n".join(lines), encoding="utf-8")
    ingest([tmp_path / "export.csv"], "zh_12345", settings, clock)
    check = CHECKS["feeds"]
    assert check(settings, clock)[0] is Status.OK
    clock.advance(timedelta(days=30))
    status, _, hint = check(settings, clock)
    assert (status, "weisu quality" in hint) == (Status.FAIL, True)
