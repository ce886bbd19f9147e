"""Whatever happens to a file of the lake, `check` reads it and names it, and makes nothing that is not there."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import LakeError
from features.lake import Lake
from features.lake.checksums import Checksums
from features.lake.duck import duck, parquet
from features.lake.erasure import erase
from features.lake.upkeep import check, optimize, vacuum
from pipelines.ingest import ingest


@pytest.fixture
def lake(settings, clock, tmp_path) -> Lake:
    for number in (1, 2):
        lines = ["工单编号,受理时间,三级事项,区县,诉求内容"]
        lines += [
            f"T{number}-{i},2026-11-{1 + i % 20:02d} 08:00:00,停水,龙华区,{'搅拌站扰民' * 9}{i}" for i in range(90)
        ]
        (tmp_path / f"{number}.csv").write_text("\n".join(lines), encoding="utf-8")
        ingest([tmp_path / f"{number}.csv"], "zh_12345", settings, clock)
    return Lake.of(settings)


def newest(lake: Lake, table: str = "tickets") -> Path:
    return max((lake.path / table).glob("*.parquet"), key=lambda file: file.stat().st_mtime_ns)


def flip(file: Path, at: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(at * (len(content) - 1))] ^= 0x10
    file.write_bytes(content)


DAMAGE: dict[str, tuple[Callable[[Lake], None], str]] = {
    "truncated": (lambda lake: newest(lake).write_bytes(newest(lake).read_bytes()[:-900]), "damaged files of tickets/"),
    "empty": (lambda lake: newest(lake).write_bytes(b""), "damaged files of tickets/"),
    "gone": (lambda lake: newest(lake).unlink(), "missing files of tickets/"),
    "other rows": (lambda lake: shutil.copy(min(lake.store.files()), max(lake.store.files())), "damaged files"),
    "load log": (lambda lake: flip(newest(lake, "loads"), 0.5), "damaged files of loads/"),
    "no loads": (lambda lake: shutil.rmtree(lake.path / "loads"), "table loads/ is gone"),
    "no erasures": (lambda lake: shutil.rmtree(lake.path / "erasures"), "table erasures/ is gone"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_damage_is_named_with_the_way_out(lake, clock, how):
    assert check(lake, now=clock.now()) == []
    damage, said = DAMAGE[how]
    damage(lake)
    before = sorted(lake.path.rglob("*"))
    (found,) = check(lake, now=clock.now())
    assert said in found.what
    assert "weisu restore" in found.hint
    assert sorted(lake.path.rglob("*")) == before


def test_a_flipped_bit_is_found_wherever_it_lies(lake, clock):
    whole, places = newest(lake).read_bytes(), random.Random(5)
    for _ in range(40):
        flip(newest(lake), places.random())
        assert "damaged files of tickets/" in check(lake, now=clock.now())[0].what
        newest(lake).write_bytes(whole)
    assert check(lake, now=clock.now()) == []


def test_files_of_a_release_without_checksums_are_read_and_get_one_with_the_next_upkeep(lake, clock):
    lake.store.checksums.path.unlink()
    assert check(lake, now=clock.now()) == []
    whole = newest(lake).read_bytes()
    newest(lake).write_bytes(whole[:20] + bytes(60) + whole[80:])
    assert "damaged" in check(lake, now=clock.now())[0].what
    newest(lake).write_bytes(whole)
    optimize(lake)
    assert lake.store.checksums.unknown(Path(file).name for file in lake.store.files()) == []


def test_checksums_follow_upkeep_and_erasure_and_a_cut_line_harms_nothing(lake, clock):
    with lake.store.checksums.path.open("ab") as log:
        log.write(b'{"file": "cut')
    erase(lake, source="zh_12345", ids=["T1-1"], by="test", reason="law", now=clock.now())
    optimize(lake)
    vacuum(lake, retained=())
    names = {Path(file).name for file in lake.store.files()}
    assert set(lake.store.checksums.read()) == names
    flip(newest(lake), 0.5)
    assert "damaged" in check(lake, now=clock.now())[0].what


def test_a_damaged_file_of_an_earlier_version_is_told_as_such(lake, clock):
    first = newest(lake)
    optimize(lake)
    flip(first, 0.4)
    (found,) = check(lake, now=clock.now())
    assert "of earlier versions only" in found.what


def test_nothing_is_loaded_where_it_is_not_known_who_was_erased(lake, settings, clock, tmp_path):
    shutil.rmtree(lake.path / "erasures")
    (tmp_path / "3.csv").write_text("工单编号,受理时间,三级事项,区县\nX,2026-11-03 08:00:00,停水,龙华区\n", "utf-8")
    with pytest.raises(LakeError, match="must not bring back"):
        ingest([tmp_path / "3.csv"], "zh_12345", settings, clock)
    assert lake.tickets().num_rows == 180


def test_what_duckdb_cannot_read_is_an_error_of_the_lake(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"nothing")
    with pytest.raises(LakeError, match=r"a table cannot be read: .*\n?Hint: `weisu lake check`"), duck() as connection:
        connection.sql(f"SELECT * FROM {parquet(tmp_path / 'a.parquet')}").fetchall()


def test_the_last_word_about_a_file_counts(tmp_path):
    file, written = tmp_path / "a.parquet", Checksums(tmp_path)
    for content in (b"one", b"two"):
        file.write_bytes(content)
        written.write([file])
    assert len(written.read()) == 1
    file.unlink()
    written.forget_deleted()
    assert written.read() == {}
