"""The commands around labels, areas and calendars, as a person at the terminal meets them."""

import json

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from pipelines.commands import areas, calendar, taxonomy


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in a home of its own; returns the result, JSON parsed where it printed some."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEISU_HOME", str(tmp_path / "var"))
    app = typer.Typer()
    for module in (areas, calendar, taxonomy):
        module.register(app)

    def call(*arguments):
        result = CliRunner().invoke(app, list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        document = json.loads(result.stdout) if "--json" in arguments else None
        return result.exit_code, document, result.stderr

    return call


def write(path, text):
    path.write_text(text, encoding="utf-8-sig")
    return str(path)


def test_crosswalk_is_checked_and_put_in_force(run, tmp_path):
    good = write(tmp_path / "good.csv", "old,new,valid_from\nA,B,2023-01-01\n")
    assert run("taxonomy", "check", good)[0] == 0
    code, document, _ = run("taxonomy", "import", good, "--json")
    assert (code, document["ok"], len(document["taxonomy_version"])) == (0, True, 12)
    assert (tmp_path / "var" / "taxonomy" / "crosswalk.csv").exists()


def test_wrong_crosswalk_is_listed_and_not_put_in_force(run, tmp_path):
    bad = write(tmp_path / "bad.csv", "old,new,valid_from,weight\nA,B,2023-01-01,0.5\nC,,2023-01-01,1\n")
    code, document, _ = run("taxonomy", "check", bad, "--json")
    assert (code, document["ok"]) == (2, False)
    assert [problem["row"] for problem in document["problems"]] == [3]
    code, _, stderr = run("taxonomy", "import", bad)
    assert code == 2
    assert "row 3 (C) has no old or no new label" in stderr
    assert not (tmp_path / "var" / "taxonomy").exists()


def test_changes_are_proposed_from_a_panel_and_written_to_edit(run, tmp_path):
    rng = np.random.default_rng(0)
    weeks = pd.date_range("2024-01-01", periods=80, freq="W-MON")
    rates = {
        "Street light": np.full(80, 30.0),
        "Noise": np.where(np.arange(80) < 50, 12.0, 0),
        "Noise, night": 12.0 * (np.arange(80) >= 50),
    }
    frames = [
        pd.DataFrame({"unique_id": name, "category": name, "ds": weeks, "y": rng.poisson(rate)})
        for name, rate in rates.items()
    ]
    pd.concat(frames).to_csv(tmp_path / "panel.csv", index=False)
    out = tmp_path / "proposed.csv"
    code, document, _ = run("taxonomy", "propose", "--panel", str(tmp_path / "panel.csv"), "--out", str(out), "--json")
    assert code == 0
    assert [(one["kind"], one["old"], one["new"]) for one in document["changes"]] == [
        ("rename", "Noise", "Noise, night")
    ]
    assert run("taxonomy", "check", str(out))[0] == 0


def test_spellings_are_written_to_edit_too(run, tmp_path):
    weeks = pd.date_range("2024-01-01", periods=30, freq="W-MON")
    frames = [
        pd.DataFrame({"unique_id": name, "district": name, "ds": weeks, "y": tickets})
        for name, tickets in {"04 Brooklyn": 50, "05 Brooklyn": 40, "4 Brooklyn": 1}.items()
    ]
    pd.concat(frames).to_csv(tmp_path / "panel.csv", index=False)
    out = tmp_path / "proposed.csv"
    run("taxonomy", "propose", "--dimension", "district", "--panel", str(tmp_path / "panel.csv"), "--out", str(out))
    row = pd.read_csv(out).iloc[0]
    assert row[["dimension", "old", "new", "valid_from"]].tolist() == [
        "district",
        "4 Brooklyn",
        "04 Brooklyn",
        "2024-01-01",
    ]
    assert run("taxonomy", "import", str(out))[0] == 0


def test_areas_are_checked(run, tmp_path):
    good = write(tmp_path / "good.csv", "code,name,parent,level\nP,海南省,,province\nA,龙华区,P,district\n")
    assert run("areas", "check", good, "--json")[1]["levels"] == {"province": 1, "district": 1}
    bad = write(tmp_path / "bad.csv", "code,name,parent,level\nA,龙华区,Q,district\n")
    code, _, stderr = run("areas", "check", bad)
    assert code == 2
    assert "parent 'Q' of 'A' does not exist" in stderr


def test_year_without_a_notice_is_shown_as_degraded(run):
    code, document, _ = run("calendar", "show", "2026", "--json")
    assert (code, document["degraded"]) == (0, False)
    assert {"date": "2026-02-14", "is_makeup": True}.items() <= next(
        day for day in document["days"] if day["date"] == "2026-02-14"
    ).items()
    code, _, stderr = run("calendar", "show", "2027")
    assert code == 3
    assert "the official calendar of 2027 is not known" in stderr


def test_operators_files_are_checked(run, tmp_path):
    dates = write(tmp_path / "calendar.csv", "date,kind,name\n2027-03-10,holiday,三月三\n")
    events = write(
        tmp_path / "events.csv", "name,kind,start,end,registered_at\n马拉松,event,2026-02-22,2026-02-22,2026-02-01\n"
    )
    assert run("calendar", "check", dates, "--json")[1]["kinds"] == {"holiday": 1}
    assert run("calendar", "events", events, "--json")[1]["rows"] == 1
