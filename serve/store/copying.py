"""Copy a store while others write to it, and bring a copy back: SQLite as a file, PostgreSQL table by table.

Either copy is one consistent snapshot. No program of the database is needed: PostgreSQL's own COPY sends and takes the
rows, so a newer or older server than the one that was copied will do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, inspect, text

from serve.errors import StoreError
from serve.store import tables  # noqa: F401 - fills the metadata
from serve.store.columns import Base
from serve.store.engine import BUSY_TIMEOUT_S, normalise_url, shown_url
from serve.store.failures import code_of, in_our_words, reason
from serve.store.migrations import current_revision, upgrade

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
_TABLES: Final = "tables.json"
_CHUNK: Final = 1 << 20


def kind_of(url: str) -> str:
    """Return `sqlite` or `postgresql`."""
    return normalise_url(url).get_backend_name()


def copy_sqlite(file: Path, into: Path) -> str | None:
    """Copy a SQLite store as it is at one moment, without what was deleted from it, and return its revision.

    Raises:
        StoreError: It cannot be read as a whole.
    """
    try:
        with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("VACUUM INTO ?", (str(into),))
        with closing(sqlite3.connect(into)) as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchall()[0][0]
            if said != "ok":
                raise StoreError("store_damaged", url=file, why=said)
            known = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall() if known else []
    except sqlite3.DatabaseError as error:
        raise StoreError("store_damaged", url=file, why=str(error)) from error
    return str(rows[0][0]) if rows else None


def dump_postgresql(url: str, into: Path) -> str | None:
    """Write every table of a PostgreSQL store into a folder, all as of one moment, and return its revision.

    Raises:
        StoreError: It cannot be read as a whole.
    """
    engine = create_engine(normalise_url(url), hide_parameters=True)
    shown = shown_url(engine.url)
    try:
        with in_our_words(shown), engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
            revision = current_revision(connection)
            columns = {name: _columns(connection, name) for name in _ordered(inspect(connection).get_table_names())}
            for name, known in columns.items():
                _copy_out(connection, name, known, into / f"{name}.copy")
    finally:
        engine.dispose()
    (into / _TABLES).write_text(json.dumps(columns), encoding="utf-8")
    return revision


def load_postgresql(url: str, folder: Path, *, revision: str, replace: bool, only_try: bool = False) -> None:
    """Bring a dump back in one transaction: all of it or nothing; then migrate it to the newest revision.

    Args:
        url: The database.
        folder: What `dump_postgresql` wrote.
        revision: The revision that it was written at.
        replace: Take the place of what the database holds.
        only_try: Do it all and take it back: whether it can be done.

    Raises:
        StoreError: The database cannot be reached, or holds something and `replace` is false.
    """
    engine = create_engine(normalise_url(url), hide_parameters=True)
    shown = shown_url(engine.url)
    columns: dict[str, list[str]] = json.loads((folder / _TABLES).read_text(encoding="utf-8"))
    try:
        with in_our_words(shown), engine.connect() as connection, connection.begin() as transaction:
            if replace:
                _drop(connection)
            elif _holds_rows(connection):
                raise StoreError("store_not_empty", url=shown)
            upgrade(connection, revision)
            # As the tables refer to each other at that revision: later releases may know others.
            there = [name for name, _ in inspect(connection).get_sorted_table_and_fkc_names() if name in columns]
            for name in there:
                _copy_in(connection, name, columns[name], folder / f"{name}.copy")
            _advance_sequences(connection)
            upgrade(connection)
            if only_try:
                transaction.rollback()
    finally:
        engine.dispose()


def holds_rows(url: str) -> bool:
    """Tell whether a database holds anything of ours.

    Raises:
        StoreError: It cannot be reached.
    """
    engine = create_engine(normalise_url(url), hide_parameters=True)
    try:
        with in_our_words(shown_url(engine.url)), engine.connect() as connection:
            return _holds_rows(connection)
    finally:
        engine.dispose()


def _holds_rows(connection: Connection) -> bool:
    names = _ordered(inspect(connection).get_table_names())
    return any(connection.scalar(text(f'SELECT EXISTS (SELECT 1 FROM "{name}")')) for name in names)


def _ordered(names: Any) -> list[str]:
    """Return our tables among some, those that others refer to first."""
    ours = [table.name for table in Base.metadata.sorted_tables]
    return [name for name in ours if name in set(names)]


def _columns(connection: Connection, table: str) -> list[str]:
    return [str(column["name"]) for column in inspect(connection).get_columns(table)]


def _listed(columns: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


@contextmanager
def _said_by_driver(connection: Connection) -> Iterator[None]:
    """Say what the driver itself raises, below SQLAlchemy, as an error of the store."""
    dbapi: Any = connection.dialect.loaded_dbapi
    try:
        yield
    except dbapi.Error as error:
        shown = shown_url(connection.engine.url)
        raise StoreError(code_of(error, "store_not_copied"), url=shown, why=reason(error)) from error


def _copy_out(connection: Connection, table: str, columns: list[str], into: Path) -> None:
    own: Any = connection.connection.driver_connection
    query = f'COPY "{table}" ({_listed(columns)}) TO STDOUT'
    with _said_by_driver(connection), own.cursor() as cursor, into.open("wb") as file, cursor.copy(query) as rows:
        for block in rows:
            file.write(block)


def _copy_in(connection: Connection, table: str, columns: list[str], source: Path) -> None:
    own: Any = connection.connection.driver_connection
    query = f'COPY "{table}" ({_listed(columns)}) FROM STDIN'
    with _said_by_driver(connection), own.cursor() as cursor, cursor.copy(query) as rows:
        for block in _blocks(source):
            rows.write(block)


def _blocks(source: Path) -> Iterator[bytes]:
    with source.open("rb") as file:
        while block := file.read(_CHUNK):
            yield block


def _drop(connection: Connection) -> None:
    for name in [*reversed(_ordered(inspect(connection).get_table_names())), "alembic_version"]:
        connection.execute(text(f'DROP TABLE IF EXISTS "{name}" CASCADE'))


def _advance_sequences(connection: Connection) -> None:
    """Let the next row of each table have a number that none has."""
    for table in _ordered(inspect(connection).get_table_names()):
        for column in inspect(connection).get_columns(table):
            sequence = text("SELECT pg_get_serial_sequence(:table, :column)")
            named = connection.scalar(sequence, {"table": f'"{table}"', "column": column["name"]})
            if named:
                newest = f'SELECT setval(:named, coalesce(max("{column["name"]}"), 0) + 1, false) FROM "{table}"'
                connection.execute(text(newest), {"named": named})
