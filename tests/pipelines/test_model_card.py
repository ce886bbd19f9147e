"""The card of a demand model names what a planner should not trust."""

from io import StringIO
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.calendars import calendar_frame
from features.configuration import ForecastConfig
from features.configuration.forecaster import TreeConfig
from features.vocabulary import Frequency
from models.forecast import backtest
from models.forecast.skill import LevelJudgement, losses
from pipelines.challenger import Half
from pipelines.gate import GateVerdict
from pipelines.model_card import demand_card, demand_tables

SMALL = ForecastConfig(onestep=TreeConfig(trees=10, leaves=5))


@pytest.fixture(scope="module")
def measured():
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
    panel = SimpleNamespace(
        y=y, static=static.assign(level="cell"), data_through=ds[-1], as_of=ds[-1], snapshot=7, freq=Frequency.WEEKLY
    )
    known = SimpleNamespace(panel=panel, calendar=lambda start, end: calendar_frame("CN", start, end))
    levels = {
        "total": LevelJudgement("same_week_mean", "same_week_mean", -0.2, 3),
        "cell": LevelJudgement("weisu", "zero", 0.3, 3),
    }
    verdict = GateVerdict(True, "first champion", levels)
    meeting = losses(found.predictions, wape_from=1, by=["level", "model"])
    half = Half(known, None, found, meeting, None, verdict)
    days = Half(SimpleNamespace(panel=SimpleNamespace(freq=Frequency.DAILY)), None, found, meeting, None, verdict)
    return demand_card([half, days], verdict), demand_tables([half, days])


@pytest.fixture(scope="module")
def card(measured):
    return measured[0]


def test_the_worst_series_come_first_with_their_bias(card):
    table = card[card.index("by category") :].splitlines()
    assert table[4].startswith("| category=water |")
    assert "-" in table[4].split("|")[-2]  # under-forecast at the end


def test_young_silent_and_sparse_cells_are_counted(card):
    assert "1 of 4 cells are younger than a year" in card
    assert "1 cells have had no ticket for half a year" in card
    assert "of cells expect less than one ticket a week" in card


def test_folds_days_and_the_gate_are_there(card):
    assert "## Weekly, on the gate's folds: 3 origins, 12 weeks from 2025-06-30" in card
    assert "## Daily, on the gate's folds: 3 origins" in card
    assert "Gate: promoted. first champion." in card
    assert "| total | no | same_week_mean | same_week_mean | -0.200 |" in card
    assert (
        "At level total same_week_mean was as good or better (skill -0.200); so same_week_mean is issued there" in card
    )


def test_what_the_gate_looked_at_is_a_table_of_its_own(measured):
    rows = pd.read_csv(StringIO(measured[1]["gate.csv"]))
    assert set(rows["cadence"]) == {"weekly", "daily"}
    assert {"level", "model", "pinball", "rmsse", "wape"} < set(rows)
