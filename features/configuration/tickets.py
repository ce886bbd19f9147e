"""Sections about what comes in: sources, labels, retention, quality, and the files beside the tickets."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, SecretStr, field_validator

from features.configuration.part import ConfigPart, key

PERIOD: Final = re.compile(r"([1-9]\d*) *(d|m|y)")
"""A retention period: 90d, 18m, 5y."""


def _is_period(text: str) -> str:
    if not PERIOD.fullmatch(text):
        raise ValueError(f'{text!r} is not a period; write "90d", "18m" or "5y"')
    return text


Period = Annotated[str, AfterValidator(_is_period)]


class SourceConfig(ConfigPart):
    """What is needed to read one source."""

    token: SecretStr = SecretStr("")
    """Application token that a Socrata portal gives; sent as X-App-Token."""


class TaxonomyConfig(ConfigPart):
    """Labels in force, and which source has the word on a ticket that several hold."""

    crosswalk: Path | None = key(None, example="crosswalk.csv")
    """Crosswalk of old and new labels; <home>/taxonomy/crosswalk.csv when not set."""
    precedence: tuple[tuple[str, ...], ...] = ()
    """Groups of sources that describe the same tickets under the same ids, the most trusted first."""

    @field_validator("precedence")
    @classmethod
    def _groups(cls, value: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        if any(len(group) < 2 for group in value):  # noqa: PLR2004 - a group of one ranks nothing
            raise ValueError('a group needs two sources: precedence = [["the trusted source", "the other one"]]')
        twice = sorted(name for name, times in Counter(chain.from_iterable(value)).items() if times > 1)
        if twice:
            raise ValueError(f"names {', '.join(twice)} twice; name every source once")
        return value


class CalendarConfig(ConfigPart):
    """Files of the operator that the calendar of holidays does not know."""

    overrides: Path | None = key(None, example="days_off.csv")
    """CSV with corrections of days off; they outrank the calendar libraries."""
    events: Path | None = key(None, example="events.csv")
    """CSV with the event register: local events and policy changes."""


class WeatherConfig(ConfigPart):
    """The weather file."""

    file: Path | None = key(None, example="weather.csv")
    """CSV with daily weather, observed and forecast."""


class PrivacyConfig(ConfigPart):
    """Keys of the caller hash."""

    retired_keys: tuple[SecretStr, ...] = ()
    """Earlier keys of the caller hash, under which an erasure must look for a caller too."""


class QualityConfig(ConfigPart):
    """What the quality report calls unusual."""

    recent_days: int = key(28, unit="days", gt=0)
    """Window that is judged."""
    reference_days: int = key(365, unit="days", gt=0)
    """Window before it that says what is usual."""
    volume_weeks: int = key(8, unit="weeks", gt=0)
    """Weeks of the same weekday that make a day's expectation."""
    volume_days: int = key(14, unit="days", gt=0)
    """Days whose volume is judged."""
    volume_z: float = key(4.0, unit="robust standard deviations", gt=0)
    """From this distance on a day's volume is low or high."""
    stalled_hours: float = key(24.0, unit="hours", gt=0)
    """A live feed may be silent for so long in any case."""
    stalled_p: float = key(1e-6, unit="probability", gt=0)
    """A feed is stalled when its silence is also less likely than this at its usual rate."""
    null_rise: float = key(0.05, unit="share", gt=0)
    """A column warns when the share of missing values rose by more than this."""
