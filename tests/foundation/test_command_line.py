"""`weisu --help` answers at once, and errors of ours end in a message and an exit code."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from features.settings import Settings
from pipelines.cli import COMMANDS
from pipelines.commands.options import parse_as_of

HEAVY = ("pandas", "numpy", "mlflow", "lightgbm", "prophet", "sklearn", "duckdb", "deltalake", "sqlalchemy", "fastapi")


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_command_line_imports_nothing_heavy():
    found = python(f"import sys, pipelines.cli; print([name for name in {HEAVY!r} if name in sys.modules])")
    assert found.stdout.strip() == "[]", found.stderr


def test_every_command_of_the_design_is_there():
    help_text = python("import sys; sys.argv = ['weisu', '--help']; from pipelines.cli import main; main()").stdout
    for command in [
        "demo",
        "simulate",
        "ingest",
        "train",
        "forecast",
        "detect",
        "backtest",
        "replay",
        "report",
        "models",
        "schedule",
        "serve",
        "users",
        "doctor",
    ]:
        assert f" {command} " in help_text, command
    assert list(COMMANDS) == sorted(COMMANDS)


@pytest.mark.parametrize("flag", ["2026-13-01", "yesterday"])
def test_a_bad_as_of_is_bad_usage(flag, tmp_path):
    command = [sys.executable, "-m", "pipelines.cli", "forecast", "--as-of", flag, "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert flag in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bare_date_is_its_first_instant_in_the_hotlines_zone(clock):
    settings = Settings(timezone="Asia/Shanghai")
    assert parse_as_of("2026-11-23", settings, now=clock.now()).isoformat() == "2026-11-22T16:00:00+00:00"
    assert parse_as_of(None, settings, now=clock.now()) == clock.now()


def weisu(*flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "pipelines.cli", *flags], capture_output=True, text=True, check=False)


def test_a_home_that_cannot_be_made_ends_in_one_message(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = weisu("lake", "history", "--home", str(tmp_path / "file" / "var"))
    assert done.returncode == 1
    assert done.stderr.startswith("weisu: ")
    assert "Traceback" not in done.stderr


def test_a_mapping_of_no_file_is_bad_usage(tmp_path):
    done = weisu("mapping", "suggest", str(tmp_path / "none.csv"))
    assert done.returncode == 2
    assert "no such file" in done.stderr


def test_a_port_that_is_taken_is_a_failure_not_a_degraded_run(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = weisu("serve", "--port", str(taken.getsockname()[1]), "--home", str(tmp_path))
    assert done.returncode == 1
    assert "is the port taken" in done.stderr
