from __future__ import annotations

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipelines.cli import app

SPAN = ["--from", "2026-01-01", "--to", "2026-03-01"]


def _run(*args: str):
    return CliRunner().invoke(app, ["simulate", *args])


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_tickets_truth_and_a_note_are_written(tmp_path, format_):
    done = _run("--tickets", "4000", *SPAN, "--seed", "3", "--format", format_, "--out", str(tmp_path), "--json")
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["simulated"] is True
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.md",
        f"tickets.{format_}",
        f"truth.{format_}",
    ]
    read = pd.read_csv if format_ == "csv" else pd.read_parquet
    assert len(read(tmp_path / f"tickets.{format_}")) == summary["rows"]
    assert len(read(tmp_path / f"truth.{format_}")) == summary["incidents"] > 0
    note = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert note.startswith("# SIMULATED")
    assert "--seed 3" in note


def test_a_feed_has_more_rows_than_tickets(tmp_path):
    assert _run("--tickets", "500", *SPAN, "--changes", "all", "--out", str(tmp_path)).exit_code == 0
    assert pq.read_metadata(tmp_path / "tickets.parquet").num_rows > 1200


def test_a_span_that_is_no_span_is_refused(tmp_path):
    done = _run("--tickets", "10", "--from", "yesterday", "--to", "2026-03-01", "--out", str(tmp_path))
    assert "--from 'yesterday' is not a date" in str(done.exception)
    done = _run("--tickets", "10", "--from", "2026-03-01", "--to", "2026-03-01", "--out", str(tmp_path))
    assert "is empty" in str(done.exception)
