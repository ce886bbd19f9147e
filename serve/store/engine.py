"""The store: one object that opens the operational database, migrates it and hands out sessions."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from serve.errors import StoreError
from serve.store.migrations import migrate

BUSY_TIMEOUT_S: Final = 30
WRITE: Final = "weisu_write"


class Store:
    """The operational store: SQLite in WAL mode, or PostgreSQL by URL.

    A writing session begins with the write lock on SQLite (`BEGIN IMMEDIATE`), so that what it read is still true when
    it writes; a reading session never waits for a writer.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = sessionmaker(engine.execution_options(**{WRITE: True}), expire_on_commit=False)
        self._reading = sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def open(cls, url: str) -> Store:
        """Open the store and bring its tables to the newest revision.

        Args:
            url: SQLAlchemy URL: `sqlite:////path/weisu.db` or `postgresql+psycopg://...`.

        Raises:
            StoreError: The database cannot be opened, reached or migrated.
        """
        parsed = normalise_url(url)
        try:
            engine = _engine(parsed)
            migrate(engine)
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(
                "store_not_opened", url=parsed.render_as_string(hide_password=True), why=str(error)
            ) from error
        return cls(engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a session that may write: committed when the block ends, rolled back when it raises."""
        with self._writing.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session on one consistent snapshot that must not write."""
        with self._reading() as session:
            yield session

    def lock(self, session: Session, name: str) -> None:
        """Let one writer at a time through, until the transaction ends; SQLite's write lock already does."""
        if self.engine.dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(name.encode())})

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def normalise_url(url: str) -> URL:
    """Return the URL with the driver that is installed: psycopg 3 for PostgreSQL."""
    parsed = make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes too late (before the first write, after the reads); ours is in _on_sqlite_begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        # An answer is on the disk before anybody is told so: with NORMAL a power cut may take back the last commits.
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
