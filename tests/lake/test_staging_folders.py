"""Folders of loads: nothing of a killed one is left, and nobody takes away that of a running one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from features.lake import Lake
from features.lake.staging_folders import staging_folder, sweep
from features.lake.upkeep import optimize, vacuum
from pipelines.ingest import ingest
from serve.api.app import create_app

LOAD = """
import sys, time
from pathlib import Path
from features.lake.staging_folders import staging_folder
with staging_folder(Path(sys.argv[1])) as (load_id, folder):
    (folder / "raw.parquet").write_text("half")
    print(load_id, flush=True)
    time.sleep(600)
"""


@contextmanager
def running(place: Path):
    """A process in the middle of a load; yields it and the name of its folder."""
    place.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen([sys.executable, "-c", LOAD, str(place)], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def killed(place: Path) -> None:
    with running(place) as (process, _):
        process.send_signal(signal.SIGKILL)
        process.wait()


def folders(place: Path) -> set[str]:
    return {entry.name for entry in place.iterdir() if entry.is_dir()}


def test_a_load_cleans_up_after_itself_and_after_killed_ones(tmp_path):
    for _ in range(2):
        killed(tmp_path)
    assert len(folders(tmp_path)) == 1
    with staging_folder(tmp_path) as (load_id, folder):
        assert folders(tmp_path) == {load_id} == {folder.name}
    assert folders(tmp_path) == set()


def test_the_folder_of_a_running_load_stays_however_old_it_looks(tmp_path):
    with running(tmp_path) as (_, name):
        for entry in (tmp_path / name, *(tmp_path / name).iterdir()):
            os.utime(entry, (0, 0))
        assert sweep(tmp_path) == 0
        assert folders(tmp_path) == {name}
        with staging_folder(tmp_path):
            assert sweep(tmp_path) == 0
    assert sweep(tmp_path) == 1


@pytest.mark.parametrize(("hours", "left"), [(1, 0), (25, 1)])
def test_an_unmarked_folder_goes_when_it_is_a_day_old(tmp_path, hours, left):
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "staged.parquet").write_text("x")
    then = time.time() - hours * 3600
    for entry in (tmp_path / "older" / "staged.parquet", tmp_path / "older"):
        os.utime(entry, (then, then))
    assert sweep(tmp_path) == left


def test_many_loads_and_sweeps_at_once_take_nothing_from_each_other(tmp_path):
    def load(number: int) -> bool:
        with staging_folder(tmp_path) as (_, folder):
            (folder / "x").write_text(str(number))
            sweep(tmp_path)
            return (folder / "x").read_text() == str(number)

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(load, range(60)))
    assert folders(tmp_path) == set()


@pytest.mark.parametrize("by", ["ingest", "serve", "optimize", "vacuum"])
def test_who_starts_or_tidies_up_sweeps(tmp_path, settings, clock, by):
    lake = Lake.of(settings)
    export = tmp_path / "a.csv"
    export.write_text("工单编号,受理时间,三级事项,区县\nA,2026-11-02 09:00:00,噪声,美兰区\n")
    ingest([export], "zh_12345", settings, clock)
    killed(lake.path / "staging")
    if by == "ingest":
        ingest([export], "zh_12345", settings, clock)
    elif by == "serve":
        with TestClient(create_app(settings, clock=clock)):
            pass
    elif by == "optimize":
        optimize(lake)
    else:
        vacuum(lake, retained=())
    assert folders(lake.path / "staging") == set()


def test_a_home_that_cannot_be_swept_is_served(settings, clock):
    lake = settings.model_copy(update={"lake_folder": "s3://somewhere/lake"})
    with TestClient(create_app(lake, clock=clock)) as client:
        assert client.get("/livez").status_code == 200
