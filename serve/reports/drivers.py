"""What moves a week: the days off, the make-up workdays and the festival in it, as a person would say them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

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
