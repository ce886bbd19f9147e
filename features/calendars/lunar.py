"""The Chinese lunar calendar: Spring Festival, lunar dates, and the 24 solar terms.

`lunar_python` is slow per day and fast per year, so everything here is computed once per year and kept.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any, Final

from features.errors import CalendarError

FIRST_YEAR: Final = 1901
LAST_YEAR: Final = 2099
_FIRST_TERM: Final = 2  # lunar_python's table starts two terms before 小寒, the first term of a civil year
_TERMS_PER_YEAR: Final = 24
_KEEP_NEW_YEAR: Final = frozenset({"CN", "HK", "MO", "TW", "SG", "KR", "VN"})


def keeps_lunar_new_year(country: str) -> bool:
    """Tell whether a country (ISO 3166 code) has days off at the lunar new year, so that demand may follow the moon."""
    return country in _KEEP_NEW_YEAR


@lru_cache(maxsize=512)
def lunar_new_year(year: int) -> date:
    """Return the day of Spring Festival (first day of the first lunar month) in a civil year.

    Raises:
        CalendarError: The year is outside 1901-2099, where the tables of the lunar library are trustworthy.

    >>> lunar_new_year(2027)
    datetime.date(2027, 2, 6)
    """
    return lunar_day(year, 1, 1)


@lru_cache(maxsize=2048)
def lunar_day(year: int, month: int, day: int) -> date:
    """Return the civil date of a lunar date, such as (2026, 8, 15) for the Mid-autumn Festival."""
    from lunar_python import Lunar

    return _civil(Lunar.fromYmd(_checked(year), month, day).getSolar())


@lru_cache(maxsize=512)
def solar_terms(year: int) -> dict[date, str]:
    """Return the 24 solar terms of a civil year, from 小寒 in January to 冬至 in December, by Chinese date."""
    from lunar_python import Lunar, LunarYear, Solar

    days = LunarYear.fromYear(_checked(year)).getJieQiJulianDays()[_FIRST_TERM : _FIRST_TERM + _TERMS_PER_YEAR]
    names = Lunar.JIE_QI_IN_USE[1 : 1 + _TERMS_PER_YEAR]  # 冬至 of the year before, then 小寒 ... 大雪
    named = (*names[1:], names[0])
    return {_civil(Solar.fromJulianDay(day)): name for day, name in zip(days, named, strict=True)}


def _civil(solar: Any) -> date:
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


def _checked(year: int) -> int:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CalendarError(
            f"the lunar calendar of {year} is not known", hint=f"use years from {FIRST_YEAR} to {LAST_YEAR}"
        )
    return year
