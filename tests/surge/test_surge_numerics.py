"""The numeric core against slow, plain versions of itself."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from features.configuration.surge import LevelConfig, RegressionConfig, ServiceConfig
from models.hotspots.surge.baseline import Prior, Regression, Robust
from models.hotspots.surge.calibration import calibrate, raw_level
from models.hotspots.surge.dispersion import autocorrelation, seasonal_dispersion, window_dispersion
from models.hotspots.surge.level import CountSums, Pace, local_level
from models.hotspots.surge.rolling_fit import blocks
from models.hotspots.surge.scan_windows import capped
from models.hotspots.surge.season import common_closures
from models.hotspots.surge.tails import exceedance, quantile

PRIORS, LEVEL = RegressionConfig(), LevelConfig()


@given(st.integers(0, 60), st.floats(0.05, 40.0), st.floats(1.05, 6.0))
@settings(max_examples=60, deadline=None)
def test_exceedance_is_the_mid_p_value_of_a_negative_binomial(y, mean, phi):
    law = stats.nbinom(mean / (phi - 1), 1 / phi)
    p = exceedance(np.array([float(y)]), np.array([mean]), np.array([phi * mean]))
    assert p[0] == pytest.approx(max(law.sf(y) + 0.5 * law.pmf(y), 1e-15), rel=1e-6)


@given(st.floats(0.05, 300.0), st.floats(1.02, 6.0), st.floats(0.0005, 0.2))
@settings(max_examples=60, deadline=None)
def test_quantile_is_the_largest_accepted_count(mean, phi, p):
    mu, variance = np.array([mean]), np.array([phi * mean])
    largest = quantile(np.array([p]), mu, variance)
    assert exceedance(largest + 1, mu, variance)[0] < p
    assert largest[0] == 0 or exceedance(largest, mu, variance)[0] >= p


@pytest.mark.parametrize("freq", ["W", "D", "h"])
@pytest.mark.parametrize("channel", ["one", "scan"])
def test_calibration_keeps_the_order_and_inverts(freq, channel):
    raw = np.logspace(-9, -0.01, 200)
    for mean in (0.05, 1.0, 30.0):
        level = np.full_like(raw, mean)
        p = calibrate(raw, level, 1.5 * level, freq=freq, channel=channel)
        assert (np.diff(p) >= 0).all()
        assert ((p > 0) & (p <= 1)).all()
        for alpha in (0.05, 0.01, 1e-5):
            at = raw_level(alpha, np.array([mean]), np.array([1.5 * mean]), freq=freq, channel=channel)
            back = calibrate(at, np.array([mean]), np.array([1.5 * mean]), freq=freq, channel=channel)
            assert back[0] == pytest.approx(alpha, rel=1e-6)


def test_the_batched_fit_finds_the_maximum_of_the_likelihood():
    rng = np.random.default_rng(3)
    t = np.arange(200)
    X = np.stack([np.ones(200), t / 200 - 0.5, np.cos(2 * np.pi * t / 52)], axis=1)
    truth = np.array([[2.0, 0.5, 0.3], [0.2, -0.4, 0.0]])
    y = rng.poisson(np.exp(truth @ X.T)).astype(float)
    flat = Prior(np.zeros((2, 3)), np.full(3, 1e-9))
    fit = Regression(X, PRIORS.least_effect).fit(y, np.ones_like(y), slice(0, 200), flat, robust=Robust(1e9, 1))
    gradient = (y - fit.mean(X)) @ X
    np.testing.assert_allclose(gradient, 0.0, atol=0.05)
    np.testing.assert_allclose(fit.beta, truth, atol=0.5)  # about two standard errors


def test_a_past_outbreak_hardly_moves_the_baseline():
    rng = np.random.default_rng(5)
    y = rng.poisson(10.0, (1, 200)).astype(float)
    X = np.ones((200, 1))
    flat = Prior(np.zeros((1, 1)), np.full(1, 1e-9))
    clean = (
        Regression(X, PRIORS.least_effect)
        .fit(y, np.ones_like(y), slice(0, 200), flat, robust=Robust(2.58, 3))
        .mean(X[:1])
    )
    y[0, 80:85] += 60
    fit = Regression(X, PRIORS.least_effect).fit(y, np.ones_like(y), slice(0, 200), flat, robust=Robust(2.58, 3))
    assert fit.mean(X[:1])[0, 0] == pytest.approx(clean[0, 0], rel=0.03)
    assert fit.phi[0] < 1.6


def test_a_season_nobody_shows_is_shrunk_and_a_clear_one_stays():
    rng = np.random.default_rng(11)
    t = np.arange(400)
    X = np.stack([np.ones(400), np.cos(2 * np.pi * t / 52), np.sin(2 * np.pi * t / 52)], axis=1)
    size = np.r_[np.zeros(60), np.full(60, 0.6)]
    y = rng.poisson(np.exp(0.5 + size[:, None] * X[:, 1])).astype(float)
    prior = Prior(np.zeros((120, 3)), np.array([0.05, 1.0, 1.0]))
    fits = [
        Regression(X, PRIORS.least_effect, blocks).fit(y, np.ones_like(y), slice(0, 400), prior, robust=Robust(1e9, 1))
        for blocks in ((), (slice(1, 3),))
    ]
    error = [((fit.beta[:, 1] - size) ** 2 + fit.beta[:, 2] ** 2) for fit in fits]
    assert error[1][:60].mean() < 0.5 * error[0][:60].mean()
    assert error[1][60:].mean() == pytest.approx(error[0][60:].mean(), rel=0.1)


@given(st.integers(0, 80), st.floats(0.05, 40.0), st.floats(1.05, 6.0))
@settings(max_examples=60, deadline=None)
def test_an_earlier_count_is_cut_where_it_would_have_alarmed(y, mean, phi):
    mu, variance = np.array([[mean]]), np.array([[phi * mean]])
    counts = np.array([[float(y)]])
    cut = capped(counts, mu, variance, 0.005)
    if exceedance(counts, mu, variance)[0, 0] < 0.005:
        assert cut[0, 0] < y
    else:
        assert cut[0, 0] == y
    assert capped(counts, mu, variance, 0.0)[0, 0] == y


def test_runs_widen_a_window_and_noise_does_not():
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((1, 2000))
    runs = np.repeat(rng.standard_normal((1, 400)), 5, axis=1)
    periods = np.array([2000.0])
    assert window_dispersion(autocorrelation(noise, 6), periods, 7)[0] < 1.1
    assert window_dispersion(autocorrelation(runs, 4), periods, 5)[0] == pytest.approx(3.4, abs=0.6)


def test_a_season_that_scatters_more_has_a_dispersion_of_its_own_and_an_even_series_has_not():
    rng = np.random.default_rng(12)
    days = np.arange(365 * 5)
    restless = (days % 365 > 150) & (days % 365 < 210)
    sd = np.stack([np.where(restless, 20.0, 4.0), np.full(len(days), 4.0)])
    y, mean = 16.0 + sd * rng.standard_normal(sd.shape), np.full(sd.shape, 16.0)
    season, own = seasonal_dispersion(
        y, mean, np.ones_like(y), np.array([4.0, 1.0]), np.zeros_like(y), reach=2, config=LEVEL
    )
    assert own.tolist() == [True, False]
    last = slice(365 * 4, None)
    assert season[0, last][restless[last]].mean() > 8.0
    assert season[0, last][days[last] % 365 < 120].mean() == pytest.approx(1.0, abs=0.3)
    assert (season[1] == 1.0).all()


def test_the_dispersion_of_a_date_rests_on_past_years_alone():
    rng = np.random.default_rng(13)
    y, mean = (
        rng.poisson(np.tile(np.repeat([4.0, 90.0], [300, 65]), 4), (3, 1460)).astype(float),
        np.full((3, 1460), 8.0),
    )
    altered = y.copy()
    altered[:, 1100:] = 500.0
    before, after = (
        seasonal_dispersion(
            counts, mean, (np.arange(1460) < 1095) * np.ones_like(y), np.full(3, 9.0), 0.0 * y, reach=2, config=LEVEL
        )
        for counts in (y, altered)
    )
    np.testing.assert_array_equal(before[0], after[0])
    assert before[1].all()


def test_weekdays_that_change_are_followed_and_steady_ones_are_left_to_the_regression():
    rng = np.random.default_rng(14)
    days = np.arange(700)
    mean = np.where(days % 7 < 5, 10.0, 40.0) * np.ones((2, 1))
    true = mean.copy()
    true[0, 350:] = np.where(days[350:] % 7 < 5, 30.0, 12.0)
    y = rng.poisson(true).astype(float)
    pace = Pace(level=(), week=(0.9, 0.7), season=0, until=690)
    counts = CountSums(y, keep=False)
    counts.hear(np.ones(y.shape, dtype=bool))
    level = local_level(counts, mean, np.ones(2), pace, LEVEL)
    np.testing.assert_allclose((mean * level.week)[0, 640:], true[0, 640:], rtol=0.35)
    assert (level.week[1] == 1.0).all()
    assert (level.week[0, :7] == 1.0).all()


@pytest.mark.parametrize("lag", [1, 7])
def test_sums_that_are_kept_and_extended_are_those_of_a_plain_loop(lag):
    rng = np.random.default_rng(15)
    y, open_days = rng.poisson(5.0, (3, 60)).astype(float), rng.random((3, 60)) < 0.8
    counts = CountSums(y, keep=True)
    for shut in (0, 20):
        open_days[:, :shut] = False
        counts.hear(open_days.copy())
        plain = y * open_days
        for column in range(lag, 60):
            plain[:, column] += 0.9 * plain[:, column - lag]
        for stop in (5, 30, 33, 60, 40):
            np.testing.assert_allclose(counts.until(stop, 0.9, lag), plain[:, :stop])


def test_a_day_on_which_all_fall_silent_is_a_closure():
    y = np.full((5, 100), 9.0)
    y[:, 80] = 0.0
    y[0, 90] = 0.0
    assert np.flatnonzero(common_closures(y, ServiceConfig())).tolist() == [80]


def test_blocks_cover_every_column_once_and_end_on_fixed_positions():
    parts = list(blocks(7, 30, ordinal=3, every=4))
    assert np.concatenate([np.arange(b.start, b.stop) for b in parts]).tolist() == list(range(7, 30))
    assert all((b.stop + 3) % 4 == 0 for b in parts[:-1])


def test_quiet_weeks_alarm_about_as_often_as_they_should():
    from models.hotspots import detect_surges

    rng = np.random.default_rng(8)
    ds = pd.date_range("2016-01-04", periods=420, freq="7D")
    y = rng.negative_binomial(8.0, 0.5, (120, 420)).astype(float)
    ids = [f"s{i}" for i in range(120)]
    frame = pd.DataFrame({"unique_id": np.repeat(ids, 420), "ds": np.tile(ds.to_numpy(), 120), "y": y.ravel()})
    rows = detect_surges(frame, freq="W", start=ds[368])
    for channel in ("p_value", "p_value_1"):
        assert (rows[channel] < 0.05).mean() == pytest.approx(0.05, abs=0.012)
        assert (rows[channel] < 0.01).mean() == pytest.approx(0.01, abs=0.006)
