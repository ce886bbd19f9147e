"""One type each for what people and machines send: moments, local times, days, names, free text, ids.

Each is strict about its form (a number is no moment), has a range that both databases and every calendar can hold, and
takes off what nobody sees. API models, query parameters, forms and uploads use the same ones.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from serve.civil import CivilTime

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199
"""Nothing that a hotline plans or remembers lies outside."""

_DAY: Final = r"\d{4}-\d{2}-\d{2}"
_TIME: Final = r"\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?"
_MOMENT: Final = re.compile(rf"{_DAY}[Tt]{_TIME}(?:[Zz]|[+-]\d{{2}}:\d{{2}})", re.ASCII)
_CIVIL: Final = re.compile(rf"{_DAY}[Tt](?:{_TIME}|\d{{2}}:\d{{2}})(?:[Zz]|[+-]\d{{2}}:\d{{2}})?", re.ASCII)
_START: Final = re.compile(rf"{_DAY}(?:[Tt](?:{_TIME}|\d{{2}}:\d{{2}})(?:[Zz]|[+-]\d{{2}}:\d{{2}})?)?", re.ASCII)
_DATE: Final = re.compile(_DAY, re.ASCII)

_MARKS: Final = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
_UNSEEN: Final = re.compile(f"[{_MARKS}]")
"""Zero width, directions, tags: nobody sees or means them."""
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_OF_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What breaks a line, a document or a database; free text has line breaks and tabs."""


def clean_name(value: str) -> str:
    r"""Return a name without what nobody sees.

    Raises:
        PydanticCustomError: It has a line break, a control character or half a character.

    >>> clean_name(' 水务\u200b局\ufeff ')
    '水务局'
    """
    if _CONTROL.search(value.strip()):
        raise PydanticCustomError("name_characters", "a name has no line breaks and no control characters")
    return _UNSEEN.sub("", value).strip()


def clean_text(value: str) -> str:
    r"""Return free text without what nobody sees, and with line breaks of one kind.

    Raises:
        PydanticCustomError: It has a control character or half a character.

    >>> clean_text('一\r\n二\u202e ')
    '一\n二'
    """
    lines = value.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    if _CONTROL_OF_TEXT.search(lines):
        raise PydanticCustomError("text_characters", "a text has no control characters")
    return _UNSEEN.sub("", lines).strip()


def _cleaned_name(value: Any) -> Any:
    return clean_name(value) if isinstance(value, str) else value


def _cleaned_text(value: Any) -> Any:
    return clean_text(value) if isinstance(value, str) else value


def _in_range(value: date) -> date:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise PydanticCustomError(
            "year_range", "outside of {first} to {last}", {"first": FIRST_YEAR, "last": LAST_YEAR}
        )
    return value


def _form(pattern: re.Pattern[str], kind: str, error: str, example: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        written = isinstance(value, str) and pattern.fullmatch(value)
        if not written and not isinstance(value, date):
            raise PydanticCustomError(error, "write {kind} as {example}", {"kind": kind, "example": example})
        return value

    return BeforeValidator(check)


def _whole(value: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise PydanticCustomError("text_characters", "a text has no control characters")
    return value


def _schema(of: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "format": of, "examples": [example]})


Moment = Annotated[
    AwareDatetime,
    AfterValidator(_in_range),
    _form(_MOMENT, "a moment", "moment_form", "2026-11-23T08:00:00Z"),
    _schema("date-time", "2026-11-23T08:00:00Z"),
]
"""A moment as RFC 3339 writes it, with its offset."""

GivenCivilTime = Annotated[
    CivilTime, AfterValidator(_in_range), _form(_CIVIL, "a local time", "civil_form", "2026-11-23T08:00:00")
]
"""Local civil time that somebody names; `CivilTime` says why it takes no zone."""

PeriodStart = Annotated[
    datetime,
    AfterValidator(_in_range),
    _form(_START, "a local time", "civil_form", "2026-11-23T08:00:00"),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^{_DAY}(T{_TIME}(Z|[+-]\d{{2}}:\d{{2}})?)?$",
            "examples": ["2026-11-23T00:00:00"],
        }
    ),
]
"""When a period starts: a day, a local time, or a moment whose offset leads there."""

Day = Annotated[
    date, AfterValidator(_in_range), _form(_DATE, "a day", "day_form", "2026-11-23"), _schema("date", "2026-11-23")
]
"""A day of the calendar."""

Name = Annotated[str, Field(max_length=200), BeforeValidator(_cleaned_name)]
"""What something is called; may be empty, which stands for all or none."""
GivenName = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(_cleaned_name)]
"""What something is called, and must be."""
Series = Annotated[str, Field(max_length=400), BeforeValidator(_cleaned_name)]
"""Id of a series, which holds the names of its parts; may be empty."""
SeriesName = Annotated[str, Field(min_length=1, max_length=400), BeforeValidator(_cleaned_name)]
"""The same, and must be."""
Text = Annotated[str, Field(max_length=2000), BeforeValidator(_cleaned_text)]
"""What somebody writes in their own words; may be empty."""
GivenText = Annotated[str, Field(min_length=1, max_length=2000), BeforeValidator(_cleaned_text)]
"""What somebody writes in their own words, and must."""
LongText = Annotated[str, Field(min_length=1, max_length=4000), BeforeValidator(_cleaned_text)]
"""The same, for an answer."""
Id = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")]
"""An id that weisu made."""
Address = Annotated[str, Field(max_length=2000), BeforeValidator(_cleaned_name)]
"""An address on the web; may be empty."""
Cell = Annotated[str, AfterValidator(_whole)]
"""What a cell of a source says: as it is, but no halves of characters. Ingestion cleans it."""
Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""A whole number that a column holds."""
Measure = Annotated[float, Field(allow_inf_nan=False)]
"""A number that there is."""
