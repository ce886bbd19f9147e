import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from features.configuration import ForecastConfig
from features.configuration.forecaster import TreeConfig
from features.errors import BadInputError
from models.forecast import backtest
from models.forecast.hierarchy import Hierarchy
from models.forecast.rolling_origin import score_rows
from pipelines.backtest import same_levels
from pipelines.backtest_report import render
from pipelines.backtest_summary import BacktestSummary, at_a_glance, holiday_totals, pit_histogram, reliability
from pipelines.commands.forecast import run
from pipelines.commands.panel_files import checked_panel, read_panel, write_table

SMALL = ForecastConfig(onestep=TreeConfig(trees=5, leaves=5))


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(5)
    ds = pd.date_range("2022-01-03", periods=80, freq="7D")
    ids = ["a", "b", "c"]
    y = pd.DataFrame({"unique_id": np.repeat(ids, 80), "ds": np.tile(ds, 3), "y": rng.poisson(4, 240)})
    return y, pd.DataFrame({"unique_id": ids, "category": ["x", "x", "<y>"]})


@pytest.fixture(scope="module")
def summary(frames):
    result = backtest(
        *frames, freq="W", origins=2, horizon=3, models=("weisu", "lightgbm", "window_mean"), config=SMALL
    )
    holidays = score_rows(result.predictions[result.predictions["horizon"] == 1])
    now = datetime(2023, 7, 1, tzinfo=UTC)
    off = dict.fromkeys(result.predictions.loc[result.predictions["horizon"] == 1, "ds"].unique(), "New <Year>")
    return BacktestSummary(
        now, now, "W", 2, 3, result, holidays, "run", "", holidays=off, same_levels={"category": "cell"}
    )


def test_the_document_is_json_without_nan(summary):
    document = json.loads(json.dumps(summary.to_json(), allow_nan=False))
    assert document["schema_version"] == 1
    assert {"level", "model", "wape", "mase", "bias", "pinball", "coverage80"} <= set(document["scores"][0])


def test_reliability_rises_with_the_nominal_coverage(summary):
    rows = reliability(summary.result.predictions)
    for _, group in rows.groupby(["level", "model"]):
        assert group["observed"].is_monotonic_increasing


def test_pit_shares_add_up(summary):
    shares = pit_histogram(summary.result.predictions).groupby(["level", "model"])["share"].sum()
    np.testing.assert_allclose(shares, 1.0)


def test_a_glance_leaves_out_what_repeats_another_level(summary):
    table = at_a_glance(summary.result.scores, hidden=summary.same_levels)
    assert list(table.index) == ["weisu", "lightgbm", "window_mean"]
    assert list(table.columns) == ["total", "cell"]
    one = summary.result.scores.set_index(["level", "model"])["wape"]
    assert table.loc["lightgbm", "cell"] == one["cell", "lightgbm"]


def test_every_holiday_shows_what_each_model_had_said(summary):
    rows = holiday_totals(summary)
    assert list(rows.columns) == ["ds", "holiday", "observed", "weisu", "lightgbm", "window_mean"]
    total = summary.result.predictions.query("level == 'total' and horizon == 1 and model == 'weisu'").sort_values("ds")
    np.testing.assert_allclose(rows["weisu"], total["mean"])
    np.testing.assert_allclose(rows["observed"], total["y"])


def test_levels_that_sum_the_same_cells_are_found():
    static = pd.DataFrame(
        {
            "unique_id": list("abcd"),
            "category": list("xxyy"),
            "item": list("uuvv"),
            "district": list("1212"),
            "one": "z",
        }
    )
    hierarchy = Hierarchy.of(static, list("abcd"))
    assert same_levels(hierarchy) == {"item": "category", "one": "total"}


def test_the_report_stands_alone(summary):
    page = render(summary)
    assert page.count("<svg") == 4
    assert "The 2 periods with a holiday, apart" in page
    assert "New &lt;Year&gt;" in page
    assert "category is cell" in page
    assert "http://cdn" not in page
    assert "<script" not in page


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_panel_file_is_forecast(frames, tmp_path, suffix):
    y, static = frames
    source, out = tmp_path / f"panel{suffix}", tmp_path / "out" / f"forecast{suffix}"
    write_table(y.merge(static), source)
    assert run(checked_panel(source, freq="W-MON"), horizon=2, country="DE", levels="input", out=out) == 6
    back = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    assert list(back.columns) == ["unique_id", "ds", "mean", "p10", "p50", "p90"]


def test_files_of_another_kind_are_refused(frames, tmp_path):
    other = tmp_path / "panel.xlsx"
    other.write_bytes(b"")
    with pytest.raises(BadInputError, match=r"cannot read \.xlsx"):
        read_panel(other)
    with pytest.raises(BadInputError, match=r"cannot write \.xlsx"):
        write_table(frames[0], other)
    with pytest.raises(BadInputError, match="no panel at"):
        read_panel(tmp_path / "absent.csv")
