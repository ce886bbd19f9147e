"""A panel from a stranger's file: refused with the row and the way out, or taken with what was done to it said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features.errors import PanelContractError
from features.panel.bare import checked, frequency_named
from features.vocabulary import Missing
from models.forecast import forecast_panel
from pipelines.cli import app

WEEKS = pd.date_range("2023-01-02", periods=60, freq="7D")


def panel(*gone: int, silent: int = 0, **columns: object) -> pd.DataFrame:
    """Return three series of 20 a week; the first lacks some weeks, the last has been silent for some."""
    rng = np.random.default_rng(1)
    rows = [pd.DataFrame({"unique_id": name, "ds": WEEKS, "y": rng.poisson(20, 60)}) for name in "abc"]
    rows[0] = rows[0].drop(index=list(gone))
    rows[2] = rows[2].head(60 - silent)
    return pd.concat(rows, ignore_index=True).assign(**columns)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": -1}, "row 4 of the panel: y is -1"),
        ({"y": np.inf}, "row 4 of the panel: y is inf"),
        ({"y": np.nan}, "row 4 of the panel: y is nan"),
        ({"y": "1,200"}, "row 4 of the panel: y is '1,200'"),
        ({"ds": "soon"}, "row 4 of the panel: ds is 'soon'"),
        ({"unique_id": "  "}, "row 4 of the panel: unique_id is '  '"),
    ],
)
def test_a_wrong_value_is_named_with_its_row(change, message):
    frame = panel().astype(object)
    for name, value in change.items():
        frame.loc[3, name] = value
    with pytest.raises(PanelContractError, match=message):
        checked(frame, freq="W")


@pytest.mark.parametrize("date", ["2203-01-03", "1923-01-01"])
def test_a_few_dates_far_from_the_rest_are_refused_unless_they_are_meant(date):
    frame = panel()
    frame.loc[5, "ds"] = pd.Timestamp(date)
    with pytest.raises(PanelContractError, match=f"1 of 180 rows stand at {date} or beyond, far from the rest"):
        checked(frame, freq="W")
    assert len(checked(frame, freq="W", far_dates=True).frame) == 180


def test_a_service_that_was_closed_for_a_pandemic_is_no_mistake():
    assert len(checked(panel()[lambda rows: ~rows["ds"].between("2023-03-01", "2023-12-01")], freq="W").frame) > 50


def test_what_was_done_is_said():
    said = checked(panel(3, 4, silent=10), freq="W")
    assert said.notes == {"filled": 12, "silent": {"c": "2023-12-11"}, "dropped": []}
    assert said.said() == [
        "12 periods without a row count as zero (--missing zero)",
        "series 'c' has been silent since 2023-12-11",
    ]
    assert checked(panel(), freq="W").said() == []


def test_missing_periods_are_an_error_or_drop_their_series_where_that_is_asked():
    with pytest.raises(PanelContractError, match="series 'a' has no row for 2 of its periods"):
        checked(panel(3, 4), freq="W", missing=Missing.ERROR)
    kept = checked(panel(3, 4), freq="W", missing=Missing.DROP)
    assert (set(kept.frame["unique_id"]), kept.notes["dropped"], kept.notes["filled"]) == ({"b", "c"}, ["a"], 0)
    with pytest.raises(PanelContractError, match="every series has missing periods"):
        checked(panel(3)[lambda rows: rows["unique_id"] == "a"], freq="W", missing=Missing.DROP)


def test_names_of_frequencies():
    assert [frequency_named(name) for name in ("W", "W-MON", "W-sun", "D", "h", "H")] == ["W", "W", "W", "D", "h", "h"]
    for name in ("M", "W-FOO", "D-MON", "", "2W"):
        with pytest.raises(PanelContractError, match="unknown frequency"):
            frequency_named(name)


def test_a_quantile_in_per_cent_is_refused():
    with pytest.raises(PanelContractError, match="quantile 10 is not between 0 and 1"):
        forecast_panel(panel(), freq="W-MON", horizon=1, quantiles=(10, 50, 90))


@pytest.mark.parametrize(
    "command", [["forecast", "--horizon", "2"], ["detect", "--from", "2024-01-01"]], ids=["forecast", "detect"]
)
def test_both_commands_check_alike(tmp_path, command):
    source, out = tmp_path / "panel.csv", tmp_path / "out.csv"
    panel(3, silent=10).assign(colour="red").to_csv(source, index=False)
    call = [*command, "--panel", str(source), "--freq", "W-MON", "--out", str(out), "--json"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["notes"]["silent"] == {"c": "2023-12-11"}
    assert "11 periods without a row count as zero" in done.stderr
    assert ("columns not used: colour" in done.stderr) is (command[0] == "detect")
    refused = CliRunner().invoke(app, [*call, "--missing", "error"])
    assert isinstance(refused.exception, PanelContractError)


def test_a_count_of_a_thousand_millions_ends_in_an_answer(tmp_path):
    frame = panel()
    frame.loc[[20, 90], "y"] = 1_000_000_000
    frame.to_csv(tmp_path / "panel.csv", index=False)
    out = tmp_path / "out.csv"
    call = ["detect", "--panel", str(tmp_path / "panel.csv"), "--from", "2024-01-15", "--out", str(out)]
    assert CliRunner().invoke(app, call).exit_code == 0
    assert np.isfinite(pd.read_csv(out)[["expected", "upper", "p_value"]]).all(axis=None)
