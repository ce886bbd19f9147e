import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from features.clock import FixedClock
from features.settings import Settings
from pipelines.commands import quality as command
from pipelines.ingest import ingest
from pipelines.quality import quality_report

LAST = datetime(2026, 5, 20, 22, 0, tzinfo=UTC)


def tickets():
    """Forty tickets a day over 200 days; a new category in the last week, one row doubled but for its id."""
    rng = np.random.default_rng(0)
    opened = pd.Series(pd.date_range(end=LAST, periods=8000, freq="36min"))
    frame = pd.DataFrame(
        {
            "id": [f"T{number}" for number in range(8000)],
            "created": opened.dt.tz_localize(None),
            "category": rng.choice(["Ampel", "Schlagloch"], 8000),
            "address": "Hauptstraße 12",
            "lat": 48.7,
            "lon": 9.1,
        }
    )
    frame.loc[7900:7949, "category"] = "Neu"
    return frame


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quality")
    tickets().to_parquet(folder / "tickets.parquet")
    settings = Settings(
        home=folder / "var", mlruns=folder / "mlruns", timezone="Europe/Berlin", country="DE", hmac_key="test-key"
    )
    ingest([str(folder / "tickets.parquet")], "stuttgart", settings, FixedClock(LAST))
    return settings


def report(home, as_of):
    return quality_report(home, FixedClock(datetime(2026, 6, 30, tzinfo=UTC)), as_of=as_of)


def test_living_feed_with_a_new_category(home):
    document = report(home, datetime(2026, 5, 21, 6, tzinfo=UTC))
    assert document["status"] == "warning"
    assert document["freshness"][0]["status"] == "live"
    assert [row["label"] for row in document["unseen"]] == ["Neu"]
    assert {row["judgement"] for row in document["volume"]} <= {"ok", "holiday"}
    missing = {row["column"]: row["share"] for row in document["missing"]}
    assert (missing["category"], missing["caller"]) == (0, 1)
    assert document["delay"][0]["within_0d"] == 1


def test_silent_feed_is_stalled(home):
    document = report(home, datetime(2026, 5, 23, 6, tzinfo=UTC))
    assert document["status"] == "stale"
    assert document["freshness"][0]["expected_missed"] == pytest.approx(40 * 56 / 24, rel=0.02)


def test_feed_dead_for_a_year_is_stalled_too(home):
    assert report(home, datetime(2027, 9, 1, tzinfo=UTC))["status"] == "stale"


def test_earlier_view_does_not_know_what_came_later(home):
    document = report(home, datetime(2026, 4, 30, 22, tzinfo=UTC))
    assert document["unseen"] == []
    assert document["freshness"][0]["status"] == "live"


def test_empty_lake_is_not_fine(settings):
    document = quality_report(settings, FixedClock(LAST))
    assert document["status"] == "stale"
    assert document["problems"][0]["en"] == "there are no tickets at all"


def test_command_prints_json_writes_the_page_and_exits_with_3_when_stalled(home, tmp_path, monkeypatch):
    app = typer.Typer()
    command.register(app)
    app.command(name="other")(lambda: None)
    monkeypatch.setattr(command, "settings_for", lambda _: home)
    page = tmp_path / "out" / "quality.html"
    result = CliRunner().invoke(app, ["quality", "--as-of", "2026-05-23", "--json", "--html", str(page)])
    assert result.exit_code == 3
    assert json.loads(result.stdout)["status"] == "stale"
    assert "数据质量" in page.read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["quality", "--as-of", "2026-05-21T06:00"]).exit_code == 0
