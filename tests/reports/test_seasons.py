from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.series import UNCLASSIFIED
from features.settings import Settings
from serve.forecasts.history import WeeklyHistory
from serve.seasons.coming import ComingSeason, coming_seasons
from serve.seasons.ics import write_ics

AFTER = pd.Timestamp("2026-11-23")
WEEKS = pd.date_range("2023-01-02", AFTER + pd.Timedelta(weeks=8), freq="7D")
NAMES = {"category=涝": "内涝"}
NOWHERE = {"level": "category", "category1": "", "category2": "", "district": "", "department": ""}
FLOODS = {"unique_id": "category=涝", "category": "涝"} | NOWHERE
OTHERS = {"unique_id": "category=未分类", "category": UNCLASSIFIED} | NOWHERE


def calendar(counts: np.ndarray, **options) -> list[ComingSeason]:
    series = [pd.DataFrame({"unique_id": row["unique_id"], "ds": WEEKS, "y": counts}) for row in (FLOODS, OTHERS)]
    history = WeeklyHistory(pd.concat(series), pd.DataFrame([FLOODS, OTHERS]), AFTER)
    return coming_seasons(history, **({"after": AFTER, "names": NAMES, "settings": Settings()} | options))


def test_what_returned_every_summer_is_expected_again_with_a_date_to_act_by():
    (season,) = calendar(np.where((WEEKS.month == 7) | (WEEKS.month == 8), 90.0, 20.0))
    assert (season.name, season.starts.month, season.hits, season.years) == ("内涝", 7, 4, 4)
    assert season.times == pytest.approx(90 / 20, rel=0.2)
    assert season.act_by == season.starts - pd.Timedelta(weeks=4)


def test_only_seasons_that_begin_soon_are_shown():
    summer = np.where((WEEKS.month == 7) | (WEEKS.month == 8), 90.0, 20.0)
    assert calendar(summer, weeks=17) == []


def test_a_report_of_an_earlier_week_does_not_look_ahead():
    before = AFTER - pd.Timedelta(weeks=8)
    summer = np.where(WEEKS.month == 7, 90.0, 20.0)
    changed = np.where(before <= WEEKS, 9e4, summer)
    assert calendar(changed, after=before) == calendar(summer, after=before) != []


@given(st.text(min_size=1, max_size=60))
def test_ics_lines_are_folded_at_75_bytes_and_carry_the_same_uid_again(name):
    season = ComingSeason(
        "category=x", name, pd.Timestamp("2027-07-05"), 3, 3, 3, 2.1, 90.0, pd.Timestamp("2027-06-07")
    )
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
    season = ComingSeason(
        "category=x", "内涝", pd.Timestamp("2027-07-05"), 3, 3, 3, 2.1, 90.0, pd.Timestamp("2027-06-07")
    )
    assert words in write_ics([season], now=datetime(2026, 11, 23, tzinfo=UTC)).decode()
