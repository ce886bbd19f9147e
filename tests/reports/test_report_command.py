from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from typer.testing import CliRunner

from features.reasons import Reason, ReasonCode
from pipelines.cli import app
from serve.forecasts import ForecastIssue, publish

LAST_YEAR = pd.Timestamp("2025-11-24")


REASONS = (Reason(ReasonCode.SAME_WEEK_MEAN), Reason(ReasonCode.NO_CHAMPION, {"model": "weisu-demand"}))


@pytest.fixture
def home(store, settings):
    rows = pd.DataFrame(
        [{"unique_id": "total", "level": "total", "ds": LAST_YEAR + pd.Timedelta(weeks=step), "horizon": step + 1,
          "mean": 10.0, "p10": 8.0, "p50": 10.0, "p90": 12.0} for step in range(4)]
    )  # fmt: skip
    issue = ForecastIssue(
        freq="W", as_of=datetime(2025, 11, 24, tzinfo=UTC), generated_at=datetime(2025, 11, 24, tzinfo=UTC),
        data_through=LAST_YEAR.to_pydatetime(), model_name="weisu-demand", model_version="1", taxonomy_version="t",
        calendar_version="c", snapshot=1, degraded=REASONS,
    )  # fmt: skip
    publish(store, issue, rows)
    return settings.home


def test_the_command_writes_the_file_and_says_when_it_is_degraded(home, tmp_path):
    out = tmp_path / "w.csv"
    result = CliRunner().invoke(
        app, ["report", "weekly", "--week", "2025-W47", "--out", str(out), "--home", str(home), "--json"]
    )
    assert result.exit_code == 3, "done, but on a fallback"
    document = json.loads(result.stdout)
    assert document["week"] == "2025-W47"
    assert document["degraded"].startswith(
        "same-week mean issued; weisu-demand has no champion; the ticket lake holds no"
    )
    assert document["degraded_reasons"][1] == {"code": "no_champion", "params": {"model": "weisu-demand"}}
    assert out.exists()
    assert "(same_week_mean, no_champion, no_weeks)" in result.stderr
