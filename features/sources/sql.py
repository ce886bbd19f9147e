"""Read tickets from any database that SQLAlchemy speaks to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa

from features.sources.errors import SourceError

_CHUNK: Final = 200_000


def read_query(url: str, query: str, *, chunk: int = _CHUNK) -> Iterator[pa.Table]:
    """Yield the rows of a query as text columns, in chunks.

    Args:
        url: SQLAlchemy URL, such as `postgresql+psycopg://user:password@host/db`.
        query: A SELECT.
        chunk: Rows held at once.

    Raises:
        SourceError: The URL, the driver, the connection or the query is at fault. The password is never shown.
    """
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        engine = create_engine(url)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise SourceError(
            f"no database at that address: {type(error).__name__}", hint="postgresql+psycopg://..."
        ) from error
    try:
        with engine.connect().execution_options(stream_results=True) as connection:
            result = connection.execute(text(query))
            names = list(result.keys())
            while rows := result.fetchmany(chunk):
                yield pa.table({name: _column(rows, i) for i, name in enumerate(names)})
    except SQLAlchemyError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise SourceError(
            f"{where}: {type(error).__name__}", hint="try the query in the database's own client"
        ) from error
    finally:
        engine.dispose()


def _column(rows: Any, position: int) -> pa.Array:
    return pa.array([_text(row[position]) for row in rows], pa.string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.tzinfo is None else value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
