"""What moves a week: the days off, the make-up workdays and the festival in it, as a person would say them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

_NEAR_FESTIVAL_DAYS: Final = 42


@dataclass(frozen=True)
class Driver:
    """One thing that moves a week, in both languages."""

    chinese: str
    english: str


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
        drivers.append(Driver(f"{name}，放假 {len(days)} 天", f"{name}: {len(days)} days off"))
    if makeup := int(week["is_makeup"].sum()):
        drivers.append(Driver(f"调休上班 {makeup} 天", f"{makeup} make-up workdays"))
    terms = week.loc[week["solar_term"] != "", "solar_term"]
    drivers += [Driver(f"节气：{term}", f"solar term {term}") for term in terms]
    drivers += _festival(week)
    return drivers


_NAMES: Final = {
    "season": ("季节", "season"),
    "holiday": ("节假日", "days off"),
    "weather": ("天气", "weather"),
    "event": ("登记事件", "registered events"),
    "recent_change": ("近期变化", "recent weeks"),
}
_WORTH_SAYING: Final = 0.02

_INSTEAD: Final = {
    "same_week_mean": Driver(
        "本层级模型近期不及历年同周均值，按均值发布", "issued from the same-week mean, which was better here"
    ),
    "seasonal_naive": Driver(
        "本层级模型近期不及去年同周，按去年发布", "issued from last year's week, which was better here"
    ),
}


def model_drivers(row: Any, mean: float) -> list[Driver]:
    """Return what moves a forecast, largest first: parts of at least 2 % of the mean; first of all, where from it is.

    Args:
        row: Anything with the drivers below, in tickets; NaN or None where unknown; and with `base_model`, which names
            what the level is issued from.
        mean: The forecast's mean.
    """
    parts = [(getattr(row, name, None), zh, en) for name, (zh, en) in _NAMES.items()]
    known = [(float(value), zh, en) for value, zh, en in parts if value is not None and not pd.isna(value)]
    said = [part for part in known if abs(part[0]) >= max(_WORTH_SAYING * mean, 0.5)]
    said.sort(key=lambda part: -abs(part[0]))
    instead = _INSTEAD.get(getattr(row, "base_model", ""))
    return [
        *([instead] if instead else []),
        *(Driver(f"{zh} {value:+,.0f}", f"{en} {value:+,.0f}") for value, zh, en in said),
    ]


def _festival(week: pd.DataFrame) -> list[Driver]:
    if week.empty:
        return []
    days = int(week["days_to_lunar_new_year"].iloc[0])
    if days == 0 or abs(days) > _NEAR_FESTIVAL_DAYS:
        return []
    weeks = max(round(abs(days) / 7), 1)
    if days < 0:
        return [Driver(f"距春节约 {weeks} 周", f"about {weeks} weeks before Spring Festival")]
    return [Driver(f"春节后约 {weeks} 周", f"about {weeks} weeks after Spring Festival")]
