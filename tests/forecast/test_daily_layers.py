import numpy as np
import pandas as pd
import pytest

from features.configuration import ForecastConfig
from models.forecast.hierarchy import Hierarchy
from models.forecast.layers import daily_means, without_bursts
from models.forecast.periods import cadence_of

CONFIG = ForecastConfig()

DAILY = cadence_of("D")
DAYS = np.arange(3 * 364)
WEEKEND = np.where(DAYS % 7 >= 5, 0.2, 1.0)


def city(categories: list[str]) -> Hierarchy:
    cells = [f"c{number}" for number in range(len(categories))]
    return Hierarchy.of(pd.DataFrame({"unique_id": cells, "category": categories}), cells)


def test_weekdays_and_season_are_found():
    season = 1 + 0.5 * np.sin(2 * np.pi * DAYS / 364)
    y = 30 * WEEKEND * season
    known, ahead = y[None, : 2 * 364 + 90], y[2 * 364 + 90 : 2 * 364 + 104]
    mean = daily_means(known, city(["parks"]), DAILY, 14, CONFIG)
    np.testing.assert_allclose(mean[0], ahead, rtol=0.12)


def test_a_sparse_cell_has_the_weekdays_of_its_category_and_moves_with_it():
    sparse = np.zeros(len(DAYS))
    sparse[::30] = 1.0
    steady = 30 * WEEKEND
    risen = np.where(len(DAYS) - 14 <= DAYS, 2.0, 1.0) * steady
    calm, moved = (
        daily_means(np.stack([big, sparse]), city(["noise", "noise"]), DAILY, 14, CONFIG)[1] for big in (steady, risen)
    )
    weekday, weekend = calm[:5].mean(), calm[5:7].mean()
    assert weekend == pytest.approx(0.2 * weekday, rel=0.1)
    assert moved.mean() > 1.2 * calm.mean()


def test_sums_of_cells_are_those_of_their_category():
    rng = np.random.default_rng(1)
    y = rng.poisson(np.array([[6.0], [2.0], [1.0]]), (3, len(DAYS))).astype(float)
    apart = daily_means(y, city(["a", "a", "a"]), DAILY, 14, CONFIG).sum()
    together = daily_means(y.sum(axis=0, keepdims=True), city(["a"]), DAILY, 14, CONFIG).sum()
    assert apart == pytest.approx(together, rel=0.03)


def test_a_burst_does_not_carry_the_level_away():
    y = np.full((1, len(DAYS)), 10.0)
    burst = y.copy()
    burst[0, -3] = 300.0
    usual, after = (daily_means(rows, city(["a"]), DAILY, 14, CONFIG).mean() for rows in (y, burst))
    assert usual < after < 1.3 * usual


def test_the_mean_stays_a_mean_where_bursts_are_usual():
    rng = np.random.default_rng(3)
    y = rng.poisson(10.0, (1, len(DAYS))).astype(float)
    y[0, rng.choice(len(DAYS), 40, replace=False)] += 150.0
    assert daily_means(y, city(["a"]), DAILY, 14, CONFIG).mean() == pytest.approx(y[0, -364:].mean(), rel=0.15)


def test_bursts_are_cut_by_hand_computed_bounds():
    y = np.full((1, 4000), 10.0)
    y[0, -100] = 500.0
    cut = without_bursts(y, np.ones_like(y), CONFIG.daily_layers)
    level = (y[0] @ 0.5 ** (np.arange(4000)[::-1] / 120)) / (0.5 ** (np.arange(4000)[::-1] / 120)).sum()
    assert cut[0, -100] == pytest.approx(level + 3 * np.sqrt(level * (1 + 0.1 * level)), rel=1e-6)
    assert (np.delete(cut[0], -100) == 10.0).all()


def test_a_newborn_cell_is_measured_by_its_own_life():
    newborn = np.zeros(len(DAYS))
    newborn[-60:] = 6.0
    mean = daily_means(np.stack([np.full(len(DAYS), 10.0), newborn]), city(["a", "b"]), DAILY, 7, CONFIG)
    assert mean[1].mean() == pytest.approx(6.0, rel=0.3)


@pytest.mark.parametrize("days", [26, 100, 800])
def test_nothing_ever_counted_is_no_error(days):
    mean = daily_means(np.zeros((2, days)), city(["a", "b"]), DAILY, 14, CONFIG)
    assert np.isfinite(mean).all()
    assert (mean >= 0).all()
