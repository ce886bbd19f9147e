"""The promotion gate holds to its written rule."""

from __future__ import annotations

import pandas as pd
import pytest

from features.configuration import TrainConfig
from pipelines.gate import judge


def scores(**models: tuple[float, float, float]) -> pd.DataFrame:
    """model -> (cell WAPE, total WAPE, cell pinball)."""
    rows = []
    for model, (cell, total, pinball) in models.items():
        rows.append({"level": "cell", "model": model, "wape": cell, "pinball": pinball})
        rows.append({"level": "total", "model": model, "wape": total, "pinball": pinball})
    return pd.DataFrame(rows)


NAIVE = (0.9, 0.2, 0.5)


def test_first_model_is_promoted_when_it_beats_seasonal_naive():
    verdict = judge(scores(new=(0.7, 0.15, 0.4), seasonal_naive=NAIVE), TrainConfig(), challenger="new", champion=None)
    assert verdict.promote
    assert "0.700" in verdict.reason


def test_model_no_better_than_seasonal_naive_is_refused_even_without_a_champion():
    verdict = judge(scores(new=(0.9, 0.15, 0.4), seasonal_naive=NAIVE), TrainConfig(), challenger="new", champion=None)
    assert not verdict.promote
    assert "seasonal-naive" in verdict.reason


@pytest.mark.parametrize(
    ("new", "promoted", "named"),
    [
        ((0.70, 0.150, 0.400), True, "champion"),
        ((0.70, 0.150, 0.403), True, "champion"),
        ((0.70, 0.150, 0.405), False, "pinball"),
        ((0.70, 0.158, 0.400), False, "level total"),
        ((0.74, 0.150, 0.400), False, "level cell"),
    ],
)
def test_challenger_meets_the_champion_on_the_same_folds(new, promoted, named):
    table = scores(new=new, old=(0.70, 0.15, 0.4), seasonal_naive=NAIVE)
    verdict = judge(table, TrainConfig(), challenger="new", champion="old")
    assert verdict.promote is promoted
    assert named in verdict.reason
