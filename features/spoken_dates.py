"""Days in words, as sentences and pages say them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from features.words import Catalogue, Coded, Family

MONTHS: Final = Family.of("month", map(str, range(1, 13)))
"""What the months are called, in short."""


def dates_of(words: Catalogue, start: datetime, last: datetime) -> str:
    """Return a span of days in words, both ends included."""
    if start.date() == last.date():
        return day_of(words, start)
    if (start.year, start.month) == (last.year, last.month):
        return words("sentence.dates.in_month", **_blanks(start), last_day=last.day)
    return words("sentence.dates", first=day_of(words, start), last=day_of(words, last))


def day_of(words: Catalogue, day: datetime) -> str:
    """Return a day in words."""
    return words("sentence.date", **_blanks(day))


def _blanks(day: datetime) -> dict[str, Any]:
    return {"month": Coded(MONTHS, str(day.month)), "day": day.day}
