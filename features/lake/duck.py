"""In-memory DuckDB connections, all set up alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from features.errors import LakeError

_OURS: Final = ("CatalogException", "ParserException", "SyntaxException", "InterruptException")
"""Errors that only a mistake in our own SQL makes: they are not put into other words.

A column that is not found is none of them: a damaged file calls its columns by other names.
"""


@contextmanager
def duck(*, threads: int | None = None, memory: str | None = None, spill: str | None = None) -> Iterator[Any]:
    """Yield a DuckDB connection in UTC that never reaches for the network, and close it.

    Args:
        threads: Worker threads; DuckDB's own choice (all cores) when None.
        memory: Limit such as `4GB`; DuckDB's own choice when None.
        spill: Folder for intermediate results that do not fit into memory.

    Raises:
        LakeError: A file cannot be read, the disk is full, or memory does not suffice.
    """
    import duckdb

    settings: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    if threads:
        settings["threads"] = threads
    if memory:
        settings["memory_limit"] = memory
    if spill:
        settings["temp_directory"] = spill
    connection = duckdb.connect(config=settings)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    except (duckdb.Error, UnicodeDecodeError) as error:
        # A damaged file may hold names that are no text: then DuckDB's own message cannot be decoded.
        if type(error).__name__ in _OURS:
            raise
        raise _in_our_words(error) from error
    finally:
        connection.close()


def _in_our_words(error: Exception) -> LakeError:
    said = next(iter(str(error).splitlines()), type(error).__name__)
    if type(error).__name__ == "OutOfMemoryException":
        return LakeError(f"not enough memory: {said}", hint="stop what else runs here, or give the machine more")
    if "No space left" in str(error):
        return LakeError(f"the disk is full: {said}", hint="make room; `weisu doctor` says how much is free")
    return LakeError(f"a table cannot be read: {said}", hint="`weisu lake check` reads every file")


def arrow(connection: Any, query: str, parameters: dict[str, Any] | None = None) -> Any:
    """Return the result of a query as a `pyarrow.Table`."""
    return connection.sql(query, params=parameters).to_arrow_table()


def quoted(name: str) -> str:
    """Return a column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def literals(values: Iterable[str]) -> str:
    """Return texts as an SQL list of literals, `['a', 'b']`."""
    return "[" + ", ".join(map(literal, values)) + "]"


def path_literal(path: str | Path) -> str:
    """Return the path of one file that is to be read: DuckDB takes `*`, `?` and `[` in a name for a pattern.

    >>> path_literal("export[1].csv")
    "'export[[]1].csv'"
    """
    return literal(re.sub(r"([\[*?])", r"[\1]", str(path)))


def path_literals(paths: Iterable[str | Path]) -> str:
    """Return paths of files that are to be read as an SQL list; see `path_literal`."""
    return "[" + ", ".join(map(path_literal, paths)) + "]"


def parquet(files: str | Path | Iterable[str | Path], **options: bool) -> str:
    """Return the SQL that reads Parquet files, by their names: neither a pattern nor a folder `key=value` means more.

    >>> parquet("a.parquet", filename=True)
    "read_parquet('a.parquet', hive_partitioning = false, filename = true)"
    """
    named = path_literal(files) if isinstance(files, str | Path) else path_literals(files)
    said = {"hive_partitioning": False, **options}
    return f"read_parquet({named}, {', '.join(f'{name} = {str(value).lower()}' for name, value in said.items())})"


def instant(moment: datetime) -> str:
    """Return an aware datetime as an SQL literal."""
    return f"TIMESTAMPTZ '{moment.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00'"
