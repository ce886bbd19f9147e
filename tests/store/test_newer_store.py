"""A store of a newer release is refused before anything is computed: by every command that writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipelines.cli import app
from serve.errors import StoreError
from serve.store import Store

WRITING = {
    "demo": ["--no-serve"],
    "detect": [],
    "forecast": [],
    "models promote": ["weisu-demand", "1"],
    "models rollback": ["weisu-demand"],
    "report weekly": ["--out", "report.xlsx"],
    "schedule list": [],
    "schedule next": [],
    "schedule run": ["--once"],
    "serve": [],
    "taxonomy import": ["crosswalk.csv"],
    "train": [],
    "users add": ["planner", "--role", "planner"],
    "users list": [],
    "users revoke": ["ak_1"],
}
"""Commands that open the store to write, or that say what stands in it, with what they need."""

OTHERS = {
    "areas check", "backtest", "calendar check", "calendar events", "calendar show", "config check", "config reference",
    "config show", "ingest", "init", "lake check", "lake erase", "lake history", "lake optimize", "lake quarantine",
    "lake retain", "lake vacuum", "mapping list", "mapping suggest", "models give-back", "models list", "models show",
    "quality", "replay", "rules table", "rules try", "simulate", "taxonomy check", "taxonomy propose",
    "taxonomy sources",
    # These have words of their own for it, and tests beside theirs.
    "backup", "doctor", "restore",
}  # fmt: skip
"""Commands that write no store."""


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name, one in command.commands.items():
            yield from _leaves(one, (*path, name))
    else:
        yield " ".join(path)


def test_every_command_is_named_here() -> None:
    assert set(_leaves(get_command(app))) == set(WRITING) | OTHERS


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose store a newer release made; its lake is empty, so that whoever computed first would say that."""
    home = tmp_path / "var"
    home.mkdir()
    Store.open(f"sqlite:///{home / 'weisu.db'}").close()
    connection = sqlite3.connect(home / "weisu.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for name, value in {"WEISU_HOME": str(home), "WEISU_MLRUNS": str(tmp_path / "mlruns")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crosswalk.csv").write_text("", encoding="utf-8")
    return home


@pytest.mark.parametrize("command", [*WRITING, "detect --rules-only"])
def test_a_newer_store_is_refused_before_anything_is_computed(command: str, newer: Path) -> None:
    before = {file: file.read_bytes() for file in newer.glob("weisu.db")}
    result = CliRunner().invoke(app, [*command.split(), *WRITING.get(command, [])])
    assert isinstance(result.exception, StoreError), (result.exception, result.output)
    assert str(result.exception).startswith("the store sqlite:"), result.exception
    assert "was made by a newer release (revision 9999" in str(result.exception)
    assert result.exception.exit_code == 1
    assert {file: file.read_bytes() for file in newer.glob("weisu.db")} == before
    assert {file.name for file in newer.iterdir() if not file.name.startswith("weisu.db")} <= {"leases"}
    assert not (newer.parent / "mlruns").exists()
