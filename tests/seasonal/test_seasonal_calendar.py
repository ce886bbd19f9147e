from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from features.calendars import lunar_new_year
from features.seasons import CALENDAR_COLUMNS, seasonal_calendar
from features.sentences import said_of
from models.hotspots.candidates import merge_candidates
from models.hotspots.seasonal import due_forecasts

WEEKS = pd.date_range("2022-01-03", "2026-06-29", freq="7D")
NOW = pd.Timestamp("2026-05-26")
STATIC = pd.DataFrame(
    {
        "unique_id": ["cell"],
        "level": "cell",
        "category1": "农业",
        "category2": "烧烤",
        "category": "露天烧烤",
        "district": "海口市",
        "department": "城管局",
    }
)


def weekly(mean: np.ndarray, seed: int = 0) -> pd.DataFrame:
    return pd.DataFrame({"unique_id": "cell", "ds": WEEKS, "y": np.random.default_rng(seed).poisson(mean)})


def summer(*, growth: float = 0.0) -> np.ndarray:
    week = WEEKS.isocalendar()["week"].to_numpy()
    return 10 * np.exp(growth * np.arange(len(WEEKS)) / 52) * np.where((week >= 27) & (week <= 31), 4.0, 1.0)


def test_a_summer_problem_returns_in_its_week() -> None:
    table = seasonal_calendar(weekly(summer()), STATIC, NOW)
    assert tuple(table.columns) == CALENDAR_COLUMNS
    assert len(table) == 1
    row = table.iloc[0]
    assert row["aligned"] == "solar"
    assert abs(row["return_week"] - 27) <= 1
    assert (row["years_seen"], row["years"]) == (4, 4)
    assert row["act_by_week"] == row["return_week"] - 4
    assert row["return_start"] > NOW
    assert 8 < row["usual"] < 14
    assert row["expected"] > 20


def test_growth_and_noise_are_no_season() -> None:
    growing = 10 * np.exp(0.3 * np.arange(len(WEEKS)) / 52)
    assert seasonal_calendar(weekly(growing), STATIC, NOW).empty
    assert seasonal_calendar(weekly(np.full(len(WEEKS), 4.0)), STATIC, NOW).empty
    assert len(seasonal_calendar(weekly(summer(growth=0.3)), STATIC, NOW)) == 1


def test_a_problem_around_the_spring_festival_follows_the_moon() -> None:
    festivals = pd.DatetimeIndex([pd.Timestamp(lunar_new_year(year)) for year in range(2022, 2028)])
    distance = np.min(np.abs((WEEKS.to_numpy()[:, None] - festivals.to_numpy()) / np.timedelta64(7, "D")), axis=1)
    rows, before = weekly(10 * np.where(distance < 1, 6.0, 1.0)), pd.Timestamp("2025-12-20")
    table = seasonal_calendar(rows, STATIC, before)
    assert table["aligned"].tolist() == ["lunar"]
    assert abs(table.iloc[0]["return_start"] - pd.Timestamp(lunar_new_year(2026))) <= pd.Timedelta(days=14)
    assert "lunar" not in set(seasonal_calendar(rows, STATIC, before, lunar=False)["aligned"])


def test_one_year_is_no_season() -> None:
    once = weekly(np.where(WEEKS.year == 2023, summer(), 10.0))
    assert seasonal_calendar(once, STATIC, NOW).empty
    assert seasonal_calendar(weekly(summer()).tail(60), STATIC, NOW).empty
    assert seasonal_calendar(weekly(summer()).head(0), STATIC, NOW).empty


def test_the_future_changes_nothing() -> None:
    rows = weekly(summer())
    known = rows["ds"] + pd.Timedelta(days=7) <= NOW
    changed = rows.assign(y=rows["y"].where(known, 1000))
    before, after = (seasonal_calendar(frame, STATIC, NOW) for frame in (rows, changed))
    pd.testing.assert_frame_equal(before, after)


def test_a_season_is_due_when_its_week_to_act_comes() -> None:
    rows = weekly(summer())

    def due(day: str) -> pd.DataFrame:
        moment = pd.Timestamp(day)
        return due_forecasts(seasonal_calendar(rows, STATIC, moment), moment)

    assert due("2026-04-01").empty
    assert len(due("2026-05-27")) == 1
    assert due("2026-07-20").empty


def test_the_forecast_says_how_much_and_may_say_no() -> None:
    calendar = seasonal_calendar(weekly(summer()), STATIC, NOW)
    ds = pd.date_range(NOW.normalize() - pd.Timedelta(days=1), periods=10, freq="7D")
    for mean, expected in ((77.0, [77.0]), (1.0, [])):
        forecast = pd.DataFrame({"unique_id": "cell", "ds": ds, "mean": mean})
        assert due_forecasts(calendar, NOW, forecast=forecast)["expected"].tolist() == expected


def test_a_due_season_becomes_a_candidate_with_its_sentence() -> None:
    due = due_forecasts(seasonal_calendar(weekly(summer()), STATIC, NOW), NOW)
    tickets = pd.DataFrame(columns=["source", "ticket_id", "known_at", "opened_local"])
    moment = datetime(2026, 5, 26, tzinfo=UTC)
    found = merge_candidates(tickets=tickets, as_of=moment, static=STATIC, forecasts=due)
    row = found.iloc[0]
    assert (row["kind"], row["area"], row["department"]) == ("预告", "海口市", "城管局")
    assert "4年中有4年在第" in said_of(row["sentence"], "zh-CN")
    assert "in 4 of 4 years" in said_of(row["sentence"], "en")


def test_a_season_found_after_its_week_to_act_says_so() -> None:
    sentences = []
    for day in ("2026-05-26", "2026-06-20"):
        moment = pd.Timestamp(day)
        due = due_forecasts(seasonal_calendar(weekly(summer()), STATIC, moment), moment)
        tickets = pd.DataFrame(columns=["source", "ticket_id", "known_at", "opened_local"])
        found = merge_candidates(
            tickets=tickets, as_of=moment.tz_localize("UTC").to_pydatetime(), static=STATIC, forecasts=due
        )
        sentences.append(
            (
                due["overdue"].item(),
                said_of(found.iloc[0]["sentence"], "zh-CN"),
                said_of(found.iloc[0]["sentence"], "en"),
            )
        )
    (on_time, _, in_time), (late, zh, en) = sentences
    assert not on_time
    assert "act by week" in in_time
    assert late
    assert "已过期，请立即行动" in zh
    assert "act now" in en
