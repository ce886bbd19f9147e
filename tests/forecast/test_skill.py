"""Skill is judged by measures that neither zeros nor halves win."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.configuration.forecaster import BaseConfig
from models.forecast.distribution import count_quantiles
from models.forecast.skill import judge_levels, losses, with_zero

CONFIG = BaseConfig()
SERIES, WEEKS, FOLDS = 40, 4, 5


def predictions(y: np.ndarray, means: dict[str, np.ndarray], *, scale: float) -> pd.DataFrame:
    """Folds of series whose true mean is known: y and every mean have the shape folds x series x weeks."""
    ds = pd.date_range("2025-01-06", periods=FOLDS * WEEKS, freq="7D").to_numpy().reshape(FOLDS, 1, WEEKS)
    frames = []
    for model, mean in means.items():
        bands = count_quantiles(mean.reshape(-1, WEEKS), np.full((mean.size // WEEKS, 1), 1e-9), (0.1, 0.5, 0.9))
        frame = pd.DataFrame({"y": y.ravel(), "mean": mean.ravel(), "ds": np.broadcast_to(ds, y.shape).ravel()})
        frame = frame.assign(**{f"p{100 * q:g}": values.ravel() for q, values in bands.items()})
        frame["cutoff"] = np.broadcast_to(ds[:, :, :1] - np.timedelta64(7, "D"), y.shape).ravel()
        frame["unique_id"] = np.broadcast_to(np.arange(SERIES)[None, :, None], y.shape).ravel()
        frames.append(frame.assign(model=model, level="cell", naive_square=scale))
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("rate", [0.03, 0.3, 3.0, 30.0])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_who_knows_every_rate_is_never_replaced_by_zeros_halves_or_noise(rate, seed):
    rng = np.random.default_rng(seed)
    rates = np.broadcast_to(rate * rng.gamma(4, 0.25, (1, SERIES, 1)), (FOLDS, SERIES, WEEKS))
    y, last = rng.poisson(rates).astype(float), rng.poisson(rates).astype(float)
    means = {"weisu": rates.copy(), "seasonal_naive": last, "same_week_mean": rates / 4}
    judged = judge_levels(predictions(y, means, scale=2 * rate), CONFIG)["cell"]
    assert judged.base == "weisu"
    assert judged.is_better or rate < 0.1  # 24 tickets in all tell nobody apart


def test_a_forecast_of_nothing_wins_wape_where_little_comes_and_is_not_heard():
    rng = np.random.default_rng(1)
    rates = np.full((FOLDS, SERIES, WEEKS), 0.2)
    y = rng.poisson(rates).astype(float)
    rows = with_zero(predictions(y, {"weisu": rates}, scale=0.4))
    heard = losses(rows, wape_from=0).groupby("model").mean()
    assert heard.loc["zero", "wape"] < heard.loc["weisu", "wape"]
    assert heard.loc["zero", "rmsse"] > heard.loc["weisu", "rmsse"]
    assert losses(rows, wape_from=1)["wape"].isna().all()


def test_losses_by_hand():
    y = np.zeros((FOLDS, SERIES, WEEKS)) + 4.0
    rows = predictions(y, {"weisu": y / 2}, scale=1.0).assign(p10=2.0, p50=2.0, p90=2.0)
    found = losses(rows, wape_from=1).iloc[0]
    assert found["pinball"] == pytest.approx(2 * 2 * (0.1 + 0.5 + 0.9) / 3 / 4)
    assert found["rmsse"] == pytest.approx(2.0)
    assert found["wape"] == pytest.approx(0.5)


def test_perfect_and_silent_levels_are_judged_without_a_division():
    y = np.zeros((FOLDS, SERIES, WEEKS))
    silent = judge_levels(predictions(y, {"weisu": y, "seasonal_naive": y}, scale=np.nan), CONFIG)["cell"]
    assert (silent.skill, silent.is_better, silent.base) == (0.0, False, "weisu")
    y = y + 3
    same = judge_levels(predictions(y, {"weisu": y, "seasonal_naive": y}, scale=1.0), CONFIG)["cell"]
    assert (same.skill, same.is_better, same.base) == (0.0, False, "weisu")
