"""Moments in forms: local civil time, as `datetime-local` fields have it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from serve.errors import UnprocessableError
from serve.values import Day, GivenCivilTime

_LOCAL: Final[TypeAdapter[datetime]] = TypeAdapter(GivenCivilTime)
_DAY: Final[TypeAdapter[date]] = TypeAdapter(Day)


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment that a form names.

    Raises:
        UnprocessableError: It is none.
    """
    try:
        return _LOCAL.validate_python(text).replace(tzinfo=zone)
    except ValidationError as error:
        raise UnprocessableError("not_a_moment", text=text) from error


def read_day(text: str) -> date:
    """Return the day that a form names.

    Raises:
        UnprocessableError: It is none.
    """
    try:
        return _DAY.validate_python(text)
    except ValidationError as error:
        raise UnprocessableError("not_a_date", text=text) from error


def show_moment(moment: datetime, zone: ZoneInfo) -> str:
    """Return an aware moment as a form's field shows it."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
