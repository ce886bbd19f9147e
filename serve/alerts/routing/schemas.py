"""The shapes of the routing table, its corrections and the rules of departments."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from features.vocabulary import AlertLevel
from serve.values import GivenName, Name, Text

EXAMPLE: dict[str, Any] = {
    "category": "停水",
    "area": "",
    "department": "水务局",
    "assisting": ["城管局"],
    "comment": "",
}


class RouteLine(BaseModel):
    """One line of the routing table: category (any level) and area, empty for all, and who leads and assists."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, json_schema_extra={"examples": [EXAMPLE]})

    category: Name = ""
    area: Name = ""
    department: GivenName
    assisting: Annotated[list[GivenName], Field(max_length=20)] = []
    comment: Text = ""


class RouteView(BaseModel):
    """A line of the routing table as it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    category: str
    area: str
    department: str
    assisting: list[str]
    comment: str
    author: str
    updated_at: AwareDatetime


class RouteList(BaseModel):
    """The routing table."""

    schema_version: int = 1
    items: list[RouteView]


class ImportResult(BaseModel):
    """What an import did to the table."""

    schema_version: int = 1
    added: int
    changed: int
    removed: int
    unchanged: int


class CorrectionView(BaseModel):
    """A 不归我 answer: what went where, and who took it in the end."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    alert_id: str
    category: str
    area: str
    sent_to: str
    suggested: str
    accepted_by: str
    author: str
    reason: str
    created_at: AwareDatetime
    times: Annotated[int, Field(description="How often this category and area were wrong")] = 1


class CorrectionList(BaseModel):
    """Corrections that nobody has settled yet."""

    schema_version: int = 1
    items: list[CorrectionView]


class SettleBody(BaseModel):
    """What to do about a correction: a new line for the table, or nothing."""

    model_config = ConfigDict(extra="forbid")

    route: RouteLine | None = None


class DepartmentRuleBody(BaseModel):
    """What a department asks for. Quiet hours are local and may span midnight."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    quiet_from: time | None = None
    quiet_to: time | None = None
    minimum_level: AlertLevel | None = None
    weekly_budget: Annotated[int | None, Field(ge=0, le=10_000)] = None

    @model_validator(mode="after")
    def _both_ends(self) -> DepartmentRuleBody:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise PydanticCustomError("quiet_hours_both", "quiet hours need both a start and an end")
        if any(moment is not None and moment.tzinfo is not None for moment in (self.quiet_from, self.quiet_to)):
            raise PydanticCustomError("quiet_hours_local", "quiet hours are local: give them without a zone")
        return self


class DepartmentRuleView(DepartmentRuleBody):
    """The rule of one department."""

    department: str
