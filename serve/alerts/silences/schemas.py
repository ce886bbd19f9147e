"""The shapes of silences."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from features.vocabulary import Kind
from serve.values import GivenText, Moment, Name

EXAMPLE: dict[str, Any] = {
    "purpose": "maintenance",
    "kind": "",
    "category": "停水",
    "area": "龙华区",
    "department": "",
    "comment": "计划检修，已公告",
    "starts_at": "2026-11-24T00:00:00Z",
    "ends_at": "2026-11-24T10:00:00Z",
}


class NewSilence(BaseModel):
    """What is to keep quiet, from when to when, and why. An empty matcher matches all; one must be named."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    purpose: Literal["silence", "maintenance"] = "silence"
    kind: Kind | Literal[""] = ""
    category: Name = ""
    area: Name = ""
    department: Name = ""
    comment: GivenText
    starts_at: Moment | None = None
    ends_at: Moment

    @model_validator(mode="after")
    def _matches_something(self) -> NewSilence:
        if not (self.kind or self.category or self.area or self.department):
            raise PydanticCustomError(
                "silence_everything",
                "name a kind, category, area or department: a silence over everything is refused",
            )
        return self


class SilenceView(BaseModel):
    """A silence as it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    purpose: str
    kind: str
    category: str
    area: str
    department: str
    author: str
    comment: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    created_at: AwareDatetime
    ended_early_by: str


class SilenceList(BaseModel):
    """Silences, the last to end first."""

    schema_version: int = 1
    items: list[SilenceView]
