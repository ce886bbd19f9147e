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
from serve.store.failures import code_of, in_our_words, reason
from serve.store.migrations import HEAD, migrate

BUSY_TIMEOUT_S: Final = 30
WRITE: Final = "weisu_write"


class Store:
    """The operational store: SQLite in WAL mode, or PostgreSQL by URL.

    A writing session begins with the write lock on SQLite (`BEGIN IMMEDIATE`), so that what it read is still true when
    it writes; a reading session never waits for a writer.
    """

    def __init__(self, engine: Engine, file: SqliteFile | None = None) -> None:
        self.engine, self.file = engine, file
        self.shown = shown_url(engine.url)
        self._writing = sessionmaker(engine.execution_options(**{WRITE: True}), expire_on_commit=False)
        self._reading = sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def open(cls, url: str) -> Store:
        """Open the store and bring its tables to the newest revision.

        Args:
            url: SQLAlchemy URL: `sqlite:////path/weisu.db` or `postgresql+psycopg://...`.

        Raises:
            StoreError: The database cannot be opened, reached or migrated, or a newer release made it.
        """
        parsed = normalise_url(url)
        file = SqliteFile(Path(parsed.database or "")) if parsed.get_backend_name() == "sqlite" else None
        shown = shown_url(parsed)
        try:
            engine = _engine(parsed, file)
            newer = migrate(engine)
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(code_of(error, "store_not_opened"), url=shown, why=reason(error)) from error
        if newer:
            engine.dispose()
            raise StoreError("store_newer", url=shown, revision=newer, head=HEAD)
        if file is not None:
            file.remember()
        return cls(engine, file)

    @classmethod
    def make_ready(cls, url: str) -> None:
        """Open the store and let go of it again: whoever will write to it asks before computing anything.

        Raises:
            StoreError: As in `open`.
        """
        cls.open(url).close()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a session that may write: committed when the block ends, rolled back when it raises."""
        self.refuse_moved()
        with in_our_words(self.shown), self._writing.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session on one consistent snapshot that must not write."""
        self.refuse_moved()
        with in_our_words(self.shown), self._reading() as session:
            yield session

    def refuse_moved(self) -> None:
        """Refuse to go on with a SQLite file that is not at its place any more: what it took would be lost.

        Raises:
            StoreError: It was moved, deleted or replaced since it was opened.
        """
        if self.file is not None:
            self.file.refuse_moved()

    def lock(self, session: Session, name: str) -> None:
        """Let one writer at a time through, until the transaction ends; SQLite's write lock already does."""
        if self.engine.dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(name.encode())})

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


class SqliteFile:
    """The file of a store, by what it was when it was opened.

    Args:
        path: Where it lies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: tuple[int, int] | None = None

    def remember(self) -> None:
        """Note which file it is that lies there now."""
        self._opened = self._identity()

    def refuse_moved(self) -> None:
        """Refuse another file, or none, in its place.

        Raises:
            StoreError: So it is.
        """
        if self._opened is not None and self._identity() != self._opened:
            raise StoreError("store_moved", path=self.path)

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def normalise_url(url: str) -> URL:
    """Return the URL with the driver that is installed: psycopg 3 for PostgreSQL."""
    parsed = make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def shown_url(url: URL) -> str:
    """Return an address for people: without its password, and a file by its name."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}"
    return url.render_as_string(hide_password=True)


def _engine(url: URL, file: SqliteFile | None) -> Engine:
    # Without parameters: an error would carry what people wrote into logs.
    if file is None:
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    file.path.parent.mkdir(parents=True, exist_ok=True)
    waiting = {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}
    engine = create_engine(url, connect_args=waiting, hide_parameters=True)
    # SQLite would make an empty file in the place of one that was moved away.
    event.listen(engine, "do_connect", lambda *_: file.refuse_moved())
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
