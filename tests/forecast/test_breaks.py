"""What breaks is forecast from its life since the break; seasons and bursts are not taken for breaks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.configuration import ForecastConfig
from features.configuration.forecaster import BreakConfig, TreeConfig
from models.forecast import DemandModel
from models.forecast.breaks import find_breaks, move_to_breaks
from models.forecast.engine import breaking_levels
from models.forecast.hierarchy import Hierarchy, HierarchyLevel

BREAKS = BreakConfig()

SMALL = ForecastConfig(horizon=4, onestep=TreeConfig(trees=30, leaves=7))
YEAR = 1 + 0.8 * np.sin(2 * np.pi * np.arange(300) / 52)


def weeks(level, count=200, seed=0):
    return np.random.default_rng(seed).poisson(level, count).astype(float)


def test_an_office_that_left_is_found_after_a_month():
    y = np.stack([weeks(12), weeks(12)])
    y[0, -4:] = 0.0
    found = find_breaks(y, BREAKS)
    assert found.weeks.tolist() == [4, 0]
    assert found.fell[0]
    assert found.level[0] == 0.0


def test_a_season_that_came_last_year_too_is_no_break():
    y = np.random.default_rng(1).poisson(20 * YEAR**3, (1, 300)).astype(float)
    falls = [find_breaks(y[:, :end], BREAKS).weeks[0] for end in range(160, 300)]
    assert np.mean(np.array(falls) > 0) < 0.02


def test_quiet_series_break_rarely():
    rng = np.random.default_rng(2)
    rate = rng.gamma(2.0, 2.0, (400, 1)) * rng.gamma(8.0, 1 / 8.0, (400, 160))
    assert (find_breaks(rng.poisson(rate).astype(float), BREAKS).weeks > 0).mean() < 0.01


def test_a_burst_is_not_a_new_level_but_two_months_of_more_are():
    y = np.stack([weeks(5), weeks(5, seed=1)])
    y[0, -6:-4] = 300.0
    y[1, -8:] = 30.0
    found = find_breaks(y, BREAKS)
    assert found.weeks.tolist() == [0, 8]
    assert found.level[1] == 30.0
    assert not found.fell[1]


def test_a_forecast_that_followed_already_is_not_pulled_back():
    y = weeks(12)[None]
    y[0, -6:] = 3.0
    level = HierarchyLevel("district", ("a",), np.zeros(1, dtype=int))
    low, high = np.full((1, 4), 1.0), np.full((1, 4), 10.0)
    np.testing.assert_array_equal(move_to_breaks(low, y, [level], week=1, config=BREAKS), low)
    assert 3.0 < move_to_breaks(high, y, [level], week=1, config=BREAKS)[0, 0] < 4.0


def test_days_are_judged_by_the_week_and_keep_their_weekdays():
    shape = np.array([2.0, 2, 2, 2, 2, 0.5, 0.5])
    y = np.tile(shape * 6, 60)[None]
    y[0, -35:] = 0.0
    cells = (shape * 6)[None]
    moved = move_to_breaks(
        cells, y, [HierarchyLevel("district", ("a",), np.zeros(1, dtype=int))], week=7, config=BREAKS
    )
    assert moved.sum() < 0.05 * cells.sum()
    np.testing.assert_allclose(moved / moved.sum(), cells / cells.sum())


@given(st.integers(0, 10_000), st.integers(20, 220))
@settings(max_examples=40, deadline=None)
def test_breaks_are_finite_for_any_counts(seed, count):
    rng = np.random.default_rng(seed)
    y = rng.poisson(rng.gamma(0.3, 10.0, (5, 1)), (5, count)).astype(float)
    y[rng.integers(5), rng.integers(count) :] = 0.0
    level = HierarchyLevel("district", tuple("abcde"), np.arange(5))
    moved = move_to_breaks(np.full((5, 3), 0.5), y, [level], week=1, config=BREAKS)
    assert np.isfinite(moved).all()
    assert (moved >= 0).all()


def test_groupings_that_break_as_one():
    static = pd.DataFrame({"unique_id": list("abcd"), "category": list("xxyy"), "district": list("1212")})
    assert [level.name for level in breaking_levels(Hierarchy.of(static, list("abcd")))] == ["category", "district"]
    bare = Hierarchy.of(static[["unique_id"]], list("abcd"))
    assert [level.name for level in breaking_levels(bare)] == ["cell"]


@pytest.fixture(scope="module")
def city():
    """Three categories in four districts; the last district left six weeks ago, a fourth category is nine weeks old."""
    rng = np.random.default_rng(4)
    ds = pd.date_range("2021-01-04", periods=180, freq="7D")
    frames, static = [], []
    for number in range(16):
        category, district = f"c{number % 4}", f"d{number // 4}"
        rate = np.full(180, 4.0)
        if district == "d3":
            rate[-6:] = 0.0
        if category == "c3":
            rate[:-9] = 0.0
        name = f"{category} {district}"
        frames.append(pd.DataFrame({"unique_id": name, "ds": ds, "y": rng.poisson(rate)}))
        static.append({"unique_id": name, "category": category, "district": district})
    return pd.concat(frames, ignore_index=True), pd.DataFrame(static)


def test_an_office_that_left_is_forecast_near_zero_and_a_newborn_category_from_its_own_life(city):
    rows = DemandModel.fit(*city, freq="W", config=SMALL).predict(horizon=4)
    mean = rows.set_index("unique_id").groupby(level=0)["mean"].mean()
    assert mean["district=d3"] < 0.05 * mean["district=d0"]
    assert mean["category=c3"] == pytest.approx(12.0, rel=0.3)
