"""Kill -9 in the middle of ingest, train and publish: the next run starts from the last good state."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, select

from features.lake import Lake
from pipelines.tracking import Registry
from serve.store import Store
from serve.store.tables import ForecastIssueRow, ForecastRow

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]
WEISU = [sys.executable, "-m", "pipelines.cli"]


def run(arguments: list[str], environ: dict[str, str], *, kill_after: float | None = None) -> int:
    # A session of its own: the workers of a killed run die with it, as they would when the machine loses power.
    process = subprocess.Popen(
        [*WEISU, *arguments], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    if kill_after is not None:
        time.sleep(kill_after)
        os.killpg(process.pid, signal.SIGKILL)
    _, stderr = process.communicate(timeout=540)
    if kill_after is None:
        assert process.returncode in (0, 3), stderr.decode()[-2000:]
    return process.returncode


def counts(settings) -> tuple[int, int, int]:
    """Issues, forecast rows, and rows without an issue that is published."""
    store = Store.open(settings.store_url)
    with store.reading() as session:
        issues = session.scalar(select(func.count()).select_from(ForecastIssueRow))
        rows = session.scalar(select(func.count()).select_from(ForecastRow))
        published = select(ForecastIssueRow.id)
        orphans = session.scalar(
            select(func.count()).select_from(ForecastRow).where(ForecastRow.issue_id.not_in(published))
        )
    store.close()
    return issues, rows, orphans


def test_ingest_killed_at_random_points_doubles_nothing(own_city, environ, tmp_path):
    lake = Lake.open(own_city.settings.lake_path, timezone=own_city.settings.timezone)
    before = lake.tickets(columns=["ticket_id"]).num_rows
    again = tmp_path / "again.parquet"
    again.write_bytes(own_city.tickets.read_bytes())
    for attempt in range(4):
        run(
            ["ingest", str(again), "--mapping", "simulated"], environ, kill_after=random.Random(attempt).uniform(0.5, 4)
        )
    run(["ingest", str(again), "--mapping", "simulated"], environ)
    ids = lake.tickets(columns=["ticket_id"])["ticket_id"].to_pylist()
    assert len(ids) == len(set(ids)) == before


def test_a_killed_training_leaves_the_champion(own_city, environ):
    champion = Registry.open(own_city.settings).champion("weisu-demand")
    run(["train", "--as-of", "2026-11-23"], environ, kill_after=12)
    assert Registry.open(own_city.settings).champion("weisu-demand").version == champion.version
    run(["train", "--as-of", "2026-11-23"], environ)
    mlflow = Registry.open(own_city.settings).mlflow
    experiment = mlflow.get_experiment_by_name("demand").experiment_id
    statuses = [run.info.status for run in mlflow.MlflowClient().search_runs([experiment])]
    assert "RUNNING" not in statuses


def test_a_killed_publish_leaves_the_last_issue(own_city, environ):
    before = counts(own_city.settings)
    for attempt in range(4):
        kill_after = random.Random(attempt).uniform(4, 12)
        run(["forecast", "--as-of", "2026-11-24"], environ, kill_after=kill_after)
        issues, rows, orphans = counts(own_city.settings)
        assert orphans == 0
        assert (issues, rows) in {before[:2], (before[0] + 1, before[1] * 2)}
    run(["forecast", "--as-of", "2026-11-24"], environ)
    assert counts(own_city.settings) == (before[0] + 1, before[1] * 2, 0)
