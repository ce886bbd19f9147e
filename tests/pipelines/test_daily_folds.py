"""The daily forecaster is measured on folds of its own, and only where it is trained and wanted."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.calendars import calendar_frame
from features.settings import Settings
from features.vocabulary import Frequency
from pipelines.challenger import challenge, measure


@pytest.fixture(scope="module")
def daily():
    ids = ["category=x;district=a", "category=y;district=a"]
    ds = pd.date_range("2025-10-01", periods=120)
    y = pd.DataFrame({"unique_id": np.repeat(ids, 120), "ds": np.tile(ds, 2)})
    y["y"] = np.random.default_rng(0).poisson(5, 240)
    static = pd.DataFrame({"unique_id": ids, "level": "cell", "category": ["x", "y"], "district": "a"})
    static = static.assign(category1="", category2="", department="")
    panel = SimpleNamespace(y=y, static=static, freq=Frequency.DAILY)
    return SimpleNamespace(panel=panel, calendar=partial(calendar_frame, "CN"), weather=None, events=None)


def test_two_folds_of_two_weeks(daily):
    found = measure(Settings(), daily, origins=2, n_jobs=1).scores
    ours = found[found["model"] == "weisu"].set_index("level")
    assert ours.loc["cell", "periods"] == 28
    assert ours.loc["cell", "wape"] < 0.6
    assert {"seasonal_naive", "same_week_mean"} < set(found["model"])


def test_a_short_history_is_measured_on_as_many_folds_as_it_holds(daily):
    days = daily.panel.y["ds"].sort_values().unique()[:60]
    short = SimpleNamespace(**vars(daily) | {"panel": SimpleNamespace(**vars(daily.panel))})
    short.panel.y = daily.panel.y[daily.panel.y["ds"].isin(days)]
    assert measure(Settings(), short, origins=3, n_jobs=1).predictions["cutoff"].nunique() == 2


def test_where_nothing_is_measured_the_forecaster_is_let_through_and_says_so(daily):
    half = challenge(Settings(), daily, origins=0, n_jobs=1)
    assert (half.verdict.promote, half.verdict.reason) == (True, "not measured")
    assert half.scores.empty
