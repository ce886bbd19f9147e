"""The contract of detect_surges: one row per series and period, as of each period, on any panel."""

import numpy as np
import pandas as pd
import pytest

from features.configuration import SurgeConfig
from models.errors import PanelContractError
from models.hotspots import detect_surges
from models.hotspots.surge.stored_config import config_from_json, config_to_json

START = pd.Timestamp("2024-01-01")


def panel(freq: str, series: int = 6, periods: int = 260, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    step = {"W": "7D", "D": "D"}[freq]
    ds = pd.date_range(end="2024-03-25", periods=periods, freq=step)
    mean = 10.0 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(periods) / 52))
    return pd.concat(
        [pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": rng.poisson(mean)}) for i in range(series)],
        ignore_index=True,
    )


@pytest.mark.parametrize("freq", ["W", "D"])
def test_one_row_per_series_and_period_with_the_columns_of_the_contract(freq):
    frame = panel(freq)
    rows = detect_surges(frame, freq=freq, start=START)
    assert list(rows.columns) == [
        "unique_id", "ds", "y", "expected", "upper", "p_value", "p_value_1", "recurrence_days", "alarm", "window",
        "borrowed", "judged", "judged_from",
    ]  # fmt: skip
    wanted = frame[frame["ds"] >= START][["unique_id", "ds", "y"]]
    assert len(rows.merge(wanted, on=["unique_id", "ds", "y"])) == len(wanted) == len(rows)
    assert ((rows["p_value"] > 0) & (rows["p_value"] <= 1)).all()
    days = {"W": 7.0, "D": 1.0}[freq]
    np.testing.assert_allclose(rows["recurrence_days"], days / rows["p_value"])
    assert (rows["alarm"] == (rows["p_value"] < 0.01)).all()


@pytest.mark.parametrize("freq", ["W", "D"])
def test_upper_is_the_largest_count_the_one_period_channel_accepts(freq):
    rows = detect_surges(panel(freq, series=12), freq=freq, start=START, alpha=0.05)
    assert ((rows["y"] > rows["upper"]) == (rows["p_value_1"] < 0.05)).all()


@pytest.mark.parametrize("freq", ["W", "D"])
def test_changing_the_future_never_changes_a_row(freq):
    frame = panel(freq)
    cut = pd.Timestamp("2024-02-12")
    altered = frame.copy()
    after = altered["ds"] > cut
    altered.loc[after, "y"] = np.random.default_rng(9).poisson(400, after.sum())
    known = [rows[rows["ds"] <= cut] for f in (frame, altered) if len(rows := detect_surges(f, freq=freq, start=START))]
    pd.testing.assert_frame_equal(*(rows.reset_index(drop=True) for rows in known))


def test_a_burst_is_raised_and_a_quiet_week_is_not():
    frame = panel("W")
    burst = (frame["unique_id"] == "s2") & (frame["ds"] == pd.Timestamp("2024-02-26"))
    frame.loc[burst, "y"] = 40
    rows = detect_surges(frame, freq="W", start=START).set_index(["unique_id", "ds"])
    row = rows.loc[("s2", pd.Timestamp("2024-02-26"))]
    assert row["alarm"]
    assert row["recurrence_days"] > 365
    assert rows["alarm"].mean() < 0.1


def test_a_week_that_alarmed_does_not_alone_make_the_next_one_alarm():
    frame = panel("W", series=12)
    spike, after = pd.Timestamp("2024-02-12"), pd.Timestamp("2024-02-19")
    frame.loc[frame["ds"] == spike, "y"] = 60
    frame.loc[frame["ds"] == after, "y"] = 10
    rows = detect_surges(frame, freq="W", start=START)
    assert rows.loc[rows["ds"] == spike, "alarm"].all()
    assert not rows.loc[rows["ds"] == after, "alarm"].any()


def test_distinct_callers_are_tested_where_the_panel_has_them():
    frame = panel("W")
    frame["callers"] = frame["y"]
    one_caller_forty_times = (frame["unique_id"] == "s2") & (frame["ds"] == pd.Timestamp("2024-02-26"))
    frame.loc[one_caller_forty_times, ["y", "callers"]] = [50, 11]
    rows = detect_surges(frame, freq="W", start=START).set_index(["unique_id", "ds"])
    row = rows.loc[("s2", pd.Timestamp("2024-02-26"))]
    assert not row["alarm"]
    assert (row["y"], row["tickets"]) == (11, 50)


def test_missing_periods_are_zeros():
    frame = panel("W")
    frame.loc[::7, "y"] = 0
    rows = [detect_surges(f, freq="W", start=START) for f in (frame, frame[frame["y"] > 0])]
    pd.testing.assert_frame_equal(*rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="y"), "no column y"),
        (lambda f: f.assign(y=-1), "y is -1"),
        (lambda f: pd.concat([f, f.head(1)]), "twice"),
        (lambda f: f.iloc[:0], "no rows"),
        (lambda f: pd.concat([f, f.head(1).assign(ds=pd.Timestamp("2024-01-03"))]), "not on the panel's W grid"),
    ],
)
def test_a_panel_that_breaks_the_contract_is_refused_with_its_series(change, message):
    with pytest.raises(PanelContractError, match=message):
        detect_surges(change(panel("W")), freq="W", start=START)


def test_a_start_beyond_the_panel_is_refused():
    with pytest.raises(PanelContractError, match="nothing to judge"):
        detect_surges(panel("W"), freq="W", start=pd.Timestamp("2030-01-01"))


def test_configuration_round_trips_through_json():
    config = SurgeConfig()
    assert config_from_json(config_to_json(config)) == config


def test_an_incomplete_week_is_measured_by_what_can_have_arrived():
    frame = panel("W")
    last = frame["ds"] == frame["ds"].max()
    frame.loc[last, "y"] = 10
    full = detect_surges(frame, freq="W", start=frame["ds"].max())
    half = detect_surges(frame, freq="W", start=frame["ds"].max(), reported=[0.5])
    np.testing.assert_allclose(half["expected"], full["expected"] / 2, rtol=1e-6)
    assert (half["p_value_1"] < full["p_value_1"]).all()
    with pytest.raises(PanelContractError, match="reported share 0 at age 0"):
        detect_surges(frame, freq="W", start=frame["ds"].max(), reported=[0])


def test_a_lasting_level_shift_is_learned_and_stops_alarming():
    frame = panel("W", periods=320)
    shifted = (frame["unique_id"] == "s1") & (frame["ds"] >= pd.Timestamp("2023-01-02"))
    frame.loc[shifted, "y"] *= 3
    rows = detect_surges(frame, freq="W", start=pd.Timestamp("2023-01-02"))
    alarms = rows[rows["unique_id"] == "s1"].set_index("ds")["p_value_1"] < 0.01
    assert alarms.iloc[:4].sum() >= 2
    assert alarms.iloc[40:].mean() < 0.1


def test_a_young_cell_borrows_its_season_and_says_so():
    frame = panel("W", series=4, periods=260)
    frame = frame[(frame["unique_id"] != "s3") | (frame["ds"] >= pd.Timestamp("2023-09-04"))]
    static = pd.DataFrame({"unique_id": [f"s{i}" for i in range(4)], "category": "noise", "district": list("abcd")})
    rows = detect_surges(frame, freq="W", start=START, static=static).set_index("unique_id")
    assert (rows.loc["s3", "borrowed"] == "category").all()
    assert (rows.loc["s0", "borrowed"] == "").all()
    assert rows.loc["s3", "expected"].between(4, 25).all()


@pytest.mark.parametrize("freq", ["W", "D"])
def test_part_of_a_year_tells_no_season_for_the_rest(freq):
    rng = np.random.default_rng(4)
    ds = pd.date_range(end="2024-03-25", periods={"W": 46, "D": 320}[freq], freq={"W": "7D", "D": "D"}[freq])
    per_day = np.where(ds < ds[0] + pd.Timedelta(days=90), 0.3, 1.5) * {"W": 7, "D": 1}[freq]
    rows = [pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": rng.poisson(per_day)}) for i in range(6)]
    judged = detect_surges(pd.concat(rows), freq=freq, start=ds[0] + pd.Timedelta(days=200))
    astray = judged["expected"] / per_day[-1]
    assert astray.between(0.4, 2.0).mean() > 0.97
    assert (judged["p_value"] < 0.01).mean() < 0.03


def test_a_season_of_its_own_counts_once_a_year_is_known():
    ds = pd.date_range(end="2024-03-25", periods=780, freq="D")
    mean = 8.0 * np.exp(0.8 * np.cos(2 * np.pi * (ds.day_of_year - 15) / 365))
    y = np.random.default_rng(5).poisson(mean)
    rows = detect_surges(pd.DataFrame({"unique_id": "s", "ds": ds, "y": y}), freq="D", start=START)
    assert np.abs(np.log(rows["expected"] / mean[-len(rows) :])).mean() < 0.2


def test_service_closed_at_weekends_never_alarms_there_and_costs_the_weekdays_nothing():
    frame = panel("D", periods=400)
    weekend = frame["ds"].dt.day_of_week >= 5
    frame.loc[weekend, "y"] = 0
    rows = detect_surges(frame, freq="D", start=START)
    closed = rows["ds"].dt.day_of_week >= 5
    assert (rows.loc[closed, "p_value"] == 1).all()
    assert rows.loc[~closed, "expected"].min() > 3
