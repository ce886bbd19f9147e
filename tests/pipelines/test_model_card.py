"""The card of a demand model names what a planner should not trust."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.calendars import calendar_frame
from features.configuration import ForecastConfig
from features.configuration.forecaster import TreeConfig
from models.forecast import backtest
from models.forecast.bases import PlainBase
from pipelines.gate import GateVerdict
from pipelines.model_card import demand_card

SMALL = ForecastConfig(onestep=TreeConfig(trees=10, leaves=5))


@pytest.fixture(scope="module")
def card():
    rng = np.random.default_rng(1)
    ds = pd.date_range("2023-06-05", periods=120, freq="7D")
    rates = {"noise a": 20.0, "noise b": 0.4, "water a": 15.0, "water b": 5.0}
    rows = [pd.DataFrame({"unique_id": name, "ds": ds, "y": rng.poisson(rate, 120)}) for name, rate in rates.items()]
    y = pd.concat(rows, ignore_index=True)
    y.loc[(y["unique_id"] == "water b") & (y["ds"] > ds[80]), "y"] = 0
    y.loc[(y["unique_id"] == "noise b") & (y["ds"] < ds[100]), "y"] = 0
    y.loc[(y["unique_id"] == "water a") & (y["ds"] > ds[-5]), "y"] = 60
    static = pd.DataFrame(
        {"unique_id": list(rates), "category": ["noise", "noise", "water", "water"], "district": list("abab")}
    )
    models = ("weisu", "seasonal_naive", "same_week_mean")
    found = backtest(y, static, freq="W", origins=3, horizon=4, models=models, config=SMALL)
    panel = SimpleNamespace(y=y, static=static.assign(level="cell"), data_through=ds[-1], as_of=ds[-1], snapshot=7)
    return demand_card(
        found.scores, found.predictions, panel, GateVerdict(True, "first champion"),
        bases={"total": PlainBase("same_week_mean", 0.1, 0.9, 3)},
        calendar=lambda start, end: calendar_frame("CN", start, end),
        of_days=found.scores[found.scores["level"] == "total"],
    )  # fmt: skip


def test_the_worst_series_come_first_with_their_bias(card):
    table = card[card.index("by category") :].splitlines()
    assert table[4].startswith("| category=water |")
    assert "-" in table[4].split("|")[-2]  # under-forecast at the end


def test_young_silent_and_sparse_cells_are_counted(card):
    assert "1 of 4 cells are younger than a year" in card
    assert "1 cells have had no ticket for half a year" in card
    assert "of cells expect less than one ticket a week" in card


def test_folds_days_and_the_gate_are_there(card):
    assert "3 origins, 12 weeks from 2025-06-30" in card
    assert "## The daily forecaster, on its own folds" in card
    assert "Gate: promoted. first champion." in card
