"""The declarative root of every table, and the column types that SQLite and PostgreSQL share."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, DateTime, Dialect, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, validates
from sqlalchemy.types import TypeDecorator

from features.clock import SKEW
from features.privacy import mask_text

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names that both databases and every migration agree on."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment: stored as UTC, returned as aware UTC; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC (naive on SQLite, which keeps no zone)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone, got naive {value!r}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


Document: Final[JSON] = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A JSON document; JSONB on PostgreSQL."""


class Base(DeclarativeBase):
    """Root of the mapped tables: a `datetime` is a UTC moment, a `dict` or a `list` is a JSON document."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: UtcDateTime,
        dict[str, Any]: Document,
        list[str]: Document,
        list[dict[str, Any]]: Document,
    }


MASKED_IN_DOCUMENTS: Final = frozenset({"note", "text", "reason", "demand", "answer", "comment"})
"""What people wrote, in the documents of events, messages and remembered replies."""


def free_text(*columns: str) -> Any:
    """Return the validator that masks what a person writes into these columns, as soon as it is set on a row.

    Of a document only its fields of `MASKED_IN_DOCUMENTS` are free text.
    """

    def masked(_row: Base, _column: str, value: Any) -> Any:
        if isinstance(value, str):
            return mask_text(value)
        if not value:
            return value
        written = {name: value[name] for name in MASKED_IN_DOCUMENTS & set(value)}
        return {**value, **{name: mask_text(one) if isinstance(one, str) else one for name, one in written.items()}}

    return validates(*columns)(masked)


def believed(
    moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None], now: datetime
) -> ColumnElement[bool]:
    """Return the condition that no clock that ran ahead wrote a moment: see `features.clock.is_ahead`.

    Whatever picks the newest row by a moment goes by it: else one wrong look at the clock stays the newest for years.
    """
    return moment <= now + SKEW


def new_id(prefix: str) -> str:
    """Return a random public id such as `al_5f0c...`: unguessable, and it says what it names."""
    return f"{prefix}_{secrets.token_hex(12)}"
