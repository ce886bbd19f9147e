"""Read a store as a whole: every page, every row, and whether its tables are those of a fresh one. Changes nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, create_engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from serve.errors import StoreError
from serve.store import tables  # noqa: F401 - fills the metadata
from serve.store.columns import Base
from serve.store.engine import normalise_url, shown_url
from serve.store.failures import code_of, reason
from serve.store.migrations import HEAD, current_revision

_TOLD = 5


def inspect_store(url: str) -> tuple[str | None, list[str]]:
    """Return the revision of a store that is there, and what is wrong with it.

    Raises:
        StoreError: It cannot be reached or read at all.
    """
    engine = create_engine(normalise_url(url), hide_parameters=True)
    try:
        with engine.connect() as connection:
            revision = current_revision(connection)
            damage = _damage(connection)
            differences = _differences(connection) if revision == HEAD and not damage else []
    except SQLAlchemyError as error:
        shown = shown_url(engine.url)
        raise StoreError(code_of(error, "store_not_opened"), url=shown, why=reason(error)) from error
    finally:
        engine.dispose()
    return revision, damage + differences


def _damage(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        said = [str(row[0]) for row in connection.execute(text(f"PRAGMA integrity_check({_TOLD})"))]
        return [] if said == ["ok"] else [f"damaged: {line.splitlines()[-1]}" for line in said]
    for table in Base.metadata.sorted_tables:
        # A count of rows reads every page; what cannot be read is raised.
        if connection.dialect.has_table(connection, table.name):
            connection.execute(select(func.count()).select_from(table))
    return []


def _differences(connection: Connection) -> list[str]:
    """Return where the tables are not those of a fresh store, whatever the number of the revision says."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    said = [_said(one) for entry in found for one in (entry if isinstance(entry, list) else [entry])]
    more = [f"and {len(said) - _TOLD} more differences"] if len(said) > _TOLD else []
    return said[:_TOLD] + more


def _said(difference: Any) -> str:
    match difference:
        case ("add_column", _, table, column):
            return f"{table} lacks the column {column.name}"
        case ("remove_column", _, table, column):
            return f"{table} has a column {column.name} that nothing reads"
        case ("add_table", table):
            return f"the table {table.name} is missing"
        case ("remove_table", table):
            return f"there is a table {table.name} that nothing reads"
        case (("add_index" | "add_constraint") as what, part):
            return f"{part.table.name} lacks the {what.removeprefix('add_')} {part.name}"
        case _:
            return f"{difference[0]}: {', '.join(str(part) for part in difference[2:4])}"
