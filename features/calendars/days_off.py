"""Days off and make-up workdays of one year in one country, before any operator has corrected them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from features.calendars.errors import UnknownCountryError
from features.calendars.lunar import lunar_day, lunar_new_year, solar_terms

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
