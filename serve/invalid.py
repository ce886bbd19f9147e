"""Why a value is refused, in the reader's language: pydantic's own checks and those of our schemas, by their type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from features.words import Family, Language, catalogue

INVALID: Final = Family.of(
    "invalid",
    (
        "missing", "extra_forbidden", "literal_error", "enum", "string_type", "string_too_short", "string_too_long",
        "greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number", "int_type",
        "int_parsing", "float_type", "float_parsing", "bool_parsing", "list_type", "dict_type",
        "model_attributes_type", "json_invalid", "too_short", "too_long", "datetime_parsing",
        "datetime_from_date_parsing", "date_parsing", "date_from_datetime_parsing", "time_parsing", "timezone_aware",
        "timezone_naive", "interval_order", "event_order", "civil_time", "quiet_hours_both", "quiet_hours_local",
        "silence_everything", "name_characters", "text_characters", "year_range", "moment_form", "civil_form",
        "day_form", "event_length", "string_pattern_mismatch", "other",
    ),
)  # fmt: skip
"""The checks that have words; any other is said as `other` in Chinese, and as pydantic says it in English."""


@dataclass(frozen=True)
class Invalid:
    """One refused value: which check refused it, and the limits that it names; never the value itself."""

    check: str
    limits: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""

    @classmethod
    def of(cls, error: Mapping[str, Any]) -> Invalid:
        """Return what pydantic said about a value."""
        return cls(str(error["type"]), dict(error.get("ctx") or {}), str(error["msg"]))

    def said(self, language: Language) -> str:
        """Return why the value is refused."""
        if self.check in INVALID.codes:
            comma = "、" if language == "zh-CN" else ", "
            limits = {name: str(value).replace(" or ", comma) for name, value in self.limits.items()}
            return catalogue(language).of(INVALID, self.check, **limits)
        return self.message if language == "en" else catalogue(language).of(INVALID, "other")
