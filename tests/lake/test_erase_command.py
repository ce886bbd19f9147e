"""`weisu lake erase` for an operator in a hurry: a mistyped source, and a key that was changed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from features.clock import SystemClock
from features.lake import Lake, LakeInputError
from features.privacy import CallerHasher
from features.settings import load_settings
from pipelines.cli import app
from pipelines.ingest import ingest

OLD, NEW = "the-old-key-of-it", "the-new-key-of-it"


@pytest.fixture
def rekeyed(tmp_path, monkeypatch):
    """A home whose first ticket was loaded under the old key and whose second under the new one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEISU_HOME", str(tmp_path / "var"))
    for number, key in enumerate((OLD, NEW)):
        file = tmp_path / f"{number}.csv"
        file.write_text(
            f"工单编号,受理时间,三级事项,区县,来电人\nT{number},2026-03-01 08:00:00,停水,海口,13800000001\n", "utf-8"
        )
        monkeypatch.setenv("WEISU_HMAC_KEY", key)
        if number:
            retired = CallerHasher(OLD.encode()).key_id
            (tmp_path / "weisu.toml").write_text(f'[privacy]\nretired_key_ids = ["{retired}"]\n', "utf-8")
        ingest([str(file)], "zh_12345", load_settings(), SystemClock())
    return tmp_path


def erased(*arguments: str) -> tuple[int, dict]:
    command = ["lake", "erase", "--by", "office", "--reason", "request", "--json", *arguments]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    return done.exit_code, json.loads(done.stdout) if done.stdout else {}


def left() -> list[str]:
    return Lake.of(load_settings()).tickets(columns=["ticket_id"])["ticket_id"].to_pylist()


def test_a_caller_under_an_old_key_is_missed_aloud_and_found_once_the_key_is_named(rekeyed):
    code, first = erased("--source", "zh_12345", "--caller", "+86 138-0000-0001")
    assert (code, first["tickets"], first["unknown_keys"]) == (3, 1, [CallerHasher(OLD.encode()).key_id])
    assert left() == ["T0"]
    (rekeyed / "weisu.toml").write_text(f'[privacy]\nretired_keys = ["{OLD}"]\n', "utf-8")
    code, second = erased("--source", "zh_12345", "--caller", "13800000001")
    assert (code, second["tickets"], second["unknown_keys"], left()) == (0, 1, [], [])


def test_a_mistyped_source_is_refused(rekeyed):
    with pytest.raises(LakeInputError, match="no source zh_12354 in the lake"):
        erased("--source", "zh_12354", "--id", "T0")
    assert left() == ["T0", "T1"]
