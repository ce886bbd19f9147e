from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.calendars import calendar_frame
from features.configuration.forecaster import MarkedDayConfig
from features.vocabulary import Frequency
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.holidays import marked_days, ordinary_days, weekday_around

MARKED = MarkedDayConfig()

START, DAYS, HORIZON = "2019-01-01", 5 * 364, 14
CATEGORIES = ["offices", "offices", "animals"]


def us(start: date, end: date) -> pd.DataFrame:
    return calendar_frame("US", start, end)


def quiet_christmas(*, until: str, eve: float = 1.0) -> PanelMatrix:
    """Twenty tickets a day in each cell, half at weekends, none at Christmas, `eve` as many the day before."""
    ds = pd.date_range(START, until)
    usual = np.where(ds.day_of_week >= 5, 10.0, 20.0)
    christmas, before = (ds.month == 12) & (ds.day == 25), (ds.month == 12) & (ds.day == 24)
    y = np.tile(np.where(christmas, 0.0, np.where(before, eve * usual, usual)), (3, 1))
    return PanelMatrix(y, ("a", "b", "c"), ds, Frequency.DAILY)


def hierarchy() -> Hierarchy:
    return Hierarchy.of(pd.DataFrame({"unique_id": ["a", "b", "c"], "category": CATEGORIES}), ["a", "b", "c"])


def test_days_are_named_by_their_place_in_a_holiday():
    rows = pd.DataFrame({"holiday": ["", "", "Festival", "Festival", "", ""], "is_makeup": [True] + [False] * 5})
    marks = marked_days(rows, MARKED.longest)
    worked, eve, first, second, after, none = marks.kind
    assert none == -1
    assert len({worked, eve, first, second, after}) == 5
    assert marks.off[[first, second]].all()
    assert not marks.off[[worked, eve, after]].any()


def test_a_holiday_is_no_eve_of_the_next_one():
    rows = pd.DataFrame({"holiday": ["First", "Second", ""], "is_makeup": False})
    marks = marked_days(rows, MARKED.longest)
    assert marks.off[marks.kind[:2]].all()


def test_a_holiday_goes_on_counting_after_another_in_its_midst():
    plain = pd.DataFrame({"holiday": ["", *["Golden week"] * 5, ""], "is_makeup": False})
    with_moon = plain.assign(holiday=["", *["Golden week"] * 3, "Moon", "Golden week", ""])
    marks = marked_days(pd.concat([plain, *[plain[:1]] * 30, with_moon], ignore_index=True), MARKED.longest)
    usual, moon = marks.kind[: len(plain)], marks.kind[-len(plain) :]
    np.testing.assert_array_equal(np.delete(moon, 4), np.delete(usual, 4))
    assert moon[4] not in usual


def test_the_same_day_of_another_year_is_of_the_same_kind():
    rows = us(date(2019, 1, 1), date(2023, 12, 31))
    marks = marked_days(rows, MARKED.longest)
    christmas_eve = (rows["date"].dt.month == 12) & (rows["date"].dt.day == 24)
    kinds = marks.kind[christmas_eve.to_numpy()]
    assert (kinds >= 0).all()
    # In 2021 and 2022 another holiday stands beside it: its day off on the 24th or the 26th.
    assert len(set(kinds[:2]) | {kinds[4]}) == 1


def test_the_mean_of_ordinary_weekdays_is_found_by_the_slow_way_too():
    rng = np.random.default_rng(1)
    y, ordinary = rng.poisson(5.0, (2, 60)).astype(float), rng.random(60) > 0.2
    mean, seen = weekday_around(y, ordinary, MARKED.weeks_around)
    for day in range(60):
        near = [day + 7 * week for week in range(-4, 5) if week and 0 <= day + 7 * week < 60]
        near = [other for other in near if ordinary[other]]
        assert seen[day] == bool(near)
        if near:
            np.testing.assert_allclose(mean[:, day], y[:, near].mean(axis=1))


def test_a_quiet_day_is_filled_up_and_comes_back_ahead():
    panel = quiet_christmas(until="2023-12-20", eve=0.5)
    found = ordinary_days(panel, hierarchy().category(), us, HORIZON, MARKED)
    past = (panel.ds.month == 12) & (panel.ds.day == 25)
    assert found.panel.y[:, past].mean() == pytest.approx(15, rel=0.1)
    ahead = dict(zip(panel.future(HORIZON).strftime("%m-%d"), found.ahead[0], strict=True))
    assert ahead["12-25"] < 0.15
    assert ahead["12-24"] == pytest.approx(0.5, abs=0.1)
    assert ahead["12-28"] == 1.0


def test_categories_differ_where_their_own_past_says_so():
    panel = quiet_christmas(until="2023-12-20")
    animals_every_day = panel.y.copy()
    animals_every_day[2] = 20.0
    panel = PanelMatrix(animals_every_day, panel.ids, panel.ds, Frequency.DAILY)
    found = ordinary_days(panel, hierarchy().category(), us, HORIZON, MARKED)
    at = list(panel.future(HORIZON).strftime("%m-%d")).index("12-25")
    offices, animals = found.ahead[0, at], found.ahead[2, at]
    assert offices < 0.2
    assert animals > 0.7


def test_history_stays_whole_tickets_and_ordinary_days_stay_untouched():
    panel = quiet_christmas(until="2023-12-20")
    panel = PanelMatrix(
        np.random.default_rng(2).poisson(panel.y / 40).astype(float), panel.ids, panel.ds, Frequency.DAILY
    )
    filled = ordinary_days(panel, hierarchy().category(), us, HORIZON, MARKED).panel.y
    ordinary = marked_days(us(panel.ds[0].date(), panel.ds[-1].date()), MARKED.longest).kind < 0
    np.testing.assert_array_equal(filled[:, ordinary], panel.y[:, ordinary])
    np.testing.assert_array_equal(filled, np.floor(filled))


def test_a_holiday_never_met_is_like_the_others_and_a_short_history_is_no_error():
    panel = quiet_christmas(until="2019-02-10")
    found = ordinary_days(panel, hierarchy().category(), us, HORIZON, MARKED)
    assert np.isfinite(found.ahead).all()
    without = ordinary_days(panel, hierarchy().category(), None, HORIZON, MARKED)
    np.testing.assert_array_equal(without.ahead, np.ones((3, HORIZON)))
    assert without.panel is panel
