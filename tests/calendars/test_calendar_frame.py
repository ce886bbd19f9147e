from datetime import date, timedelta
from time import perf_counter

import chinese_calendar
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.calendars import (
    CALENDAR_VERSION,
    CalendarError,
    OverrideError,
    UnknownCountryError,
    calendar_for,
    calendar_frame,
    calendar_version,
    lunar_new_year,
    read_overrides,
    solar_terms,
)
from features.settings import Settings

# Spring Festival as the Hong Kong Observatory's conversion tables have it.
SPRING_FESTIVALS = {
    1990: date(1990, 1, 27),
    2000: date(2000, 2, 5),
    2015: date(2015, 2, 19),
    2020: date(2020, 1, 25),
    2023: date(2023, 1, 22),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2033: date(2033, 1, 31),
    2034: date(2034, 2, 19),
    2050: date(2050, 1, 23),
}


def days(country, start, end, **kwargs):
    return calendar_frame(country, date.fromisoformat(start), date.fromisoformat(end), **kwargs).set_index("date")


def overrides(*rows):
    return pd.DataFrame(rows, columns=["date", "kind", "name", "country"][: len(rows[0])])


@pytest.mark.parametrize(("year", "day"), SPRING_FESTIVALS.items())
def test_spring_festival_of_known_years(year, day):
    assert lunar_new_year(year) == day


def test_every_year_from_1990_to_2050_has_24_terms_in_order():
    for year in range(1990, 2051):
        terms = solar_terms(year)
        assert len(terms) == 24
        assert list(terms) == sorted(terms)
        assert {day.year for day in terms} == {year}
        assert list(terms.values())[0::23] == ["小寒", "冬至"]


def test_solar_terms_of_2024_as_the_observatory_has_them():
    terms = {name: day for day, name in solar_terms(2024).items()}
    assert terms["立春"] == date(2024, 2, 4)
    assert terms["清明"] == date(2024, 4, 4)
    assert terms["夏至"] == date(2024, 6, 21)
    assert terms["冬至"] == date(2024, 12, 21)


def test_china_agrees_with_the_notices_day_by_day():
    frame = days("CN", "2004-01-01", "2026-12-31")
    for day in frame.index[::3]:
        assert frame.loc[day, "is_workday"] == chinese_calendar.is_workday(day.date()), day
    assert not frame["degraded"].any()


def test_make_up_saturday_is_worked_and_is_no_holiday():
    frame = days("CN", "2026-02-01", "2026-02-28")
    made_up = frame.loc["2026-02-14"]
    assert made_up["is_makeup"]
    assert made_up["is_workday"]
    assert not made_up["is_holiday"]


def test_year_without_a_notice_falls_back_visibly():
    frame = days("CN", "2026-12-25", "2027-12-31")
    assert frame.groupby(frame.index.year)["degraded"].all().to_dict() == {2026: False, 2027: True}
    spring = frame[frame["holiday"] == "Spring Festival"]
    assert spring.index.min() == pd.Timestamp("2027-02-05")
    assert len(spring) == 8
    assert not frame.loc["2027", "is_makeup"].any()


def test_fallback_looks_like_the_notices_of_the_years_it_was_taken_from(monkeypatch):
    from features.calendars.frame import _usual_pattern

    for year in (2025, 2026):
        known = days("CN", f"{year}-01-01", f"{year}-12-31")
        off = set(known.index[known["is_holiday"]].date)
        guessed = set(_usual_pattern(year))
        assert len(guessed & off) / len(off) >= 0.85
        assert len(guessed - off) <= 3


def test_offsets_go_through_zero_on_the_festival_and_stay_with_the_nearest():
    frame = days("CN", "1990-01-01", "2050-12-31")
    offsets = frame["days_to_lunar_new_year"]
    for year in range(1990, 2051):
        festival = pd.Timestamp(lunar_new_year(year))
        around = offsets[festival - timedelta(days=28) : festival + timedelta(days=28)]
        assert around.loc[festival] == 0
        assert (np.diff(around) == 1).all()
    assert offsets.abs().max() <= 192


def test_offsets_are_there_for_every_country():
    assert days("US", "2026-02-17", "2026-02-17")["days_to_lunar_new_year"].item() == 0


@pytest.mark.parametrize(
    ("country", "day", "name"),
    [
        ("US", "2024-11-28", "Thanksgiving Day"),
        ("DE", "2024-10-03", "German Unity Day"),
        ("DE-BW", "2024-01-06", "Epiphany"),
        ("GB", "2024-12-26", "Boxing Day"),
    ],
)
def test_other_countries(country, day, name):
    frame = days(country, day, day)
    assert frame["holiday"].item() == name
    assert not frame["is_workday"].item()


def test_weekend_is_the_countrys_own():
    frame = days("IL", "2024-07-05", "2024-07-07")  # Friday, Saturday, Sunday
    assert frame["is_workday"].tolist() == [False, False, True]


@settings(deadline=None)
@given(
    country=st.sampled_from(["CN", "US", "DE", "IL"]),
    first=st.dates(date(1991, 1, 1), date(2049, 1, 1)),
    length=st.integers(0, 800),
)
def test_one_row_per_day_and_a_day_is_worked_or_not(country, first, length):
    last = first + timedelta(days=length)
    frame = calendar_frame(country, first, last)
    assert frame["date"].tolist() == pd.date_range(first, last).tolist()
    assert (frame["is_holiday"] == (frame["holiday"] != "")).all()
    assert not (frame["is_holiday"] & frame["is_workday"]).any()
    assert not (frame["is_makeup"] & ~frame["is_workday"]).any()


def test_fifteen_years_take_less_than_a_second():
    from features.calendars import frame as module

    module._year_frame.cache_clear()
    begin = perf_counter()
    calendar_frame("CN", date(2013, 1, 1), date(2027, 12, 31))
    assert perf_counter() - begin < 1


def test_what_a_caller_writes_into_a_frame_does_not_reach_the_next_caller():
    first = calendar_frame("CN", date(2026, 1, 1), date(2026, 12, 31))
    first["holiday"] = "spoilt"
    assert "spoilt" not in set(calendar_frame("CN", date(2026, 1, 1), date(2026, 12, 31))["holiday"])


def test_override_outranks_the_library():
    frame = days(
        "CN",
        "2026-10-01",
        "2026-10-10",
        overrides=overrides(("2026-10-08", "holiday", "三月三"), ("2026-10-10", "ordinary", "")),
    )
    assert frame.loc["2026-10-08", ["is_holiday", "holiday", "is_workday"]].tolist() == [True, "三月三", False]
    assert frame.loc["2026-10-10", ["is_makeup", "is_workday"]].tolist() == [False, False]


def test_override_for_another_country_does_not_apply():
    row = overrides(("2026-03-10", "holiday", "Local day", "US"))
    assert days("CN", "2026-03-10", "2026-03-10", overrides=row)["is_workday"].item()
    assert not days("US", "2026-03-10", "2026-03-10", overrides=row)["is_workday"].item()


def test_single_override_leaves_a_fallback_year_degraded_and_a_complete_one_replaces_it():
    one = overrides(("2027-03-10", "holiday", "Local day"))
    assert days("CN", "2027-01-01", "2027-12-31", overrides=one)["degraded"].all()
    whole = pd.concat([one, overrides(("2027-01-01", "complete", ""))])
    frame = days("CN", "2027-01-01", "2027-12-31", overrides=whole)
    assert not frame["degraded"].any()
    assert frame["is_holiday"].sum() == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("2027-13-01", "holiday", "x")], "line 2 has no valid date"),
        ([("2027-01-01", "feast", "x")], "line 2 has an unknown kind"),
        ([("2027-01-01", "holiday", "")], "line 2 is a holiday without a name"),
        ([("2027-01-01", "holiday", "x"), ("2027-01-01", "makeup", "")], "line 3 repeats a day"),
    ],
)
def test_wrong_override_rows_are_named(rows, message):
    with pytest.raises(OverrideError, match=message):
        days("CN", "2027-01-01", "2027-01-02", overrides=overrides(*rows))


def test_override_file_with_bom_is_read_and_configured(tmp_path):
    path = tmp_path / "calendar.csv"
    path.write_text("date,kind,name\n2027-03-10,holiday,三月三\n", encoding="utf-8-sig")
    installation = Settings(country="CN", calendar={"overrides": str(path)})
    frame = calendar_for(installation)(date(2027, 3, 10), date(2027, 3, 10))
    assert frame["holiday"].item() == "三月三"
    assert calendar_version(read_overrides(path)).startswith(f"{CALENDAR_VERSION}+")


def test_missing_and_malformed_files_say_which(tmp_path):
    with pytest.raises(OverrideError, match=r"absent\.csv cannot be read"):
        read_overrides(tmp_path / "absent.csv")
    path = tmp_path / "odd.csv"
    path.write_text("day,kind\n2027-01-01,holiday\n", encoding="utf-8")
    with pytest.raises(OverrideError, match=r"odd\.csv: missing columns \['date'\], unknown columns \['day'\]"):
        read_overrides(path)


def test_impossible_requests_are_refused():
    with pytest.raises(UnknownCountryError, match="no calendar for country 'ZZ'"):
        days("ZZ", "2026-01-01", "2026-01-02")
    with pytest.raises(UnknownCountryError, match="'DE-XX'"):
        days("DE-XX", "2026-01-01", "2026-01-02")
    with pytest.raises(CalendarError, match="before it starts"):
        days("CN", "2026-01-02", "2026-01-01")
    with pytest.raises(CalendarError, match="lunar calendar of 1900"):
        lunar_new_year(1900)
