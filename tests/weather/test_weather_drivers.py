from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from features.settings import Settings
from features.weather import WeatherError, read_weather, validate_weather, weather_for, weather_frame

DAYS = pd.date_range("2021-01-01", "2023-12-31")


def observations(forecasts=()):
    season = 15 + 10 * np.sin(2 * np.pi * (DAYS.day_of_year - 100) / 365)
    frame = pd.DataFrame({"date": DAYS, "tmax": season, "tmin": season - 8, "prcp": 1.0})
    issued = pd.DataFrame(forecasts, columns=["date", "tmax", "tmin", "prcp", "issued_at"])
    issued["date"] = pd.to_datetime(issued["date"])
    return validate_weather(pd.concat([frame, issued]) if len(issued) else frame, timezone="Asia/Shanghai")


def frame(known, as_of, start, end):
    return weather_frame(known, as_of=as_of, start=start, end=end).set_index("date")


def test_past_is_observed_and_the_future_is_climatology():
    result = frame(observations(), date(2023, 7, 1), date(2023, 6, 29), date(2023, 7, 3))
    assert result["source"].tolist() == ["observed", "observed", "climatology", "climatology", "climatology"]
    assert result.loc["2023-07-02", "tmax"] == pytest.approx(25, abs=0.5)
    assert result.loc["2023-07-02", "prcp"] == pytest.approx(1)


def test_forecast_counts_from_the_moment_it_was_issued_and_the_latest_one_wins():
    known = observations([
        ("2024-01-02", 30.0, 20.0, 0.0, "2023-12-30T06:00"),
        ("2024-01-02", 31.0, 21.0, 0.0, "2023-12-31T06:00"),
    ])  # fmt: skip
    at = {
        moment: frame(known, moment, date(2024, 1, 2), date(2024, 1, 2))
        for moment in (datetime(2023, 12, 30, 5), datetime(2023, 12, 30, 7), datetime(2023, 12, 31, 7))  # noqa: DTZ001
    }
    assert [result["source"].item() for result in at.values()] == ["climatology", "forecast", "forecast"]
    assert [result["tmax"].item() for result in list(at.values())[1:]] == [30, 31]


def test_observation_is_known_from_the_next_midnight_of_the_hotline():
    known = observations()
    before = weather_frame(
        known,
        as_of=datetime(2023, 7, 1, 15, 59, tzinfo=UTC),
        start=date(2023, 7, 1),
        end=date(2023, 7, 1),
        timezone="Asia/Shanghai",
    )
    after = weather_frame(
        known,
        as_of=datetime(2023, 7, 1, 16, 0, tzinfo=UTC),
        start=date(2023, 7, 1),
        end=date(2023, 7, 1),
        timezone="Asia/Shanghai",
    )
    assert [before["source"].item(), after["source"].item()] == ["climatology", "observed"]


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.dates(date(2021, 6, 1), date(2023, 12, 1)), st.floats(-20, 45))
def test_what_happens_later_changes_nothing(as_of, value):
    known = observations([("2023-12-31", 1.0, 0.0, 0.0, "2023-12-25T00:00")])
    later = (known["date"] >= pd.Timestamp(as_of)) | (known["issued_at"] > pd.Timestamp(as_of))
    perturbed = known.assign(tmax=known["tmax"].where(~later, value))
    window = {"start": date(2021, 1, 1), "end": date(2024, 1, 31)}
    pd.testing.assert_frame_equal(
        weather_frame(known, as_of=as_of, **window), weather_frame(perturbed, as_of=as_of, **window)
    )


def test_gap_in_the_past_is_filled_by_climatology_and_an_absent_measure_stays_unknown():
    known = validate_weather(pd.DataFrame({"date": DAYS, "tmax": 10.0}).drop(index=5), timezone="UTC")
    result = frame(known, date(2024, 1, 1), date(2021, 1, 5), date(2021, 1, 7))
    assert result["source"].tolist() == ["observed", "climatology", "observed"]
    assert result["tmax"].tolist() == [10, 10, 10]
    assert result["prcp"].isna().all()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"date": ["soon"], "tmax": [1]}, "line 2 has no valid date"),
        ({"date": ["2023-01-01"], "tmax": [86]}, "line 2 has an impossible tmax"),
        ({"date": ["2023-01-01"] * 2, "tmax": [1, 2]}, "line 3 repeats a day"),
        ({"day": ["2023-01-01"]}, r"it has day"),
    ],
)
def test_wrong_weather_is_named(rows, message):
    with pytest.raises(WeatherError, match=message):
        validate_weather(pd.DataFrame(rows), timezone="UTC")


def test_weather_of_an_installation_is_the_configured_file(tmp_path):
    (tmp_path / "w.csv").write_text("date,tmax_c\n2023-01-01,21.5\n", encoding="utf-8-sig")
    known = weather_for(Settings(weather={"file": str(tmp_path / "w.csv")}))
    assert known["tmax"].tolist() == [21.5]
    assert weather_for(Settings()) is None


def test_missing_file_is_named(tmp_path):
    with pytest.raises(WeatherError, match=r"none\.csv cannot be read"):
        read_weather(tmp_path / "none.csv", timezone="UTC")


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["nyc_central_park_2009_2024", "boston_2013_2023", "chicago_darksky_2011_2014"])
def test_real_weather_is_read(real_data, name):
    known = read_weather(real_data / "weather" / f"{name}.csv", timezone="America/New_York")
    last = known["date"].max().date()
    result = weather_frame(known, as_of=last, start=last, end=last)
    assert result["source"].item() == "climatology"
    measures = ["tmax"] if "darksky" in name else ["tmax", "tmin", "prcp"]
    assert result[measures].notna().all(axis=None)
