"""Calendars: days off, make-up workdays, lunar offsets and solar terms, with the operator's corrections.

calendar_frame(country, start, end, overrides=...)   one row per day
calendar_for(settings)                               the same, bound to an installation
lunar_new_year(year), solar_terms(year)              the lunar library, once per year
read_overrides(path)                                 the operator's calendar file
read_events(path), events_as_of(...)                 local events and policy changes
"""

from features.calendars.events import events_as_of, events_for, read_events, validate_events
from features.calendars.frame import (
    CALENDAR_VERSION,
    Calendar,
    calendar_for,
    calendar_frame,
    calendar_version,
    configured_overrides,
)
from features.calendars.lunar import keeps_lunar_new_year, lunar_day, lunar_new_year, solar_terms
from features.calendars.overrides import read_overrides, validate_overrides
from features.errors import CalendarError, EventError, OverrideError, UnknownCountryError

__all__ = [
    "CALENDAR_VERSION",
    "Calendar",
    "CalendarError",
    "EventError",
    "OverrideError",
    "UnknownCountryError",
    "calendar_for",
    "calendar_frame",
    "calendar_version",
    "configured_overrides",
    "events_as_of",
    "events_for",
    "keeps_lunar_new_year",
    "lunar_day",
    "lunar_new_year",
    "read_events",
    "read_overrides",
    "solar_terms",
    "validate_events",
    "validate_overrides",
]
