"""Hours: a burst inside one evening is raised in the hour it happens, and later hours never speak to earlier ones."""

import numpy as np
import pandas as pd
import pytest

from models.errors import PanelContractError
from models.hotspots import detect_surges

DAYS = 60
PROFILE = np.concatenate([np.full(7, 0.2), np.full(12, 1.5), np.full(5, 0.8)])


def hourly(seed: int = 0, series: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ds = pd.date_range("2026-03-02", periods=DAYS * 24, freq="h")
    mean = np.tile(PROFILE, DAYS) * np.where(ds.day_of_week < 5, 1.0, 0.5)
    return pd.concat(
        [pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": rng.poisson(mean)}) for i in range(series)],
        ignore_index=True,
    )


def test_expectations_follow_hour_and_weekday():
    rows = detect_surges(hourly(), freq="h", start=pd.Timestamp("2026-04-13"))
    expected = rows.groupby([rows["ds"].dt.day_of_week < 5, rows["ds"].dt.hour])["expected"].mean()
    assert expected[True, 10] == pytest.approx(1.5, rel=0.25)
    assert expected[True, 3] == pytest.approx(0.2, rel=0.5)
    assert expected[False, 10] == pytest.approx(0.75, rel=0.3)
    assert (rows["p_value_1"] < 0.01).mean() < 0.02


def test_a_burst_is_raised_within_its_hour():
    frame = hourly()
    hour = pd.Timestamp("2026-04-20T20:00")
    frame.loc[(frame["unique_id"] == "s3") & (frame["ds"] == hour), "y"] = 9
    rows = detect_surges(frame, freq="h", start=pd.Timestamp("2026-04-20")).set_index(["unique_id", "ds"])
    assert rows.loc[("s3", hour), "alarm"]
    assert rows.loc[("s3", hour), "recurrence_days"] > 30


def test_later_hours_never_change_an_earlier_row():
    frame, cut = hourly(), pd.Timestamp("2026-04-22T09:00")
    altered = frame.copy()
    altered.loc[altered["ds"] > cut, "y"] = 37
    start = pd.Timestamp("2026-04-19")
    known = [
        r[r["ds"] <= cut].reset_index(drop=True)
        for r in (detect_surges(f, freq="h", start=start) for f in (frame, altered))
    ]
    pd.testing.assert_frame_equal(*known)


def test_a_day_that_is_not_over_is_judged_up_to_its_last_hour():
    frame = hourly()
    frame = frame[frame["ds"] <= pd.Timestamp("2026-04-22T09:00")]
    rows = detect_surges(frame, freq="h", start=pd.Timestamp("2026-04-22"))
    assert rows.groupby("unique_id").size().eq(10).all()


def test_a_panel_that_begins_in_the_middle_of_a_day_is_refused():
    frame = hourly()
    with pytest.raises(PanelContractError, match="begins at midnight"):
        detect_surges(
            frame[frame["ds"] >= frame["ds"].min() + pd.Timedelta(hours=3)], freq="h", start=frame["ds"].max()
        )
