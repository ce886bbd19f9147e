"""Real breaks, and a holiday that moves: errors of the eight weeks after, beside what a planner would have said."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "forecast"))
import regimes

pytestmark = pytest.mark.slow
PLAIN = ("window_mean", "seasonal_naive", "same_week_mean")


def best_plain(found, level):
    return min(found.wape(name, level) for name in PLAIN)


@pytest.fixture(scope="module")
def new_york(real_data):
    return regimes.new_york()


@pytest.mark.real_data
@pytest.mark.parametrize("origin", ["2020-04-06", "2020-06-01"])
def test_the_pandemic_is_followed_within_weeks(new_york, origin):
    found = regimes.after(new_york, origin, "US")
    for level in regimes.LEVELS:
        assert found.wape("weisu", level) < best_plain(found, level)
    assert found.wape("weisu", "total") < 0.4  # last year's weeks: .72 and .95
    assert found.wape("weisu", "total") < 0.75 * found.wape("without breaks", "total")


@pytest.mark.real_data
def test_a_new_council_office_by_office(new_york):
    found = regimes.after(new_york, "2022-02-21", "US")
    for level in ("category", "district", "cell"):
        assert found.wape("weisu", level) < best_plain(found, level)
    assert found.wape("weisu", "total") < 0.25  # last year's weeks: .31
    for office in ("NYCC05", "NYCC15", "NYCC34"):  # left: from 26, 3 and 10 tickets a week to 3, 0 and 1
        name = f"district={office}"
        assert found.mean("weisu", name) < 2.5 * found.mean("actual", name) + 1
        assert found.mean("weisu", name) < 0.35 * found.mean("window_mean", name)
    came = "district=NYCC46"  # from 0.1 to 19 a week
    assert found.mean("weisu", came) > 3.5 * found.mean("window_mean", came)


@pytest.mark.real_data
def test_a_category_is_forecast_from_its_own_life_two_months_after_its_birth(real_data):
    found = regimes.after(regimes.stuttgart(), "2023-10-02", "DE")
    born = "category=Gefahrenstelle"
    life = found.hierarchy["category"].sum(found.panel.y)[found.hierarchy["category"].ids.index(born)]
    assert found.mean("weisu", born) == pytest.approx(life[found.known - 8 : found.known].mean(), rel=0.3)
    assert found.mean("weisu", born) > 0.55 * found.mean("actual", born)  # it was still growing
    assert found.mean("seasonal_naive", born) == 0.0
    assert found.wape("weisu", "category") < best_plain(found, "category")


def test_the_spring_festival_is_followed_when_it_moves():
    city = regimes.simulated()
    found = [regimes.after(city, origin, "CN") for origin in ("2025-01-06", "2026-01-26")]
    for level in ("total", "category", "district"):
        ours = np.mean([one.wape("weisu", level) for one in found])
        assert ours < np.mean([one.wape("seasonal_naive", level) for one in found])
        assert ours < np.mean([one.wape("window_mean", level) for one in found])
