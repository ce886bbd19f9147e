"""The daily forecaster is measured on folds of its own, and only where it is trained and wanted."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.calendars import calendar_frame
from features.configuration import TrainConfig
from pipelines.train import Training


@pytest.fixture(scope="module")
def daily():
    ids = ["category=x;district=a", "category=y;district=a"]
    ds = pd.date_range("2025-10-01", periods=120)
    y = pd.DataFrame({"unique_id": np.repeat(ids, 120), "ds": np.tile(ds, 2)})
    y["y"] = np.random.default_rng(0).poisson(5, 240)
    static = pd.DataFrame({"unique_id": ids, "level": "cell", "category": ["x", "y"], "district": "a"})
    static = static.assign(category1="", category2="", department="")
    panel = SimpleNamespace(y=y, static=static, freq="D")
    return SimpleNamespace(panel=panel, calendar=partial(calendar_frame, "CN"), weather=None, events=None)


def scores(daily, **config):
    return Training(None, None, TrainConfig(**config), None, 1)._daily_scores(daily)


def test_two_folds_of_two_weeks(daily):
    found = scores(daily)
    ours = found[found["model"] == "weisu"].set_index("level")
    assert ours.loc["cell", "periods"] == 28
    assert ours.loc["cell", "wape"] < 0.6
    assert {"seasonal_naive", "same_week_mean"} < set(found["model"])


def test_nothing_is_measured_where_there_is_nothing_to_measure(daily):
    assert scores(None).empty
    assert scores(daily, daily_origins=0).empty
