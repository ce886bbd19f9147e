from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.calendars import lunar_new_year
from serve.reports.ics import write_ics
from serve.reports.seasons import Season, seasonal_calendar

AFTER = pd.Timestamp("2026-11-23")
WEEKS = pd.date_range(end=AFTER - pd.Timedelta(days=7), periods=160, freq="7D")


def calendar(counts: np.ndarray, **options) -> list[Season]:
    frame = pd.DataFrame({"unique_id": "category=涝", "ds": WEEKS, "y": counts})
    return seasonal_calendar(frame, names={"category=涝": "内涝"}, after=AFTER, **options)


def test_what_returned_every_summer_is_expected_again_with_a_date_to_act_by():
    summer = np.where((WEEKS.month == 7) | (WEEKS.month == 8), 90.0, 20.0)
    (season,) = calendar(summer)
    assert season.starts.month in {6, 7}
    assert (season.hits, season.years) == (3, 3)
    assert season.times > 3
    assert season.act_by == season.starts - pd.Timedelta(weeks=4)


def test_a_problem_of_the_spring_festival_follows_the_moon():
    festivals = [pd.Timestamp(lunar_new_year(year)) for year in (2024, 2025, 2026)]
    near = [min(abs((week + pd.Timedelta(days=3) - day).days) for day in festivals) <= 7 for week in WEEKS]
    found = calendar(np.where(near, 80.0, 10.0))
    coming = pd.Timestamp(lunar_new_year(2027))
    assert len(found) == 1, "one season, not one per solar date it ever fell on"
    assert found[0].starts - pd.Timedelta(days=7) <= coming <= found[0].starts + pd.Timedelta(weeks=found[0].weeks + 1)


def test_one_bad_year_is_not_a_season():
    once = np.where((WEEKS.year == 2025) & (WEEKS.month == 5), 200.0, 20.0)
    assert calendar(once) == []


def test_a_flat_series_has_no_season_and_less_than_two_years_no_calendar():
    assert calendar(np.full(len(WEEKS), 50.0)) == []
    short = pd.DataFrame({"unique_id": "a", "ds": WEEKS[-80:], "y": np.tile([1.0, 90.0], 40)})
    assert seasonal_calendar(short, names={}, after=AFTER) == []


def test_the_future_is_not_looked_at():
    summer = np.where(WEEKS.month == 7, 90.0, 20.0)
    before = calendar(summer)
    ahead = pd.DataFrame({"unique_id": "category=涝", "ds": pd.date_range(AFTER, periods=30, freq="7D"), "y": 9e4})
    past = pd.DataFrame({"unique_id": "category=涝", "ds": WEEKS, "y": summer})
    assert seasonal_calendar(pd.concat([past, ahead]), names={"category=涝": "内涝"}, after=AFTER) == before


@given(st.text(min_size=1, max_size=60))
def test_ics_lines_are_folded_at_75_bytes_and_carry_the_same_uid_again(name):
    season = Season("category=x", name, pd.Timestamp("2027-07-05"), 3, 3, 3, 2.1, 90.0)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    body = write_ics([season], now=now)
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    text = body.decode().replace("\r\n ", "")
    assert text.count("BEGIN:VEVENT") == text.count("END:VEVENT") == 2
    assert body == write_ics([season], now=now)


@pytest.mark.parametrize(
    "words", ["DTSTART;VALUE=DATE:20270607", "DTSTART;VALUE=DATE:20270705", "DTEND;VALUE=DATE:20270726"]
)
def test_ics_says_when_to_act_and_how_long_it_lasts(words):
    season = Season("category=x", "内涝", pd.Timestamp("2027-07-05"), 3, 3, 3, 2.1, 90.0)
    assert words in write_ics([season], now=datetime(2026, 11, 23, tzinfo=UTC)).decode()
