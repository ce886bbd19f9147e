"""A mapping: one source's columns, clock and completeness, validated."""

from __future__ import annotations

import codecs
import hashlib
from datetime import date
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from features.mappings.time_formats import format_problem

FIELDS: Final = (
    "ticket_id",
    "opened_at",
    "updated_at",
    "closed_at",
    "category1",
    "category2",
    "category",
    "category_code",
    "district",
    "street",
    "department",
    "channel",
    "request_type",
    "status",
    "caller",
    "title",
    "text",
    "address",
    "lat",
    "lon",
    "is_repeat",
    "satisfaction",
    "deleted",
)
"""Every fact a source may state about a ticket."""

TOLERATED: Final = 10
"""So many bad rows are never too many by themselves: one in a file of five is not a broken mapping."""

TIME_FIELDS: Final = ("opened_at", "updated_at", "closed_at")


class SourceClock(StrEnum):
    """How the times in a source's columns are to be read."""

    LOCAL = "local"
    """Wall-clock times of `timezone`."""
    UTC = "utc"
    """Times in UTC without saying so."""
    OFFSET = "offset"
    """Times that carry their own offset, such as 2026-11-23T07:30:00+08:00."""
    CONVERTED_TWICE = "converted_twice"
    """Wall-clock times that an export took for UTC and converted to local a second time."""


class KnownAt(StrEnum):
    """Which time says when a version of a ticket was known."""

    OPENED = "opened_at"
    """Historic files: the opening; the closing and what came with it count from the closing."""
    UPDATED = "updated_at"
    """Files and feeds that carry the time of the last change."""
    ARRIVAL = "arrival"
    """Live feeds: the moment the row arrived."""


class Protocol(StrEnum):
    """What is spoken at an address."""

    OPEN311 = "open311"
    """GeoReport v2: `requests.json` with start_date, end_date and page."""
    SOCRATA = "socrata"
    """SODA: `resource/xxxx-xxxx.json` with $where, $order, $limit and $offset."""


class Mapping(BaseModel):
    """How to read one source.

    Attributes:
        source: Name under which the tickets are kept; with the ticket id it is the key of a ticket.
        title: One line for people.
        timezone: IANA zone of the place: periods are its civil days and weeks.
        clock: How the time columns are to be read.
        known_at: Which time says when a row was known.
        date_only: The opening has no time of day: a ticket is known at the end of its day.
        complete_through: Last day on which the source is complete; later rows are kept but no period beyond it counts.
        covers_from: First day on which the source is complete; the day of the first ticket when absent.
        ended: The source will never bring more: it does not hold back the panel of the others.
        full_export: Every file is the whole source, so a ticket that is missing from it was deleted.
        time_formats: Accepted formats of times given as text: strptime's, `epoch`, `epoch_ms`, `excel`; when empty, any
            in which year, month and day stand in this order.
        time_of_day: Field of a time -> column of its time of day, where its own column holds but the day.
        columns: Field -> column, or columns in order of preference (the first that is not blank counts).
        encoding: Of text files, such as cp1252 or big5; told from the bytes when empty.
        optional: Fields whose columns may be missing from a file.
        values: Field -> value in the source -> value in the lake.
        blanks: Words that stand for nothing, in any case.
        deleted_values: Values of the `deleted` column that mean: gone at the source.
        own_channels: Channels that are not citizens' (own entries, imports, crews), as they stand in the lake: their
            tickets are kept, shown and forecast, and raise no alert.
        areas: GeoJSON of outlines, beside the mapping: a ticket without a district gets that of its coordinates.
        area_level: Level of those areas.
        protocol: What an address speaks: Open311 GeoReport v2 or Socrata.
        page_size: Rows asked for at once.
        window_days: Longest span asked for at once (Open311 allows 90 days).
        quarantine_limit: Share of bad rows above which the whole load fails before anything is kept; up to
            `TOLERATED` bad rows are let pass, as long as most rows are good.
        repeat_warning: Share of rows that repeat an id of their file with another opening, above which that is said.
        repeat_limit: Share of them above which the whole load fails, in files of ten rows and more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1, pattern=r"^[\w.-]+$")
    title: str = ""
    timezone: str
    clock: SourceClock = SourceClock.LOCAL
    known_at: KnownAt
    date_only: bool = False
    complete_through: date | None = None
    covers_from: date | None = None
    ended: bool = False
    full_export: bool = False
    time_formats: tuple[str, ...] = ()
    columns: dict[str, tuple[str, ...]]
    time_of_day: dict[str, str] = {}
    encoding: str = ""
    optional: tuple[str, ...] = ()
    values: dict[str, dict[str, str]] = {}
    blanks: tuple[str, ...] = ("NULL", "\\N", "N/A", "nan", "(null)", "[NULL]", "#N/A", "<NA>")
    deleted_values: tuple[str, ...] = ("1", "true", "True", "yes", "是")
    own_channels: tuple[str, ...] = ()
    areas: str = ""
    area_level: str = "district"
    protocol: Protocol | None = None
    page_size: int = Field(default=1000, ge=1)
    window_days: int = Field(default=90, ge=1)
    quarantine_limit: float = Field(default=0.05, ge=0, le=1)
    repeat_warning: float = Field(default=0.01, ge=0, le=1)
    repeat_limit: float = Field(default=0.2, ge=0, le=1)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}; use an IANA name such as Asia/Shanghai") from error
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name if value else ""
        except LookupError as error:
            raise ValueError(f"unknown encoding {value!r}; such as utf-8, gb18030, big5, cp1252, utf-16") from error

    @field_validator("columns", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {field: (column,) if isinstance(column, str) else column for field, column in value.items()}

    @model_validator(mode="after")
    def _fits_together(self) -> Mapping:
        unknown = sorted({*self.columns, *self.values} - set(FIELDS))
        if unknown:
            raise ValueError(f"unknown fields {', '.join(unknown)}; known are {', '.join(FIELDS)}")
        if self.own_channels and "channel" not in self.columns:
            raise ValueError("own_channels needs a column for channel")
        missing = [field for field in ("ticket_id", "opened_at") if not self.columns.get(field)]
        if missing:
            raise ValueError(f"[columns] must name {' and '.join(missing)}")
        if self.known_at is KnownAt.UPDATED and "updated_at" not in self.columns:
            raise ValueError('known_at = "updated_at" needs a column for updated_at')
        self._check_times()
        return self

    def _check_times(self) -> None:
        problems = [format_problem(form, clock=self.clock) for form in self.time_formats]
        if problem := next(filter(None, problems), ""):
            raise ValueError(f"time_formats: {problem}")
        stray = [field for field in self.time_of_day if field not in TIME_FIELDS or field not in self.columns]
        if stray:
            raise ValueError(f"time_of_day: [columns] has no day for {', '.join(stray)}")
        if self.time_of_day and self.clock is SourceClock.OFFSET:
            raise ValueError('time_of_day: a time in two columns says no offset; clock = "local" or "utc"')

    def tolerates(self, bad: int, read: int) -> bool:
        """Return whether a load with so many bad rows may go on."""
        return bad <= max(self.quarantine_limit * read, min(TOLERATED, read / 2))

    @property
    def zone(self) -> ZoneInfo:
        """The source's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def fingerprint(self) -> str:
        """Short hash of everything that decides how a row is read."""
        unused = {"own_channels"} | (set() if self.areas else {"areas", "area_level"})
        return hashlib.sha256(self.model_dump_json(exclude=unused).encode()).hexdigest()[:16]
