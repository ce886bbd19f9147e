from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pipelines.cli import app


@pytest.fixture
def schedule(tmp_path, monkeypatch):
    """Run `weisu schedule` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(app, ["schedule", *args, "--home", str(tmp_path / "var")])


def test_list_shows_every_job(schedule):
    done = schedule("list", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["timezone"] == "Asia/Shanghai"
    jobs = {job["name"]: job for job in document["jobs"]}
    assert jobs["report"]["after"] == ["forecast"]
    assert jobs["train"]["last_state"] is None
    assert jobs["train"]["due"] is True
    assert jobs["forecast"]["next"].endswith("T07:00:00+08:00")
    assert "next: now" in schedule("list").output


def test_next_is_sorted(schedule):
    slots = [row["next"] for row in json.loads(schedule("next", "--json").stdout)["next"]]
    assert slots == sorted(slots)
    assert schedule("next").output.count("\n") == len(slots)


def test_once_runs_what_can_run_on_an_empty_installation(schedule):
    done = schedule("run", "--once", "--json")
    assert done.exit_code == 0, done.output
    runs = json.loads(done.stdout)["runs"]
    assert {name: run["state"] for name, run in runs.items()} == {"clocks": "done"}, "nothing is due to be delivered"


def test_a_bad_section_is_told(schedule, tmp_path):
    (tmp_path / "weisu.toml").write_text('[schedule.jobs.train]\ncron = "0 2 * * 7"\n')
    assert "numbers a weekday" in str(schedule("list").exception)
