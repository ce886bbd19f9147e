"""The whole way: an installation that is served and written to is backed up, lost, and goes on from the copy."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select, text

from features.clock import SystemClock
from features.lake import Lake
from features.lake.upkeep import check
from features.settings import Settings, load_settings
from features.simulator import SimulatorConfig, write_city
from pipelines.detect import detect_everything
from pipelines.forecast import forecast
from pipelines.ingest import ingest
from pipelines.promotion import promote
from pipelines.train import train
from serve.access import add_key
from serve.store import Store
from serve.store.columns import Base
from serve.store.tables import AlertEvent, ForecastIssueRow

CONFIG = """
[train]
daily = false
gate_origins = 1
[detect]
topic_days = 7
daily_history = 120
weekly_history = 40
"""
SECRET = "a passphrase of the test"
STARTED = datetime.now(UTC) + timedelta(hours=8)
TODAY = STARTED.date()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


def weisu(folder: Path, *arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    code = "from pipelines.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=environ, check=False, capture_output=True, text=True)


@contextmanager
def served(folder: Path, environ: dict[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from pipelines.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, env=environ) as process:
        try:
            deadline = time.monotonic() + 120
            while True:
                try:
                    httpx2.get(f"http://127.0.0.1:{port}/livez")
                    break
                except httpx2.TransportError:
                    assert time.monotonic() < deadline
                    assert process.poll() is None
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def environ_of(folder: Path, database: str) -> dict[str, str]:
    own = {"WEISU_HOME": str(folder / "var"), "WEISU_MLRUNS": str(folder / "mlruns")}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("WEISU_")}
    return {**plain, **own, **({"WEISU_DATABASE_URL": database} if database else {})}


def tickets_of(number: int) -> dict[str, object]:
    """A batch of one ticket; the first one's caller will ask to be erased."""
    said = {"工单编号": f"P{number}", "受理时间": f"{STARTED:%Y-%m-%d %H:%M:%S}", "三级事项": "停水", "区县": "海口"}
    return {"mapping": "zh_12345", "tickets": [{**said, "来电人": f"1380000{number:04d}", "诉求内容": "停水了"}]}


@dataclass
class Sender:
    """Another system that hands in tickets, one after the other, until it is told to stop."""

    address: str
    key: str
    sent: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def send(self, number: int) -> None:
        header = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": str(number)}
        answer = httpx2.post(f"{self.address}/v1/tickets", json=tickets_of(number), headers=header, timeout=60)
        assert answer.status_code == 200, answer.text
        self.sent = max(self.sent, number + 1)

    def run(self) -> None:
        while not self.stop.is_set():
            self.send(self.sent)


def counted(settings: Settings) -> tuple[int, int]:
    store = Store.open(settings.store_url)
    with store.reading() as session:
        events, issues = (len(list(session.scalars(select(one.id)))) for one in (AlertEvent, ForecastIssueRow))
    store.close()
    return events, issues


def emptied(database: str) -> None:
    """Leave nothing in a database of PostgreSQL: it is lost with the rest."""
    if not database:
        return
    store = Store.open(database)
    with store.engine.begin() as connection:
        names = ", ".join(table.name for table in Base.metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    store.close()


def ids(settings: Settings) -> set[str]:
    return set(Lake.of(settings).tickets(columns=["ticket_id"])["ticket_id"].to_pylist())


@dataclass
class Installation:
    """One that went through everything, in a folder with a name as cities have them."""

    folder: Path
    environ: dict[str, str]
    city: Path
    key: str

    @property
    def settings(self) -> Settings:
        return load_settings(config=self.folder / "weisu.toml", environ=self.environ)


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request, tmp_path) -> Installation:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    emptied(database)
    folder = tmp_path / "海口 12345"
    folder.mkdir()
    (folder / "weisu.toml").write_text(CONFIG, encoding="utf-8")
    span = {"start": TODAY - timedelta(days=380), "end": TODAY - timedelta(days=1)}
    city = write_city(SimulatorConfig(tickets=2_000, seed=3, bursts=50, **span), tmp_path / "city").tickets_path
    made = Installation(folder, environ_of(folder, database), city, "")
    settings, clock = made.settings, SystemClock()
    ingest([city], "simulated", settings, clock)
    # The models are files on either side: training them once is enough.
    for model in train(settings, clock).models if not database else ():
        promote(settings, model.name, model.version, actor="test", reason="whatever the gate says", clock=clock)
    detect_everything(settings, clock)
    store = Store.open(settings.store_url)
    made.key = add_key(store, name="machine", role="planner", now=clock.now()).secret
    store.close()
    return made


def test_what_was_backed_up_while_serving_goes_on(old, tmp_path):
    (tmp_path / "passphrase").write_text(SECRET, encoding="utf-8")
    file, sealed = tmp_path / "copy.weisu", ["--passphrase-file", str(tmp_path / "passphrase")]
    with served(old.folder, old.environ) as address:
        sender = Sender(address, old.key)
        thread = threading.Thread(target=sender.run)
        thread.start()
        while sender.sent < 2:
            time.sleep(0.05)
        done = weisu(old.folder, "backup", str(file), *sealed, "--json", environ=old.environ)
        sender.stop.set()
        thread.join()
    assert done.returncode == 0, done.stderr
    before, database = counted(old.settings), old.environ.get("WEISU_DATABASE_URL", "")
    whom = ["--source", "zh_12345", "--caller", "+86 138 0000 0000", "--by", "office", "--reason", "law"]
    assert weisu(old.folder, "lake", "erase", *whom, environ=old.environ).returncode == 0

    listed = tmp_path / "list.jsonl"
    shutil.copy(old.settings.erasure_list, listed)
    shutil.rmtree(old.folder)
    emptied(database)
    (tmp_path / "new place").mkdir()
    new = Installation(tmp_path / "new place", environ_of(tmp_path / "new place", database), old.city, old.key)
    refused = weisu(new.folder, "restore", str(file), *sealed, environ=new.environ)
    assert (refused.returncode, "would come back" in refused.stderr) == (1, True), refused.stderr
    assert list(new.folder.iterdir()) == []
    copied = ["--erasures", str(listed), "--json"]
    restored = weisu(new.folder, "restore", str(file), *sealed, *copied, environ=new.environ)
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["erased"] == 1

    # The person is not there; what was acknowledged before the backup began is.
    pushed = {int(one[1:]) for one in ids(new.settings) if one.startswith("P")}
    assert 1 in pushed <= set(range(1, sender.sent))
    assert check(Lake.of(new.settings), now=SystemClock().now()) == []
    assert counted(new.settings) == before
    goes_on(new, sent=sender.sent, has_models=not database)


def goes_on(new: Installation, *, sent: int, has_models: bool) -> None:
    """What was sent since is sent again, and each job does its work on the copy."""
    with served(new.folder, new.environ) as address:
        sender = Sender(address, new.key)
        for number in range(sent):
            sender.send(number)
    found = ids(new.settings)
    assert {f"P{number}" for number in range(1, sent)} <= found
    assert "P0" not in found
    settings, clock = new.settings, SystemClock()
    assert ingest([new.city], "simulated", settings, clock).skipped == 1
    without = {"no_champion", "bundle_lost", "registry_unreadable"}
    reasons = detect_everything(settings, clock).degraded + (forecast(settings, clock).degraded if has_models else ())
    assert bool({one.code for one in reasons} & without) is not has_models
    if not has_models:
        return
    examined = json.loads(weisu(new.folder, "doctor", "--json", environ=new.environ).stdout)
    assert {one["check"] for one in examined["checks"] if one["status"] == "fail"} == set()
