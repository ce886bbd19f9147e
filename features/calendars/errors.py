"""Errors of the calendars.

WeisuError
└── BadInputError
    └── CalendarError           a calendar that cannot be made from what was given
        ├── UnknownCountryError  no such country or subdivision
        └── OverrideError        the operator's calendar file
            └── EventError       the operator's event register
"""

from __future__ import annotations

from features.errors import BadInputError


class CalendarError(BadInputError):
    """A calendar cannot be made from what was given."""


class UnknownCountryError(CalendarError):
    """No such country or subdivision."""


class OverrideError(CalendarError):
    """A row of the operator's calendar file is wrong."""


class EventError(OverrideError):
    """A row of the operator's event register is wrong."""
