"""What an average over series hides is told: series whose own band fails, and series after a break of level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.configuration import ForecastConfig
from features.configuration.forecaster import TreeConfig
from models.forecast import backtest
from models.metrics import share_failing

SMALL = ForecastConfig(horizon=4, onestep=TreeConfig(trees=5, leaves=5))


def test_half_too_wide_and_half_too_narrow_is_not_right():
    hits, trials = np.array([20, 20, 20, 12, 12, 12]), np.full(6, 20)
    assert hits.sum() / trials.sum() == 0.8
    assert share_failing(hits, trials, 0.8) == 0.5


def test_chance_fails_a_twentieth_and_two_periods_tell_nothing():
    rng = np.random.default_rng(0)
    right = rng.binomial(40, 0.8, 20_000)
    assert 0.02 < share_failing(right, np.full(20_000, 40), 0.8) < 0.05
    assert np.isnan(share_failing([0, 1], [1, 1], 0.8))
    assert share_failing([0], [2], 0.8) == 1.0


def test_rows_after_a_break_stand_apart():
    rng = np.random.default_rng(1)
    ds = pd.date_range("2022-01-03", periods=160, freq="7D")
    rates = {"a": np.full(160, 20.0), "b": np.full(160, 20.0), "c": np.where(np.arange(160) < 140, 20.0, 120.0)}
    frames = [pd.DataFrame({"unique_id": name, "ds": ds, "y": rng.poisson(rate)}) for name, rate in rates.items()]
    static = pd.DataFrame({"unique_id": list(rates), "category": list("xyz")})
    models = ("weisu", "seasonal_naive", "same_week_mean", "issued")
    found = backtest(pd.concat(frames), static, freq="W", origins=3, horizon=4, models=models, config=SMALL)
    broke = found.predictions.query("level == 'cell' and after_break")
    assert set(broke["unique_id"]) == {"c"}
    assert broke["cutoff"].min() > ds[140]
    scores = found.scores.set_index(["level", "model"])
    share = scores.loc[("cell", "weisu"), "after_break"]
    assert share == pytest.approx(len(broke.query("model == 'weisu'")) / 36)
    assert scores.loc[("cell", "issued"), "after_break"] == share
    assert 0 <= scores.loc[("cell", "weisu"), "pit80_after_break"] <= 1
    assert scores.loc[("cell", "seasonal_naive"), "pit80_after_break"] == 0, "last year knows nothing of it"
    at_once = found.predictions.query("level == 'cell' and model == 'weisu'").pivot_table(
        index=["unique_id", "horizon"], columns="cutoff", values="pit"
    )
    assert at_once.nunique(axis=1).eq(3).all()


def test_series_of_almost_nothing_fail_no_more_often_than_chance():
    rng = np.random.default_rng(2)
    ds = pd.date_range("2022-01-03", periods=120, freq="7D")
    names = [f"c{number}" for number in range(150)]
    y = pd.DataFrame(rng.poisson(0.05, (120, 150)), index=ds, columns=names).rename_axis("ds").reset_index()
    y = y.melt(id_vars="ds", var_name="unique_id", value_name="y")
    static = pd.DataFrame({"unique_id": names, "category": [name[-1] for name in names]})
    found = backtest(y, static, freq="W", origins=6, horizon=4, models=("same_week_mean", "window_mean"), config=SMALL)
    cells = found.scores.set_index(["level", "model"])["failing80"]
    assert cells["cell", "window_mean"] < 0.09
