"""Local civil time on the wire: a moment as the hotline's clocks show it, without a zone.

OpenAPI's `date-time` demands a zone (RFC 3339), so these have a format of their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def _without_zone(value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise PydanticCustomError("civil_time", "this is local civil time: give it without a zone")
    return value


CivilTime = Annotated[
    datetime,
    AfterValidator(_without_zone),
    WithJsonSchema(
        {
            "type": "string",
            "format": "local-date-time",
            "description": "Local civil time of the hotline, without a zone",
            "examples": ["2026-11-23T00:00:00"],
        }
    ),
]
