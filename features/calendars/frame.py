"""The calendar of a hotline as a frame: one row per day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache, partial
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd

from features.calendars.lunar import lunar_day, lunar_new_year, solar_terms
from features.calendars.overrides import apply_overrides, read_overrides, validate_overrides
from features.errors import CalendarError, UnknownCountryError
from features.settings import Settings

_RULES: Final = "1"  # raise it when the rules of this package change what a day looks like
CALENDAR_VERSION: Final[str] = "-".join(
    (_RULES, *(version(library) for library in ("chinesecalendar", "holidays", "lunar_python")))
)
"""Version of the rules and of the three libraries behind them; `calendar_version` adds the operator's rows."""

COLUMNS: Final = (
    "date",
    "is_holiday",
    "holiday",
    "is_workday",
    "is_makeup",
    "days_to_lunar_new_year",
    "solar_term",
    "degraded",
)

Calendar = Callable[[date, date], Any]
"""First and last day -> calendar frame: what models take."""


def calendar_frame(country: str, start: date, end: date, *, overrides: Any = None) -> Any:
    """Return one row per day from `start` to `end`, both included.

    Args:
        country: ISO 3166 code, optionally with a subdivision: `CN`, `US`, `DE-BW`.
        start: First day.
        end: Last day.
        overrides: The operator's rows (`features.calendars.overrides`), which outrank the libraries.

    Returns:
        Frame with `date` (datetime64, naive civil), `is_holiday`, `holiday` (English name or ''), `is_workday`,
        `is_makeup` (worked weekend day), `days_to_lunar_new_year` (signed offset to the nearest Spring Festival:
        negative before, 0 on the day, positive after), `solar_term` (Chinese name on its day, else ''), `degraded`
        (the year's official calendar is not known and the usual pattern stands in).

    Raises:
        CalendarError: `end` is before `start`, or a year lies outside 1902-2098.
        UnknownCountryError: No such country or subdivision.
        OverrideError: An override row is wrong.
    """
    if end < start:
        raise CalendarError(f"the calendar ends ({end}) before it starts ({start})", hint="swap the two dates")
    years = [_year_frame(country.upper(), year) for year in range(start.year, end.year + 1)]
    frame = pd.concat(years, ignore_index=True) if len(years) > 1 else years[0]
    frame = frame[frame["date"].between(pd.Timestamp(start), pd.Timestamp(end))].reset_index(drop=True)
    if overrides is not None:
        frame = apply_overrides(frame, validate_overrides(overrides), country=country)
    frame["is_workday"] = ~frame["is_holiday"] & (~frame["is_weekend"] | frame["is_makeup"])
    return frame[list(COLUMNS)]


def calendar_for(settings: Settings) -> Calendar:
    """Return the calendar of an installation: its country, corrected by `[calendar] overrides = "file.csv"`.

    Raises:
        OverrideError: The named file is missing or wrong.
    """
    return partial(calendar_frame, settings.country, overrides=configured_overrides(settings))


def configured_overrides(settings: Settings) -> Any:
    """Return the operator's override rows named in the configuration, None when there are none."""
    path = settings.calendar.overrides
    return read_overrides(path) if path else None


def calendar_version(overrides: Any = None) -> str:
    """Return the version that outputs carry: `CALENDAR_VERSION`, plus a hash of the operator's rows if any."""
    if overrides is None or overrides.empty:
        return CALENDAR_VERSION
    digest = int(pd.util.hash_pandas_object(validate_overrides(overrides), index=False).sum()) & 0xFFFFFFFF
    return f"{CALENDAR_VERSION}+{digest:08x}"


@lru_cache(maxsize=512)
def _year_frame(country: str, year: int) -> Any:
    """Return the year's rows with `is_weekend` for `is_workday`; kept, so callers never write into it."""
    known = days_off(country, year)
    days = pd.date_range(f"{year}-01-01", f"{year}-12-31", unit="ns")
    dates = list(days.date)
    terms = solar_terms(year)
    holiday = pd.Series([known.holidays.get(day, "") for day in dates], dtype="str")
    return pd.DataFrame(
        {
            "date": days,
            "is_holiday": holiday != "",
            "holiday": holiday,
            "is_weekend": days.day_of_week.isin(known.weekend),
            "is_makeup": [day in known.makeup for day in dates],
            "days_to_lunar_new_year": _days_to_lunar_new_year(days, year),
            "solar_term": pd.Series([terms.get(day, "") for day in dates], dtype="str"),
            "degraded": known.degraded,
        }
    )


def _days_to_lunar_new_year(days: Any, year: int) -> Any:
    festivals = np.array([lunar_new_year(other) for other in (year - 1, year, year + 1)], dtype="datetime64[D]")
    offsets = days.to_numpy().astype("datetime64[D]")[:, None] - festivals[None, :]
    # Reversed, so that a day in the very middle counts towards the festival to come.
    offsets = offsets.astype(np.int64)[:, ::-1]
    nearest = np.abs(offsets).argmin(axis=1)
    return offsets[np.arange(len(offsets)), nearest]


# Days off and make-up workdays of one year in one country, before any operator has corrected them.


_SATURDAY: Final = 5
_SUNDAY: Final = 6


@dataclass(frozen=True, slots=True)
class DaysOff:
    """What one year of a country looks like.

    Attributes:
        holidays: Day off -> its name in English.
        makeup: Days of a weekend that are worked in exchange for a long holiday.
        weekend: Weekdays without work, Monday is 0.
        degraded: The official calendar is not known, and these days are the expectation.
    """

    holidays: dict[date, str]
    makeup: frozenset[date] = frozenset()
    weekend: frozenset[int] = field(default=frozenset({_SATURDAY, _SUNDAY}))
    degraded: bool = False


def days_off(country: str, year: int) -> DaysOff:
    """Return the days off of `country` (ISO 3166: `CN`, `US`, or with a subdivision `DE-BW`) in `year`.

    Raises:
        UnknownCountryError: The holiday library knows no such country or subdivision.
    """
    code, _, subdivision = country.upper().partition("-")
    return _china(year) if code == "CN" and not subdivision else _elsewhere(code, subdivision, year)


@lru_cache(maxsize=256)
def _china(year: int) -> DaysOff:
    """Mainland China by the State Council's yearly notices, or by its usual pattern where no notice is known."""
    from chinese_calendar import constants

    if year not in {day.year for day in constants.holidays}:
        return DaysOff(holidays=_usual_pattern(year), degraded=True)
    return DaysOff(
        holidays={day: name for day, name in constants.holidays.items() if day.year == year},
        makeup=frozenset(day for day in constants.workdays if day.year == year),
    )


def _usual_pattern(year: int) -> dict[date, str]:
    """Return the blocks that the notices of 2025 and later give, without the make-up days, which nobody can know."""
    qingming = next(day for day, term in solar_terms(year).items() if term == "清明")
    blocks = (
        ("National Day", date(year, 10, 1), 7),
        ("Mid-autumn Festival", lunar_day(year, 8, 15), 1),
        ("Dragon Boat Festival", lunar_day(year, 5, 5), 1),
        ("Labour Day", date(year, 5, 1), 5),
        ("Tomb-sweeping Day", qingming, 1),
        ("Spring Festival", lunar_new_year(year) - timedelta(days=1), 8),
        ("New Year's Day", date(year, 1, 1), 1),
    )
    days = {first + timedelta(days=n): name for name, first, length in blocks for n in range(length)}
    days.update(_bridged_weekends(days))
    return dict(sorted(days.items()))


def _bridged_weekends(days: dict[date, str]) -> dict[date, str]:
    """Return what makes a one-day festival from Friday to Monday a holiday of three days."""
    single = ("New Year's Day", "Tomb-sweeping Day", "Dragon Boat Festival", "Mid-autumn Festival")
    bridged = {}
    for day, name in days.items():
        if name in single:
            around = [day + timedelta(days=n) for n in (-2, -1, 1, 2)]
            touching = {4: around[2:], 5: around[2:], 6: around[1:3], 0: around[:2]}.get(day.weekday(), [])
            bridged.update({other: name for other in touching if other not in days and other.year == day.year})
    return bridged


@lru_cache(maxsize=256)
def _elsewhere(code: str, subdivision: str, year: int) -> DaysOff:
    """Any country of the `holidays` library, names in English where it has them."""
    found = _library(code, subdivision, year)
    return DaysOff(
        holidays=dict(sorted(found.items())),
        makeup=frozenset(day for day in found.weekend_workdays if day.year == year),
        weekend=frozenset(found.weekend),
        degraded=not found.start_year <= year <= found.end_year,
    )


def _library(code: str, subdivision: str, year: int) -> Any:
    import holidays

    try:
        return holidays.country_holidays(code, subdiv=subdivision or None, years=[year], language="en_US")
    except NotImplementedError as error:
        name = f"{code}-{subdivision}" if subdivision else code
        raise UnknownCountryError(
            f"no calendar for country {name!r}", hint="use an ISO 3166 code such as CN, US, DE or DE-BW"
        ) from error
