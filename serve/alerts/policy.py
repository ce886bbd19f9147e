"""The written rules of alerting, read from `[alerts]` of the configuration: levels, clocks, ladder, budget, gaps."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from features.errors import BadInputError
from features.settings import Settings
from features.vocabulary import AlertLevel
from serve.auth import Caller


class LevelRule(BaseModel):
    """From how many distinct callers, and from how many times the usual maximum, a level applies: both are needed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    callers: Annotated[int, Field(ge=1)]
    times_usual: Annotated[float, Field(ge=1)]


class Deadlines(BaseModel):
    """How long a department has, in minutes from being told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    acknowledge: Annotated[int, Field(ge=1)]
    handle: Annotated[int, Field(ge=1)]


class Step(BaseModel):
    """One step of the escalation ladder.

    Attributes:
        name: What the step is called in the event list and the message.
        to: The audience: a department, `duty`, `role:supervisor`, or a text in which `{department}` is filled in.
        after_minutes: Minutes past the due time.
        channel: One channel, or '' for every subscription of the audience.
        clocks: Which overdue clock leads here.
        minimum_level: Alerts below it do not climb to this step.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    to: str
    after_minutes: Annotated[int, Field(ge=0)] = 0
    channel: str = ""
    clocks: tuple[Literal["ack", "handle"], ...] = ("ack", "handle")
    minimum_level: AlertLevel = AlertLevel.BLUE


class AlertPolicy(BaseModel):
    """Everything about alerting that an installation may decide.

    Attributes:
        levels: The rule of each level above blue.
        deadlines: Due times per level.
        sensitive_minutes: The acknowledge clock of a sensitive matter, whatever its level.
        ladder: The escalation ladder, of any length, in order.
        duty_desk: Who gets what no route matches.
        weekly_budget: Alerts a department is told of per week; red and sensitive ones are outside it.
        repeat_hours: A department is told again about an open alert at most this often, and only of new tickets.
        gap_hours: An episode closes once it has been calm for this long ...
        calm_runs: ... and this many complete runs in a row did not mention it.
        expire_days: An alert that no run has mentioned for this long expires, even if the detectors stand still.
        outcome_days: After how many days it is looked up whether the complaints came anyway.
        dismissals_watched: Dismissed this often, an alert comes to the supervisor.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: dict[AlertLevel, LevelRule] = {
        AlertLevel.YELLOW: LevelRule(callers=5, times_usual=1.0),
        AlertLevel.ORANGE: LevelRule(callers=10, times_usual=2.0),
        AlertLevel.RED: LevelRule(callers=30, times_usual=3.0),
    }
    deadlines: dict[AlertLevel, Deadlines] = {
        AlertLevel.BLUE: Deadlines(acknowledge=24 * 60, handle=7 * 24 * 60),
        AlertLevel.YELLOW: Deadlines(acknowledge=4 * 60, handle=3 * 24 * 60),
        AlertLevel.ORANGE: Deadlines(acknowledge=60, handle=24 * 60),
        AlertLevel.RED: Deadlines(acknowledge=15, handle=4 * 60),
    }
    sensitive_minutes: Annotated[int, Field(ge=1)] = 15
    ladder: tuple[Step, ...] = (
        Step(name="再次提醒承办单位", to="{department}"),
        Step(name="提醒值班台", to="duty", after_minutes=30),
        Step(name="报督办", to="role:supervisor", after_minutes=120),
    )
    duty_desk: str = "值班台"
    weekly_budget: Annotated[int, Field(ge=0)] = 20
    repeat_hours: Annotated[float, Field(ge=0)] = 6
    gap_hours: Annotated[float, Field(ge=0)] = 24
    calm_runs: Annotated[int, Field(ge=1)] = 2
    expire_days: Annotated[float, Field(gt=0)] = 14
    outcome_days: Annotated[float, Field(gt=0)] = 7
    dismissals_watched: Annotated[int, Field(ge=1)] = 2

    @field_validator("levels")
    @classmethod
    def _every_rule(cls, value: dict[AlertLevel, LevelRule]) -> dict[AlertLevel, LevelRule]:
        if set(value) != {AlertLevel.YELLOW, AlertLevel.ORANGE, AlertLevel.RED}:
            raise ValueError("give a rule each for yellow, orange and red; blue is everything else")
        return value

    @field_validator("deadlines")
    @classmethod
    def _every_level(cls, value: dict[AlertLevel, Deadlines]) -> dict[AlertLevel, Deadlines]:
        if set(value) != set(AlertLevel):
            raise ValueError(f"give deadlines for each of {', '.join(AlertLevel)}")
        return value

    def on_duty(self, caller: Caller) -> bool:
        """Tell whether somebody answers for the hotline as a whole: supervisors, and the people of the duty desk."""
        return caller.commands_alerts or caller.department == self.duty_desk

    @classmethod
    def from_settings(cls, settings: Settings) -> AlertPolicy:
        """Read `[alerts]`; what it does not say keeps its default.

        Raises:
            BadInputError: A key is unknown or a value makes no sense.
        """
        return cls.from_section(settings.section("alerts"))

    @classmethod
    def from_section(cls, section: dict[str, Any]) -> AlertPolicy:
        """Validate a raw `[alerts]` table; see `from_settings`."""
        try:
            return cls(**section)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise BadInputError(f"configuration [alerts]: {problems}", hint="docs/alerts.md lists every key") from error

    @property
    def repeat_interval(self) -> timedelta:
        """The least time between two messages about the same alert."""
        return timedelta(hours=self.repeat_hours)

    @property
    def gap(self) -> timedelta:
        """How long an episode must be calm before it closes."""
        return timedelta(hours=self.gap_hours)
