"""Sections about what comes in: sources, labels, retention, quality, and the files beside the tickets."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, SecretStr, field_validator

from features.configuration.other_labels import OTHER_LABELS
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


class ChangeConfig(ConfigPart):
    """What counts as a change of labels when changes are proposed."""

    window: int = key(13, unit="periods", ge=1)
    """Periods at a birth or death over which a rate is measured."""
    history: int = key(8, unit="periods", ge=1)
    """Periods of silence before a birth, or after a death, at the least."""
    p_silence: float = key(1e-6, unit="probability", gt=0, lt=1)
    """The silence must be less likely than this at the measured rate (Poisson)."""
    tolerance: int = key(4, unit="periods", ge=0)
    """Periods between a death and the birth that explains it, at the most."""
    least_count: int = key(10, unit="tickets", ge=1)
    """Tickets in the window at the least."""
    donor_drop: float = key(0.3, unit="share", gt=0, le=1)
    """A donor lost at least this share of what the born label took, and at most the inverse."""
    donor_p: float = key(1e-3, unit="probability", gt=0, lt=1)
    """A donor's loss must also be less likely than this against the other labels."""
    most_donors: int = key(3, unit="labels", ge=1)
    """With more donors than this no origin can be told, and the birth is reported alone."""


class TaxonomyConfig(ConfigPart):
    """Labels in force, and which source has the word on a ticket that several hold."""

    crosswalk: Path | None = key(None, example="crosswalk.csv")
    """Crosswalk of old and new labels; <home>/taxonomy/crosswalk.csv when not set."""
    precedence: tuple[tuple[str, ...], ...] = ()
    """Groups of sources that describe the same tickets under the same ids, the most trusted first."""
    other_labels: tuple[str, ...] = OTHER_LABELS
    """Labels that mean "other" (case aside, `*` for anything): called by their whole path, and they have no season."""
    changes: ChangeConfig = ChangeConfig()
    """What counts as a change of labels when changes are proposed."""

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
    """Keys of the caller hash, and where erasures are written down."""

    retired_keys: tuple[SecretStr, ...] = ()
    """Earlier keys of the caller hash, under which an erasure must look for a caller too."""
    retired_key_ids: tuple[str, ...] = key((), example=["3fa2"])
    """Ids (`weisu doctor`) of earlier keys that are kept elsewhere, so that a new key is taken for what it is."""
    erasure_list: Path | None = key(None, example="/srv/elsewhere/erasures.jsonl")
    """List of erasures, on another disk than the home; <home>.erasures.jsonl beside the home when not set."""


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
