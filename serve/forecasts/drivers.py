"""What moves a week: the days off, the make-up workdays and the festival in it, as a person would say them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

from features.words import Coded, Family, Name

_NEAR_FESTIVAL_DAYS: Final = 42


@dataclass(frozen=True)
class Driver:
    """One thing that moves a week: the key of its words, and the names and numbers in them."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


HOLIDAYS: Final = Family.of(
    "holiday",
    (
        "New Year's Day", "Spring Festival", "Tomb-sweeping Day", "Labour Day", "Dragon Boat Festival",
        "Mid-autumn Festival", "National Day", "Anti-Fascist 70th Day",
    ),
)  # fmt: skip
"""China's days off, as the calendar names them; other countries' and an operator's own keep their names."""

SOLAR_TERMS: Final = Family.of(
    "solar_term",
    [
        "立春",
        "雨水",
        "惊蛰",
        "春分",
        "清明",
        "谷雨",
        "立夏",
        "小满",
        "芒种",
        "夏至",
        "小暑",
        "大暑",
        "立秋",
        "处暑",
        "白露",
        "秋分",
        "寒露",
        "霜降",
        "立冬",
        "小雪",
        "大雪",
        "冬至",
        "小寒",
        "大寒",
    ],
)


def calendar_drivers(calendar: pd.DataFrame, monday: date) -> list[Driver]:
    """Return what the calendar says about the week from `monday`.

    Args:
        calendar: What `features.calendars.calendar_frame` returned, at least for that week.
        monday: First day of the week.
    """
    first = pd.Timestamp(monday)
    week = calendar[(calendar["date"] >= first) & (calendar["date"] < first + timedelta(days=7))]
    drivers = []
    for name, days in week[week["is_holiday"] & (week["holiday"] != "")].groupby("holiday", sort=False):
        drivers.append(Driver("driver.days_off", {"name": Name(HOLIDAYS, name), "n": len(days)}))
    if makeup := int(week["is_makeup"].sum()):
        drivers.append(Driver("driver.makeup", {"n": makeup}))
    terms = week.loc[week["solar_term"] != "", "solar_term"]
    drivers += [Driver("driver.solar_term", {"term": Coded(SOLAR_TERMS, term)}) for term in terms]
    drivers += _festival(week)
    return drivers


_KEYS: Final = {
    "season": "driver.season",
    "holiday": "driver.holiday",
    "weather": "driver.weather",
    "event": "driver.event",
    "recent_change": "driver.recent_change",
}
_WORTH_SAYING: Final = 0.02

_INSTEAD: Final = {
    "same_week_mean": Driver("driver.instead.same_week_mean"),
    "seasonal_naive": Driver("driver.instead.seasonal_naive"),
    "stand_in": Driver("driver.instead.stand_in"),
}


def model_drivers(row: Any, mean: float) -> list[Driver]:
    """Return what moves a forecast, largest first: parts of at least 2 % of the mean; first of all, where from it is.

    Args:
        row: Anything with the drivers below, in tickets; NaN or None where unknown; and with `base_model`, which names
            what the level is issued from.
        mean: The forecast's mean.
    """
    parts = [(getattr(row, name, None), key) for name, key in _KEYS.items()]
    known = [(float(value), key) for value, key in parts if value is not None and not pd.isna(value)]
    said = [part for part in known if abs(part[0]) >= max(_WORTH_SAYING * mean, 0.5)]
    said.sort(key=lambda part: -abs(part[0]))
    instead = _INSTEAD.get(getattr(row, "base_model", ""))
    return [*([instead] if instead else []), *(Driver(key, {"tickets": value}) for value, key in said)]


def override_drivers(row: Any) -> list[Driver]:
    """Return what planners' overrides change in a row of `serve.forecasts.adjusted`, in tickets; [] where none does."""
    if not row.touched:
        return []
    return [Driver("driver.override", {"tickets": float(row.mean_) - float(row.model_mean)})]


def _festival(week: pd.DataFrame) -> list[Driver]:
    if week.empty:
        return []
    days = int(week["days_to_lunar_new_year"].iloc[0])
    if days == 0 or abs(days) > _NEAR_FESTIVAL_DAYS:
        return []
    weeks = max(round(abs(days) / 7), 1)
    return [Driver("driver.before_festival" if days < 0 else "driver.after_festival", {"n": weeks})]
