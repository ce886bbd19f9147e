"""Kill -9 in the middle of an ingest: the next scheduler says so, repeats it, and nothing is doubled."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from features.configuration import SHIPPED_JOBS
from features.lake import Lake
from features.simulator import SimulatorConfig, write_city
from serve.store.tables import JobRun

CITY = SimulatorConfig(tickets=40_000, start=date(2025, 11, 23), end=date(2026, 11, 20))
CONFIG = """
[schedule.jobs.ingest]
retry_after = "1s"
""" + "".join(f"[schedule.jobs.{name}]\nenabled = false\n" for name in SHIPPED_JOBS if name != "ingest")


def _wait(until: Callable[[], bool], *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            pytest.fail("waited too long")
        time.sleep(0.05)


@pytest.mark.slow
def test_a_killed_ingest_is_repeated_and_nothing_is_doubled(settings, store, tmp_path):
    (tmp_path / "weisu.toml").write_text(CONFIG)
    export = write_city(CITY, settings.home / "incoming/simulated")
    for extra in ("README.md", "truth.parquet"):
        (export.tickets_path.parent / extra).unlink()
    an_hour_ago = time.time() - 3600
    os.utime(export.tickets_path, (an_hour_ago, an_hour_ago))

    def states() -> list[str]:
        with store.reading() as session:
            return list(session.scalars(select(JobRun.status).where(JobRun.name == "ingest").order_by(JobRun.id)))

    def start() -> subprocess.Popen:
        code = "from pipelines.cli import main; main()"
        command = [sys.executable, "-c", code, "schedule", "run", "--home", str(settings.home)]
        return subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "WEISU_HMAC_KEY": "test-key"})

    first = start()
    _wait(lambda: states() == ["running"])
    time.sleep(0.5)
    first.kill()
    first.wait()
    assert export.tickets_path.exists()
    second = start()
    try:
        _wait(lambda: states() == ["interrupted", "done"])
    finally:
        second.terminate()
        second.wait(60)
    tickets = Lake.open(settings.lake_path, timezone=settings.timezone).tickets(columns=["ticket_id"])
    ids = tickets["ticket_id"].to_pylist()
    assert len(ids) == len(set(ids)) > 39_900
    assert (export.tickets_path.parent / "done/tickets.parquet").exists()
