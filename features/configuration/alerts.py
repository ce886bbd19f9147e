"""The `[alerts]` section: levels, clocks, ladder, budget, gaps."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from pydantic import field_validator

from features.configuration.part import ConfigPart, key
from features.vocabulary import AlertLevel

_RULED: Final = tuple(level for level in AlertLevel if level is not AlertLevel.BLUE)


class LevelRule(ConfigPart):
    """What makes an alert of a level: so many callers, so many times the usual maximum, and so widely spread.

    Where the source names no callers, tickets count in their place, and both hours and places must be as many.
    """

    callers: int = key(..., unit="callers", ge=1)
    """From how many distinct callers the level applies."""
    times_usual: float = key(..., ge=1)
    """From how many times the usual maximum the level applies."""
    hours: int = key(1, unit="hours", ge=1)
    """Calls from so many different hours say that it is no batch..."""
    places: int = key(1, unit="places", ge=1)
    """... or from so many different places; one of the two is enough where callers are named."""


class Deadlines(ConfigPart):
    """How long a department has, from the moment it is notified."""

    acknowledge: int = key(..., unit="minutes", ge=1)
    """Time to acknowledge."""
    handle: int = key(..., unit="minutes", ge=1)
    """Time to handle."""


class Step(ConfigPart):
    """One step of the escalation ladder."""

    name: str
    """What the step is called in the event list and the message."""
    to: str
    """The audience: a department, `duty`, `role:supervisor`, or a text in which `{department}` is filled in."""
    after_minutes: int = key(0, unit="minutes", ge=0)
    """Time past the due time."""
    channel: str = ""
    """One channel, or '' for every subscription of the audience."""
    clocks: tuple[Literal["ack", "handle"], ...] = ("ack", "handle")
    """Which overdue clock leads here."""
    minimum_level: AlertLevel = AlertLevel.BLUE
    """Alerts below it do not climb to this step."""


class AlertPolicy(ConfigPart):
    """The written rules of alerting: levels, clocks, ladder, budget, gaps."""

    levels: dict[AlertLevel, LevelRule] = key(
        {
            AlertLevel.YELLOW: LevelRule(callers=5, times_usual=1.0),
            AlertLevel.ORANGE: LevelRule(callers=10, times_usual=2.0, hours=3, places=3),
            AlertLevel.RED: LevelRule(callers=30, times_usual=3.0, hours=3, places=3),
        }
    )
    """The rule of each level above blue."""
    deadlines: dict[AlertLevel, Deadlines] = key(
        {
            AlertLevel.BLUE: Deadlines(acknowledge=24 * 60, handle=7 * 24 * 60),
            AlertLevel.YELLOW: Deadlines(acknowledge=4 * 60, handle=3 * 24 * 60),
            AlertLevel.ORANGE: Deadlines(acknowledge=60, handle=24 * 60),
            AlertLevel.RED: Deadlines(acknowledge=15, handle=4 * 60),
        }
    )
    """Due times per level."""
    young_label_days: int = key(28, unit="days", ge=0)
    """A category first seen less long ago is never red by count: its label may only be new."""
    sensitive_minutes: int = key(15, unit="minutes", ge=1)
    """The acknowledge clock of a sensitive matter, whatever its level."""
    ladder: tuple[Step, ...] = (
        Step(name="再次提醒承办单位", to="{department}"),
        Step(name="提醒值班台", to="duty", after_minutes=30),
        Step(name="报督办", to="role:supervisor", after_minutes=120),
    )
    """The escalation ladder, of any length, in order."""
    duty_desk: str = "值班台"
    """Who gets what no route matches."""
    weekly_budget: int = key(20, unit="alerts a week", ge=0)
    """Most alerts that one department is notified of; red and sensitive ones are outside it."""
    weekly_alerts_a_day: int = key(2, unit="alerts a day", ge=1)
    """Most alerts about whole weeks that one department is told of in a day; the others wait for a day that still finds
    them."""
    repeat_hours: float = key(6, unit="hours", ge=0)
    """A department is notified again about an open alert at most this often, and only of new tickets."""
    gap_hours: float = key(24, unit="hours", ge=0)
    """An episode closes once it has been calm for this long, and `calm_runs` did not mention it either."""
    calm_runs: int = key(2, unit="runs", ge=1)
    """Complete runs in a row that must not mention an episode before it closes."""
    expire_days: float = key(14, unit="days", gt=0)
    """An alert that no run has mentioned for this long expires, even if the detectors stand still."""
    season_days: float = key(14, unit="days", gt=0)
    """A reminder of a season ends after this long, twice the time to handle it, and is not repeated for this return."""
    outcome_days: float = key(7, unit="days", gt=0)
    """After this long it is looked up whether the complaints came anyway."""
    dismissals_watched: int = key(2, unit="dismissals", ge=1)
    """Dismissed this often, an alert comes to the supervisor."""

    @field_validator("levels")
    @classmethod
    def _every_rule(cls, value: dict[AlertLevel, LevelRule]) -> dict[AlertLevel, LevelRule]:
        if set(value) != set(_RULED):
            raise ValueError("give a rule each for yellow, orange and red; blue is everything else")
        return value

    @field_validator("deadlines")
    @classmethod
    def _every_level(cls, value: dict[AlertLevel, Deadlines]) -> dict[AlertLevel, Deadlines]:
        if set(value) != set(AlertLevel):
            raise ValueError(f"give deadlines for each of {', '.join(AlertLevel)}")
        return value

    @property
    def repeat_interval(self) -> timedelta:
        """The least time between two messages about the same alert."""
        return timedelta(hours=self.repeat_hours)

    @property
    def gap(self) -> timedelta:
        """How long an episode must be calm before it closes."""
        return timedelta(hours=self.gap_hours)
