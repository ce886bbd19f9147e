"""Later counts never speak to an earlier row: weeks, days, hours, distinct callers and incomplete periods."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hotspots import detect_surges

LAST = pd.Timestamp("2024-03-24")
PERIODS = {"W": 230, "D": 900, "h": 24 * 45}
STEP = {"W": "7D", "D": "D", "h": "h"}
JUDGED = {"W": 20, "D": 60, "h": 24 * 9}


def restless(freq: str) -> pd.DataFrame:
    """Series that need every part of the engine: epidemics that start when they like, fading weekdays."""
    rng = np.random.default_rng(6)
    end = LAST + pd.Timedelta(hours=23) if freq == "h" else LAST
    ds = pd.date_range(end=end, periods=PERIODS[freq], freq=STEP[freq])
    year = {"W": 52, "D": 365, "h": 24 * 20}[freq]
    weekday = np.where(ds.day_of_week < 5, 1.0, 3.0) if freq != "W" else 1.0
    rows = []
    for i in range(4):
        phase = (np.arange(len(ds)) + rng.integers(0, year // 6)) % year
        epidemic = 60.0 * np.exp(-0.5 * ((phase - year / 2) / (year / 24)) ** 2) * (i % 2)
        y = rng.poisson(4.0 * weekday + epidemic)
        rows.append(pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": y, "callers": rng.binomial(y, 0.9)}))
    return pd.concat(rows, ignore_index=True)


PANELS = {freq: restless(freq) for freq in STEP}


@pytest.mark.parametrize("freq", ["W", "D", "h"])
@pytest.mark.parametrize("callers", [True, False])
@given(back=st.integers(1, 17), rate=st.sampled_from([0.0, 9.0, 300.0]))
@settings(max_examples=4, deadline=None)
def test_counts_after_a_moment_change_no_row_up_to_it(freq, callers, back, rate):
    frame = PANELS[freq] if callers else PANELS[freq].drop(columns="callers")
    ds = np.sort(frame["ds"].unique())
    cut, start = pd.Timestamp(ds[-1 - back]), pd.Timestamp(ds[-JUDGED[freq]])
    altered = frame.copy()
    later = altered["ds"] > cut
    altered.loc[later, "y"] = np.random.default_rng(back).poisson(rate, later.sum())
    if callers:
        altered.loc[later, "callers"] = altered.loc[later, "y"] // 2
    before, after = (detect_surges(f, freq=freq, start=start) for f in (frame, altered))
    known = before["ds"] <= cut
    pd.testing.assert_frame_equal(before[known], after[known])
    assert not before[~known].equals(after[~known])


@pytest.mark.parametrize("freq", ["W", "D", "h"])
def test_an_incomplete_period_changes_no_row_before_it(freq):
    frame = PANELS[freq].drop(columns="callers")
    last = frame["ds"].max()
    start = pd.Timestamp(np.sort(frame["ds"].unique())[-JUDGED[freq]])
    whole = detect_surges(frame, freq=freq, start=start)
    altered = frame.copy()
    altered.loc[altered["ds"] == last, "y"] = 0
    part = detect_surges(altered, freq=freq, start=start, reported=[0.3])
    pd.testing.assert_frame_equal(whole[whole["ds"] < last], part[part["ds"] < last])
    assert (part.loc[part["ds"] == last, "expected"] < whole.loc[whole["ds"] == last, "expected"]).all()


def test_rows_after_the_end_asked_for_are_not_read():
    frame = PANELS["D"]
    end = LAST - pd.Timedelta(days=9)
    altered = frame.copy()
    altered.loc[altered["ds"] > end, "y"] = 999
    start = LAST - pd.Timedelta(days=30)
    pd.testing.assert_frame_equal(*(detect_surges(f, freq="D", start=start, end=end) for f in (frame, altered)))
