"""The promotion gate holds to its written rule."""

from __future__ import annotations

import pandas as pd
import pytest

from features.configuration import TrainConfig
from features.vocabulary import Frequency
from models.forecast.skill import LevelJudgement
from pipelines.gate import GateVerdict, judge, of_halves, tags_of

CONFIG = TrainConfig()
LEVELS = ("total", "district", "department", "category1", "category2", "category", "category1_district", "cell")


def levels(*worse: str, issued: str = "weisu") -> dict[str, LevelJudgement]:
    """The model is a tenth better everywhere but at some levels, where last year was clearly better or not."""
    good, bad = LevelJudgement("weisu", "zero", 0.1, 3), LevelJudgement(issued, "seasonal_naive", -0.06, 3)
    return {level: bad if level in worse else good for level in LEVELS}


def losses(**values: tuple[float, float, float]) -> pd.DataFrame:
    """level -> (pinball, RMSSE, WAPE)."""
    return pd.DataFrame(values, index=["pinball", "rmsse", "wape"]).T


OLD = losses(cell=(0.4, 0.8, float("nan")), total=(0.1, 0.5, 0.15))


def test_a_small_city_whose_cells_are_no_better_gets_its_model():
    verdict = judge(levels("cell"), CONFIG)
    assert verdict.promote
    assert verdict.reason == (
        "first champion: better than last year's period, the same-week mean and nothing at 7 of 8 levels"
        " (cell: 6% behind last year's period)"
    )
    assert tags_of(verdict) == {"weisu.gate": "7/8", "weisu.gate_verdict": f"promoted: {verdict.reason}"}


def test_levels_issued_from_a_plain_forecast_do_not_speak_against_the_others():
    most = LEVELS[:6]
    assert not judge(levels(*most), CONFIG).promote
    verdict = judge(levels(*most, issued="seasonal_naive"), CONFIG)
    assert verdict.promote
    assert "total: 6% behind last year's period, issued from last year's period" in verdict.reason
    assert [row["issued_from"] for row in verdict.records()] == [*6 * ["seasonal_naive"], "weisu", "weisu"]


@pytest.mark.parametrize("issued", ["weisu", "seasonal_naive"])
def test_a_model_that_is_better_nowhere_is_refused_even_without_a_champion(issued):
    verdict = judge(levels(*LEVELS, issued=issued), CONFIG)
    assert not verdict.promote
    assert "at 0 of 8 levels" in verdict.reason
    assert not judge({}, CONFIG).promote


@pytest.mark.parametrize(
    ("new", "named"),
    [
        (losses(cell=(0.400, 0.80, float("nan")), total=(0.10, 0.50, 0.150)), ""),
        (losses(cell=(0.403, 0.83, float("nan")), total=(0.10, 0.52, 0.157)), ""),
        (losses(cell=(0.405, 0.80, float("nan")), total=(0.10, 0.50, 0.150)), "pinball loss at level cell 0.4050"),
        (losses(cell=(0.400, 0.85, float("nan")), total=(0.10, 0.50, 0.150)), "RMSSE at level cell 0.8500"),
        (losses(cell=(0.400, 0.80, float("nan")), total=(0.11, 0.50, 0.150)), "pinball loss at level total 0.1100"),
        (losses(cell=(0.400, 0.80, float("nan")), total=(0.10, 0.50, 0.158)), "WAPE at level total 0.1580"),
        (losses(cell=(0.400, 0.80, 9.0), total=(0.10, 0.50, 0.150)), ""),  # the champion's was not heard there
    ],
)
def test_challenger_meets_the_champion_on_the_same_folds(new, named):
    verdict = judge(levels(), CONFIG, issued=new, champion=OLD)
    assert verdict.promote is not bool(named)
    assert (named or "pinball loss over cells") in verdict.reason


def test_weeks_and_days_are_let_through_apart():
    weeks, days = judge(levels(), CONFIG), judge(levels(*LEVELS), CONFIG)
    both = of_halves({Frequency.WEEKLY: weeks, Frequency.DAILY: days})
    assert both.promote
    assert both.reason.startswith("weeks: first champion: better than")
    assert both.reason.endswith("(not let through)")
    assert tags_of(both)["weisu.gate"] == "8/16"
    assert of_halves({Frequency.WEEKLY: weeks}) is weeks
    assert not of_halves({Frequency.WEEKLY: days, Frequency.DAILY: days}).promote
    assert tags_of(GateVerdict(True, "not measured")) == {"weisu.gate_verdict": "promoted: not measured"}
