import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.configuration import ForecastConfig
from features.configuration.follow import FollowConfig
from models.forecast.followers import follow, learn_weights
from models.forecast.hierarchy import Hierarchy
from models.forecast.periods import cadence_of
from models.forecast.smoothing import smoothed

CONFIG = ForecastConfig()
WEEKLY = cadence_of("W")


def city(categories: int, districts: int) -> Hierarchy:
    rows = [(f"c{c}d{d}", f"c{c}", f"d{d}") for c in range(categories) for d in range(districts)]
    static = pd.DataFrame(rows, columns=["unique_id", "category", "district"])
    return Hierarchy.of(static, static["unique_id"].tolist())


def test_one_rate_without_outliers_is_plain_exponential_smoothing():
    y = 50 + np.sin(np.arange(60.0))[None]
    config = FollowConfig(rates=(0.3,), trends=((0.0, 1.0),))
    level = y[0, :15].mean() / 2 + np.median(y[0, :15]) / 2
    for count in y[0]:
        level += 0.3 * (count - level)
    assert smoothed(y, 3, config)[0] == pytest.approx([level] * 3)


def test_a_new_level_is_followed_and_one_odd_week_is_not():
    rng = np.random.default_rng(3)
    calm = rng.poisson(40, (6, 150)).astype(float)
    moved, odd = calm.copy(), calm.copy()
    moved[:, -16:] = rng.poisson(80, (6, 16))
    odd[:, -1] *= 8
    assert smoothed(moved, 4, CONFIG.follow).mean() > 68
    assert smoothed(odd, 4, CONFIG.follow).mean() < 60


@settings(max_examples=30, deadline=None)
@given(known=st.integers(1, 40), scale=st.sampled_from([0.0, 0.02, 3.0, 1e6]), seed=st.integers(0, 99))
def test_any_history_has_finite_means_that_do_not_depend_on_the_horizon(known, scale, seed):
    y = np.random.default_rng(seed).poisson(scale, (3, known)).astype(float)
    longer = smoothed(y, 9, CONFIG.follow)
    assert np.isfinite(longer).all()
    assert (longer >= 0).all()
    np.testing.assert_allclose(smoothed(y, 4, CONFIG.follow), longer[:, :4])


def test_weights_go_to_what_would_have_been_right():
    rng, weeks = np.random.default_rng(1), np.arange(208)
    hierarchy = city(2, 2)
    summer = rng.poisson(60 * np.where((weeks % 52 >= 20) & (weeks % 52 < 30), 3.0, 0.5), (4, 208)).astype(float)
    drift = rng.poisson(60 * np.exp(np.cumsum(rng.normal(0, 0.15, 208))), (4, 208)).astype(float)
    seasonal, drifting = (learn_weights(y, hierarchy, WEEKLY, CONFIG) for y in (summer, drift))
    for weights in (*seasonal.values(), *drifting.values()):
        assert sum(weights.values()) == pytest.approx(1)
    assert seasonal["total"]["steady"] < 0.1
    assert drifting["total"]["steady"] > 0.3


def test_daily_panels_and_short_histories_follow_nothing():
    y = np.ones((4, 60))
    assert learn_weights(y, city(2, 2), cadence_of("D"), CONFIG) == {}
    assert learn_weights(y[:, :30], city(2, 2), WEEKLY, CONFIG) == {}
    cells = np.full((4, 3), 2.0)
    assert follow(cells, y, {}, city(2, 2), WEEKLY, CONFIG) is cells


def test_sparse_cells_are_carried_by_the_city_they_are_part_of():
    rng = np.random.default_rng(5)
    y = rng.poisson(0.5, (200, 150)).astype(float)
    y[:, -16:] = rng.poisson(1.0, (200, 16))
    hierarchy = city(10, 20)
    weights = learn_weights(y, hierarchy, WEEKLY, CONFIG)
    cells = np.full((200, 4), 0.5)
    followed = follow(cells, y, weights, hierarchy, WEEKLY, CONFIG)
    assert 115 < followed[:, 0].sum() < 200


def test_the_future_changes_no_weight():
    y = np.random.default_rng(2).poisson(9.0, (4, 120)).astype(float)
    later = np.concatenate([y, 1000 * np.ones((4, 5))], axis=1)
    hierarchy = city(2, 2)
    assert learn_weights(y, hierarchy, WEEKLY, CONFIG) == learn_weights(later[:, :120], hierarchy, WEEKLY, CONFIG)
