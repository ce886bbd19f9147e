"""The shapes of overrides and registered events."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from features.vocabulary import ForecastFrequency, Frequency
from serve.civil import CivilTime
from serve.values import Day, GivenCivilTime, GivenName, GivenText, Moment, Name, SeriesName

LONGEST_EVENT: Final = timedelta(days=3653)
Count = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]

EXAMPLE: dict[str, Any] = {
    "freq": Frequency.WEEKLY,
    "unique_id": "category=停水;district=龙华区",
    "ds": "2026-11-30T00:00:00",
    "value": 60,
    "p10": 45,
    "p90": 80,
    "reason": "下周管网检修，已公告",
    "expires_at": None,
}


class NewOverride(BaseModel):
    """A planner's number for one series and period (local start), with the reason."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    freq: ForecastFrequency = Frequency.WEEKLY
    unique_id: SeriesName
    ds: GivenCivilTime
    value: Count
    p10: Count | None = None
    p90: Count | None = None
    reason: GivenText
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> NewOverride:
        if (self.p10 is not None and self.p10 > self.value) or (self.p90 is not None and self.p90 < self.value):
            raise PydanticCustomError("interval_order", "p10 <= value <= p90 does not hold")
        return self


class OverrideView(BaseModel):
    """An override as it stands, beside what the model said when it was made."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    id: str
    freq: Frequency
    unique_id: str
    ds: CivilTime
    value: float
    p10: float | None
    p90: float | None
    model_mean: float | None
    author: str
    reason: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    withdrawn_at: AwareDatetime | None


class ListedOverride(OverrideView):
    """An override among the others."""

    replaced_by: Annotated[
        str | None, Field(description="Id of the override of the same series and period that took its place")
    ] = None
    conflicts: Annotated[
        list[str],
        Field(description="Ids of overrides in force that keep this one from holding: a whole against its parts"),
    ] = []


class OverrideList(BaseModel):
    """Overrides, newest first."""

    schema_version: int = 1
    items: Annotated[list[ListedOverride], Field(description="The newest thousand")]
    total: Annotated[int, Field(description="How many there are")]


class NewEvent(BaseModel):
    """A planned event or policy change; `expected_change` is a share of the usual count (0.5: half as many again)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "环岛自行车赛",
                    "starts_on": "2026-12-05",
                    "ends_on": "2026-12-06",
                    "category": "交通管制",
                    "district": "",
                    "expected_change": 0.5,
                    "reason": "封路公告",
                }
            ]
        },
    )

    name: GivenName
    starts_on: Day
    ends_on: Day
    category: Name = ""
    district: Name = ""
    expected_change: Annotated[float | None, Field(ge=-1, le=100, allow_inf_nan=False)] = None
    reason: GivenText
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> NewEvent:
        if self.ends_on < self.starts_on:
            raise PydanticCustomError("event_order", "the event ends before it starts")
        if self.ends_on - self.starts_on > LONGEST_EVENT:
            raise PydanticCustomError("event_length", "an event lasts ten years at most")
        return self


class CityEventView(BaseModel):
    """A registered event as it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    starts_on: date
    ends_on: date
    category: str
    district: str
    expected_change: float | None
    author: str
    reason: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    withdrawn_at: AwareDatetime | None


class RegisteredEventList(BaseModel):
    """Registered events by their start."""

    schema_version: int = 1
    items: Annotated[list[CityEventView], Field(description="The first thousand; ask for less time to see others")]
    total: Annotated[int, Field(description="How many there are")]
