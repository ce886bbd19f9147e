import numpy as np
import pandas as pd
import pytest

from features.configuration import ForecastConfig
from models.forecast.hierarchy import Hierarchy
from models.forecast.layers import layered_means, season
from models.forecast.periods import cadence_of

CONFIG = ForecastConfig()

WEEKLY = cadence_of("W")
WEEKS = np.arange(208)
SUMMER = np.where((WEEKS % 52 >= 20) & (WEEKS % 52 < 32), 3.0, 0.4)


def city(categories: list[str]) -> Hierarchy:
    cells = [f"c{number}" for number in range(len(categories))]
    return Hierarchy.of(pd.DataFrame({"unique_id": cells, "category": categories}), cells)


def test_the_season_is_found_by_the_slow_way_too():
    rng = np.random.default_rng(1)
    y = rng.poisson(5 * np.where(WEEKS % 52 < 26, 1.5, 0.5), (2, 208)).astype(float)
    found = season(y, np.ones((2, 52)), reach=0, config=CONFIG.seasons)
    for series in range(2):
        for phase in (0, 30):
            at = WEEKS[phase == WEEKS % 52]
            starts = np.clip(at - 26, 0, 208 - 52)
            usual = np.array([y[series, start : start + 52].mean() for start in starts])
            weight = 0.85 ** ((207 - at) // 52)
            ratio = ((y[series, at] * weight).sum() + 20) / ((usual * weight).sum() + 20)
            assert found[series, phase] == pytest.approx(ratio)


def test_a_silent_cell_takes_the_season_of_its_category():
    big, sparse = 50 * SUMMER, np.zeros(208)
    sparse[::26] = 1.0
    mean = layered_means(np.stack([big, sparse]), city(["parks", "parks"]), WEEKLY, 26, CONFIG)
    summer, spring = mean[1, 22:].mean(), mean[1, :8].mean()
    assert summer > 3 * spring


def test_a_cell_moves_with_its_category():
    steady, moved = np.full(208, 20.0), np.full(208, 20.0)
    sparse = np.zeros(208)
    sparse[::8] = 1.0
    moved[-52:] *= 3
    calm = layered_means(np.stack([steady, sparse]), city(["noise", "noise"]), WEEKLY, 4, CONFIG)
    risen = layered_means(np.stack([moved, sparse]), city(["noise", "noise"]), WEEKLY, 4, CONFIG)
    assert risen[1].mean() > 1.05 * calm[1].mean()


def test_a_newborn_cell_is_measured_by_its_own_life():
    old, newborn = np.full(208, 10.0), np.zeros(208)
    newborn[-26:] = 6.0
    mean = layered_means(np.stack([old, newborn]), city(["a", "b"]), WEEKLY, 4, CONFIG)
    over_all_weeks = 6.0 * (1 - 0.5)  # half of the discounted weights lie in its 26 weeks
    assert mean[1].mean() > 1.3 * over_all_weeks


def test_without_two_years_there_is_no_season():
    y = 10 * SUMMER[None, :80]
    mean = layered_means(y, city(["parks"]), WEEKLY, 26, CONFIG)
    np.testing.assert_allclose(mean, np.repeat(mean[:, :1], 26, axis=1))


def test_nothing_ever_counted_is_no_error():
    mean = layered_means(np.zeros((2, 120)), city(["a", "b"]), WEEKLY, 4, CONFIG)
    assert np.isfinite(mean).all()
    assert (mean >= 0).all()
