"""Read tickets from any database that SQLAlchemy speaks to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from features.errors import SourceError
from features.privacy import mask_text
from features.sources.columns import column_of

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.exc import SQLAlchemyError

_CHUNK: Final = 200_000
_SHOWN: Final = 300


def read_query(url: str, query: str, *, chunk: int = _CHUNK) -> Iterator[pa.Table]:
    """Yield the rows of a query in chunks: times as times, with their offset where the column has one; else text.

    Args:
        url: SQLAlchemy URL, such as `postgresql+psycopg://user:password@host/db`.
        query: A SELECT.
        chunk: Rows held at once.

    Raises:
        SourceError: The URL, the driver, the connection or the query is at fault. The password is never shown.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    engine = _engine(url)
    try:
        with engine.connect().execution_options(stream_results=True) as connection:
            result = connection.execute(text(query))
            names = list(result.keys())
            while rows := result.fetchmany(chunk):
                yield pa.Table.from_arrays([column_of([row[i] for row in rows]) for i in range(len(names))], names)
    except SQLAlchemyError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise SourceError(f"{where}: {_said(error, engine)}", hint="check the address and the query") from error
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    try:
        engine = create_engine(url)
    except ModuleNotFoundError as error:
        kind = url.partition("://")[0]
        raise SourceError(f"{kind} needs the Python package {error.name}", hint=f"pip install {error.name}") from error
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise SourceError(
            f"no database at that address: {type(error).__name__}",
            hint="an address looks like postgresql+psycopg://user:password@host/database or sqlite:////path/file.db",
        ) from error
    file = engine.url.database if engine.url.get_backend_name() == "sqlite" else None
    if file and file != ":memory:" and not file.startswith("file:") and not Path(file).exists():
        # SQLite would make an empty one.
        raise SourceError(f"no such file: {file}", hint="sqlite:///relative.db or sqlite:////absolute/path.db")
    return engine


def _said(error: SQLAlchemyError, engine: Engine) -> str:
    """Return the database's own words, without what it may repeat of rows or password."""
    words = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0][:_SHOWN]
    password = engine.url.password
    return mask_text(words.replace(str(password), "***") if password else words)
