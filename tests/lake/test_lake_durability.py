"""What was acknowledged is on the disk; what is lost all the same is named, and comes back when handed in again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from features.clock import FixedClock
from features.durable import write_new
from features.errors import LakeError
from features.lake import Lake
from features.lake.erasure import erase
from features.lake.upkeep import check, history, optimize, vacuum
from features.mappings import load_mapping
from features.settings import Settings
from features.sources.landing import accept
from features.sources.staging import Privacy
from pipelines.ingest import ingest

HEADER = "工单编号,受理时间,三级事项,区县"


def export(folder: Path, number: int, *, rows: int = 30) -> Path:
    file = folder / f"export{number}.csv"
    lines = [f"T{number}-{i},2026-11-{1 + i % 20:02d} 08:00:00,停水,龙华区" for i in range(rows)]
    file.write_text("\n".join([HEADER, *lines]), encoding="utf-8")
    return file


def newest(lake: Lake, table: str) -> Path:
    return max((lake.path / table / "_delta_log").glob("*.json"))


def damage(commit: Path, how: str) -> None:
    content = commit.read_bytes()
    if how == "absent":
        commit.unlink()
    else:
        commit.write_bytes(b"" if how == "empty" else content[: len(content) // 2])


def named(lake: Lake, clock: FixedClock) -> str:
    try:
        return " ".join(finding.what for finding in check(lake, now=clock.now()))
    except LakeError as error:
        return str(error)


@pytest.mark.parametrize("how", ["absent", "empty", "half"])
@pytest.mark.parametrize("table", ["tickets", "loads"])
def test_a_lost_commit_of_a_file_is_named_and_handing_the_file_in_again_heals_it(settings, clock, tmp_path, table, how):
    first, second = export(tmp_path, 1), export(tmp_path, 2)
    ingest([first, second], "zh_12345", settings, clock)
    lake = Lake.of(settings)
    assert check(lake, now=clock.now()) == []
    damage(newest(lake, table), how)
    assert "hand" in named(lake, clock)
    # Another file does not heal it, and nothing that is there is lost over it.
    ingest([export(tmp_path, 3), first], "zh_12345", settings, clock)
    assert "export2.csv" in named(lake, clock)
    again = ingest([second], "zh_12345", settings, clock)
    assert (again.kept, again.skipped) == ((30, 0) if table == "tickets" else (0, 0))
    assert (check(lake, now=clock.now()), lake.tickets().num_rows) == ([], 90)
    assert ingest([second], "zh_12345", settings, clock).skipped == 1


@pytest.mark.parametrize("how", ["absent", "empty", "half"])
@pytest.mark.parametrize("table", ["tickets", "loads"])
def test_a_lost_commit_of_a_batch_is_named_and_sending_it_again_heals_it(settings, clock, table, how):
    lake, mapping = Lake.of(settings), load_mapping("zh_12345")
    privacy = Privacy.with_key(settings.secret_key())

    def send(key: str):
        rows = [
            dict(zip(HEADER.split(","), (f"{key}{i}", "2026-11-02 08:00:00", "停水", "龙华区"), strict=True))
            for i in range(9)
        ]
        return accept(lake, rows, mapping, idempotency_key=key, privacy=privacy, now=clock.now())

    assert (send("a").kept, send("b").kept, send("b").replayed) == (9, 9, True)
    damage(newest(lake, table), how)
    assert "hand" in named(lake, clock)
    again = send("b")
    assert (again.kept, again.replayed) == ((9, False) if table == "tickets" else (0, False))
    assert (check(lake, now=clock.now()), lake.tickets().num_rows) == ([], 18)
    assert send("b").replayed


def test_both_logs_lost_at_once_are_named(settings, clock, tmp_path):
    lake = Lake.of(settings)
    ingest([export(tmp_path, 1)], "zh_12345", settings, clock)
    for table in ("tickets", "loads"):
        damage(newest(lake, table), "empty")
    assert "newest commit is empty" in named(lake, clock)
    assert ingest([export(tmp_path, 1)], "zh_12345", settings, clock).kept == 30
    assert check(lake, now=clock.now()) == []


def test_a_version_that_was_seen_never_names_other_rows(settings, clock, tmp_path):
    lake = Lake.of(settings)
    ingest([export(tmp_path, 1), export(tmp_path, 2)], "zh_12345", settings, clock)
    seen = lake.version
    damage(newest(lake, "tickets"), "absent")
    ingest([export(tmp_path, 3)], "zh_12345", settings, clock)
    assert (lake.version, lake.tickets(snapshot=seen).num_rows) == (seen + 1, 30)
    assert {entry["version"] for entry in history(lake)} == set(range(lake.version + 1))


def test_a_sound_lake_stays_sound_through_upkeep_and_erasure(settings, clock, tmp_path):
    lake = Lake.of(settings)
    ingest([export(tmp_path, 1), export(tmp_path, 2)], "zh_12345", settings, clock)
    ingest([export(tmp_path, 1)], "zh_12345", settings, clock)
    optimize(lake)
    erase(lake, source="zh_12345", ids=["T1-1"], by="test", reason="law", now=clock.now())
    vacuum(lake, retained=())
    assert check(lake, now=clock.now()) == []
    assert ingest([export(tmp_path, 1)], "zh_12345", settings, clock).skipped == 1


@pytest.fixture
def synced(monkeypatch) -> list[str]:
    """Paths that were brought to the disk, in order."""
    paths: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        paths.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def test_a_load_is_on_the_disk_before_it_is_acknowledged(settings, clock, tmp_path, synced):
    lake = Lake.of(settings)
    file = export(tmp_path, 1)
    file.write_text(file.read_text() + "\n,,,\n", encoding="utf-8")
    assert ingest([file], "zh_12345", settings, clock).quarantined == 1
    for table in ("tickets", "quarantine", "loads"):
        inside = [path for path in synced if f"/{table}" in path]
        data = [str(path) for path in (lake.path / table).glob("*.parquet")]
        assert {*data, *map(str, (lake.path / table / "_delta_log").glob("*.json"))} <= set(inside)
        assert {str(lake.path / table), str(lake.path / table / "_delta_log")} <= set(inside)
        # The rows before the commit that names them.
        assert inside.index(data[0]) < inside.index(str(newest(lake, table)))
    assert str(lake.path) in synced


def test_upkeep_and_erasure_are_on_the_disk_too(settings, clock, tmp_path, synced):
    lake = Lake.of(settings)
    ingest([export(tmp_path, 1), export(tmp_path, 2)], "zh_12345", settings, clock)
    for change in (
        lambda: optimize(lake),
        lambda: erase(lake, source="zh_12345", ids=["T1-1"], by="test", reason="law", now=clock.now()),
    ):
        synced.clear()
        change()
        assert {str(newest(lake, "tickets")), str(lake.store.log), *lake.store.files()} <= set(synced)


def test_the_secret_key_is_whole_and_on_the_disk(tmp_path, synced):
    settings = Settings(home=tmp_path / "var", mlruns=tmp_path / "mlruns")
    key = settings.secret_key()
    path = settings.home / "hmac.key"
    assert (len(key), path.stat().st_mode & 0o777, settings.secret_key()) == (64, 0o600, key)
    assert {str(settings.home), str(tmp_path)} <= set(synced)
    assert [entry.name for entry in settings.home.iterdir()] == ["hmac.key"]
    with pytest.raises(FileExistsError, match=r"hmac\.key"):
        write_new(path, b"another")


def test_sqlite_syncs_every_commit(store):
    with store.reading() as session:
        assert session.scalar(text("PRAGMA synchronous")) == 2
