"""Moments in forms: local civil time, as `datetime-local` fields have it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from serve.errors import UnprocessableError


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment that a form names.

    Raises:
        UnprocessableError: It is none.
    """
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError as error:
        raise UnprocessableError("not_a_moment", text=text) from error


def show_moment(moment: datetime, zone: ZoneInfo) -> str:
    """Return an aware moment as a form's field shows it."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
