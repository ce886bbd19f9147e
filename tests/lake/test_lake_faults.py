"""Killed processes and rival writers: no row lost, none doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from features.lake import Lake
from features.lake.storage import CommitConflictError
from features.lake.upkeep import check
from features.mappings import Mapping
from features.sources.staging import Staging

COUNT = 3000
MAPPING = Mapping(
    source="city",
    timezone="UTC",
    known_at="updated_at",
    columns={"ticket_id": "id", "opened_at": "opened", "updated_at": "opened", "category": "kind"},
)
WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_lake_faults import load, rows
from features.lake import Lake
lake = Lake.open(sys.argv[1], timezone="UTC")
print("ready", flush=True)
for part in range(4):
    load(lake, rows(part), name=f"part{part}")
print("done", flush=True)
"""


def rows(part: int, count: int = COUNT) -> pa.Table:
    numbers = range(part * count // 2, part * count // 2 + count)
    return pa.table(
        {
            "id": [f"T{i}" for i in numbers],
            "opened": [f"2026-03-{i % 28 + 1:02d} 09:00:00" for i in numbers],
            "kind": [f"k{i % 7}" for i in numbers],
        }
    )


def load(lake: Lake, table: pa.Table, *, name: str = "rows"):
    with lake.staging() as (load_id, folder):
        now = datetime(2026, 4, 1, tzinfo=UTC)
        staging = Staging(MAPPING, into=folder, privacy=None, now=now, load_id=load_id, threads=1)
        return lake.upsert(staging.rows(table, name=name))


def killed_run(folder: Path, after: float) -> bool:
    """Start the writer, kill it `after` seconds into its work; return whether it had finished."""
    command = [sys.executable, "-c", WRITER, str(folder), "", str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(after)
        os.kill(process.pid, signal.SIGKILL)
        return "done" in process.stdout.read()


def assert_nothing_lost_or_doubled(lake: Lake) -> None:
    for part in range(4):
        # Handed in again under its own name, as a file is: that is how the load log knows it.
        load(lake, rows(part), name=f"part{part}")
    found = lake.tickets(columns=["ticket_id"])["ticket_id"].to_pylist()
    assert len(found) == len(set(found))
    assert set(found) == {ticket for part in range(4) for ticket in rows(part)["id"].to_pylist()}
    assert check(lake, now=datetime(2026, 5, 1, tzinfo=UTC)) == []
    assert lake.store.table().count() == len(found)


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_a_writer_killed_at_random_moments_loses_and_doubles_nothing(tmp_path, kills):
    moments = random.Random(kills)
    for attempt in range(kills):
        folder = tmp_path / f"lake{attempt // 5}"
        killed_run(folder, moments.uniform(0.0, 2.5))
        lake = Lake.open(str(folder), timezone="UTC")
        found = lake.tickets(columns=["ticket_id"])["ticket_id"].to_pylist()
        assert len(found) == len(set(found))
        if attempt % 5 == 4 or attempt == kills - 1:
            assert_nothing_lost_or_doubled(lake)


def test_two_writers_at_once_lose_and_double_nothing(tmp_path):
    def write(part: int) -> int:
        return load(Lake.open(str(tmp_path), timezone="UTC"), rows(part, 200)).kept

    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(write, [0, 1, 0, 1, 2, 2]))
    found = Lake.open(str(tmp_path), timezone="UTC").tickets(columns=["ticket_id"])["ticket_id"].to_pylist()
    assert sum(kept) == len(found) == len(set(found)) == 400


def test_without_the_lock_the_slower_writer_is_told(tmp_path):
    lake = Lake.open(str(tmp_path), timezone="UTC")
    load(lake, rows(0, 10))
    base = lake.version
    file = lake.store.path / "late.parquet"
    file.write_bytes(Path(lake.store.table().file_uris()[0]).read_bytes())
    load(lake, rows(1, 10))
    with pytest.raises(CommitConflictError, match="another writer was faster"):
        lake.store.append([file], note={}, guard=base)


def test_readers_read_on_while_a_writer_writes(tmp_path):
    lake = Lake.open(str(tmp_path), timezone="UTC")
    load(lake, rows(0, 200))

    def read(_: int) -> int:
        return Lake.open(str(tmp_path), timezone="UTC").tickets(columns=["ticket_id"]).num_rows

    with ThreadPoolExecutor(3) as pool:
        writing = pool.submit(load, Lake.open(str(tmp_path), timezone="UTC"), rows(1, 200))
        seen = set(pool.map(read, range(12)))
    assert writing.result().kept == 100
    assert seen <= {200, 300}
