import numpy as np
import pandas as pd
import pytest
from scipy import stats

from features.configuration.forecaster import LessonConfig, MemberConfig
from models import metrics
from models.forecast.baselines import same_week_mean, seasonal_naive
from models.forecast.bases import Pull, rake
from models.forecast.boosting import lesson_weights, level_shift
from models.forecast.distribution import count_cdf, count_quantiles, dispersions
from models.forecast.hierarchy import HierarchyLevel
from models.forecast.members import PlainMembers, Steps, Sums
from models.forecast.periods import cadence_of

WEEKLY = cadence_of("W")


def test_windows_match_plain_pandas():
    y = np.random.default_rng(0).poisson(2, (3, 80)).astype(float)
    total, count = Sums(y).window(np.arange(80), 13)
    expected = pd.DataFrame(y.T).rolling(13, min_periods=1).sum().to_numpy().T
    np.testing.assert_allclose(total, expected)
    assert count[:3].tolist() == [1, 2, 3]


def test_seasonal_naive_repeats_last_year_or_the_last_week():
    y = np.arange(60.0)[None]
    assert seasonal_naive(y, WEEKLY, 3).tolist() == [[8.0, 9.0, 10.0]]
    daily = np.arange(30.0)[None]
    assert seasonal_naive(daily, cadence_of("D"), 8)[0, [0, 7]].tolist() == [23.0, 23.0]


def test_same_week_mean_follows_the_moving_festival():
    festival = np.full(160, 29.0)
    y = np.full((1, 157), 10.0)
    for year, week in enumerate((4, 58, 107)):  # the festival falls on other weeks every year
        festival[week] = 0.0
        y[0, week] = 2.0 + year
    festival[157] = 0.0
    mean = same_week_mean(y, WEEKLY, 1, festival=festival)
    assert mean[0, 0] == pytest.approx(3.0)


def test_a_pandemic_teaches_little():
    total = np.full(300, 200.0)
    total[150:180] = 40.0
    weights = lesson_weights(total, Steps.grid([100, 160, 280], [1]), WEEKLY, LessonConfig())
    assert weights[0] == pytest.approx(1.0)
    assert weights[1] < 0.3
    assert weights[2] > 0.9
    assert level_shift(total, WEEKLY, LessonConfig().pad)[165] < -0.5


def test_raking_with_full_weight_reaches_the_level_above():
    cells = np.array([[1.0, 2.0], [3.0, 2.0], [4.0, 4.0]])
    level = HierarchyLevel("category", ("a", "b"), np.array([0, 0, 1]))
    wish = np.array([[8.0, 8.0], [2.0, np.nan]])
    raked = rake(cells, [Pull(level, wish, 1.0)])
    np.testing.assert_allclose(level.sum(raked), [[8.0, 8.0], [2.0, 4.0]])
    np.testing.assert_allclose(rake(cells, [Pull(level, wish, 0.0)]), cells)


def test_quantiles_and_cdf_agree_with_scipy():
    mean, alpha = np.array([[0.3, 4.0]]), np.array([[0.5]])
    quantiles = count_quantiles(mean, alpha, [0.5, 0.9])
    size = 2.0
    expected = stats.nbinom.ppf(0.9, size, size / (size + mean))
    np.testing.assert_array_equal(quantiles[0.9], expected)
    assert (count_cdf(quantiles[0.9], mean, alpha) >= 0.9).all()
    assert count_cdf(np.array([[-1.0, -1.0]]), mean, alpha).tolist() == [[0.0, 0.0]]


def test_dispersion_is_recovered():
    rng = np.random.default_rng(1)
    mean = np.full((40, 400), 5.0)
    y = rng.poisson(rng.gamma(1 / 0.4, mean * 0.4))
    assert np.median(dispersions(y, mean, shrink=2.0)) == pytest.approx(0.4, abs=0.06)


def test_a_young_cell_is_averaged_over_its_own_life():
    y = np.zeros((1, 100))
    y[0, 90:] = 3.0
    window = PlainMembers(y, WEEKLY, MemberConfig()).window(Steps.grid([99], [1]))
    assert window[0, 0] == pytest.approx(3.0)


def test_metrics_by_hand():
    y, f = [[0, 2], [4, 0]], [[1.0, 1.0], [4.0, 2.0]]
    assert metrics.wape(y, f) == pytest.approx(4 / 6)
    assert metrics.bias(y, f) == pytest.approx(2 / 6)
    absolute, squared = metrics.naive_scales([[0, 1, 0], [2, 2, 4]])
    assert metrics.mase(y, f, absolute) == pytest.approx(np.mean([1.0, 1.0]))
    assert metrics.rmsse(y, f, squared) == pytest.approx(np.mean([1.0, 1.0]))
    assert metrics.weighted_pinball([4.0], {0.5: [2.0]}) == pytest.approx(0.5)
    assert metrics.coverage([1, 5], [0, 0], [1, 4]) == 0.5


def test_randomised_pit_of_the_right_distribution_is_uniform():
    rng = np.random.default_rng(2)
    mean, alpha = np.full(20_000, 1.2), np.full(20_000, 0.5)
    y = rng.poisson(rng.gamma(2.0, mean * 0.5))
    pit = metrics.randomised_pit(count_cdf(y - 1, mean, alpha), count_cdf(y, mean, alpha), rng)
    assert metrics.pit_coverage(pit, 0.8) == pytest.approx(0.8, abs=0.01)


def test_shapes_must_match():
    with pytest.raises(ValueError, match="shape"):
        metrics.wape([1, 2], [1])
