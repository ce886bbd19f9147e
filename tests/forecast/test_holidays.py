"""A week's holiday moves it as far as earlier years say so clearly."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from features.calendars import calendar_frame
from features.configuration import ForecastConfig
from features.configuration.forecaster import HolidayConfig
from features.vocabulary import Frequency
from models.forecast.engine import fit_engine
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.holidays import holiday_factors, holiday_weeks

HOLIDAYS = HolidayConfig()

US, CN = partial(calendar_frame, "US"), partial(calendar_frame, "CN")
WEEKS = 52 * 6


def city(dip: float, *, noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Six years of about 200 tickets a week, `dip` of them in weeks of Thanksgiving; the next one is 4 weeks ahead."""
    ds = pd.date_range("2017-10-30", periods=WEEKS + 12, freq="7D")
    weeks = holiday_weeks(ds, US)
    rng = np.random.default_rng(seed)
    y = 200 * np.exp(noise * rng.standard_normal(len(ds)))
    return np.where(np.array(weeks) == "Thanksgiving Day", y * dip, y), weeks


def test_weeks_are_named_by_their_first_weekday_off():
    names = holiday_weeks(pd.date_range("2021-12-20", periods=3, freq="7D"), US)
    assert names == ["Christmas Day", "New Year's Day", ""], "both are observed on a Friday"
    festival = holiday_weeks(pd.date_range("2023-01-16", periods=4, freq="7D"), CN)
    assert [name for name in festival if name] == ["Spring Festival"], "21 January 2023 was a Saturday"
    golden = holiday_weeks(pd.date_range("2024-09-30", periods=3, freq="7D"), CN)
    assert golden == ["National Day", "National Day, later week", ""]


def test_a_dip_of_every_year_is_met_by_a_flat_forecast_and_its_neighbours_get_what_it_lost():
    y, weeks = city(0.5)
    ahead = np.full(12, 195.0)
    at = weeks.index("Thanksgiving Day", WEEKS) - WEEKS
    moved = ahead * holiday_factors(y[:WEEKS], ahead, weeks, HOLIDAYS)
    around = [at - 1, at + 1, at + 2]  # two weeks before is Veterans Day
    assert moved[at] == pytest.approx(0.5 * 195, rel=0.02)
    np.testing.assert_allclose(moved[around], 195 + (195 - moved[at]) / 3)
    assert moved.sum() == pytest.approx(ahead.sum())


def test_a_forecast_that_knows_the_dip_is_left_alone():
    y, weeks = city(0.5)
    np.testing.assert_allclose(holiday_factors(y[:WEEKS], y[WEEKS:], weeks, HOLIDAYS), 1.0, atol=0.01)


def test_what_noise_explains_moves_nothing_or_little():
    factors = []
    for seed in range(40):
        y, weeks = city(1.0, noise=0.15, seed=seed)
        factors.append(holiday_factors(y[:WEEKS], np.full(12, 200.0), weeks, HOLIDAYS))
    moved = np.abs(np.log(np.array(factors)))
    assert (moved > 0.02).mean() < 0.05
    assert moved.max() < 0.2


@pytest.mark.parametrize("weeks_ahead", [1, 4, 8])
def test_a_mean_does_not_depend_on_how_many_weeks_are_asked_for(weeks_ahead):
    y, weeks = city(0.5, noise=0.05)
    long, short = 12, weeks_ahead + ForecastConfig().further
    ahead = np.full(long, 190.0)
    whole = holiday_factors(y[:WEEKS], ahead, weeks, HOLIDAYS)[:weeks_ahead]
    part = holiday_factors(y[:WEEKS], ahead[:short], weeks[: WEEKS + short], HOLIDAYS)[:weeks_ahead]
    np.testing.assert_allclose(part, whole)


def test_unknown_holidays_and_one_earlier_year_move_nothing():
    y, weeks = city(0.5)
    one_year = y[WEEKS - 60 : WEEKS]
    np.testing.assert_array_equal(holiday_factors(one_year, np.full(12, 200.0), weeks[WEEKS - 60 :], HOLIDAYS), 1.0)


def test_the_engine_forecasts_thanksgiving_lower_and_the_levels_still_add_up():
    y, weeks = city(0.4, noise=0.05)
    rng = np.random.default_rng(5)
    cells = rng.poisson(np.outer([0.5, 0.3, 0.2], y[:WEEKS])).astype(float)
    static = pd.DataFrame({"unique_id": list("abc"), "category": list("xxy"), "district": list("uvv")})
    panel = PanelMatrix(cells, tuple("abc"), pd.date_range("2017-10-30", periods=WEEKS, freq="7D"), Frequency.WEEKLY)
    hierarchy = Hierarchy.of(static, panel.ids)
    at = weeks.index("Thanksgiving Day", WEEKS) - WEEKS
    forecasts = {}
    for on in (False, True):
        engine = fit_engine(panel, hierarchy, config=ForecastConfig(holidays={"enabled": on}), calendar=US)
        forecasts[on] = engine.cell_means(panel, at + 2)
    truth = 200 * 0.4
    errors = {on: abs(means[:, at].sum() - truth) for on, means in forecasts.items()}
    assert errors[True] < errors[False]
    np.testing.assert_allclose(hierarchy["category"].sum(forecasts[True]).sum(axis=0), forecasts[True].sum(axis=0))
