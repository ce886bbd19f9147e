"""Show a file to DuckDB as one table, whatever its kind: CSV, TSV, Parquet, JSON, XLSX, XLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from features.errors import SourceError
from features.lake.duck import path_literal, quoted
from features.sources.columns import column_of
from features.sources.encoding import detect_encoding, transcode

_SPREADSHEETS: Final = (".xlsx", ".xls", ".xlsm", ".ods")
_REJECTS: Final = "unreadable_rows"


@dataclass(frozen=True)
class RawTable:
    """A table of the source as DuckDB sees it.

    Attributes:
        sql: What follows FROM.
        columns: Column -> DuckDB type.
        rejects: Name of the DuckDB table where unreadable lines are gathered while `sql` is read, or ''.
        name: What messages call it.
        guarded: Columns of which every filled cell has an apostrophe or a backtick in front.
    """

    sql: str
    columns: dict[str, str]
    rejects: str = ""
    name: str = "the source"
    guarded: frozenset[str] = frozenset()

    def column(self, name: str) -> str:
        """Return a column as SQL."""
        return quoted(name)


def raw_table(connection: Any, path: Path, *, scratch: Path) -> RawTable:
    """Return the file as a table on `connection`.

    Args:
        connection: A DuckDB connection.
        path: The file; its ending says the kind.
        scratch: A folder for a transcoded copy, which the caller removes.

    Raises:
        SourceError: The kind is unknown or the file cannot be read.
    """
    if not path.stat().st_size:
        raise SourceError(f"{path}: the file is empty", hint="was it still being written?")
    name = path.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    try:
        if suffix in {".parquet", ".pq"}:
            return described(connection, f"read_parquet({path_literal(path)})")
        if suffix in {".jsonl", ".ndjson", ".json"}:
            return _json(connection, path, lines=suffix != ".json")
        if suffix in {".csv", ".tsv", ".txt"}:
            return _csv(connection, path, tabs=suffix == ".tsv", scratch=scratch)
    except _duckdb_error() as error:
        raise SourceError(f"{path}: {str(error).splitlines()[0]}", hint="is it what its ending says?") from error
    if suffix in _SPREADSHEETS:
        connection.register("sheet", read_sheet(path))
        return described(connection, "sheet")
    raise SourceError(f"{path}: unknown kind of file", hint="known: csv tsv parquet jsonl json xlsx xls")


def described(connection: Any, sql: str, rejects: str = "") -> RawTable:
    """Return `sql` with the columns that DuckDB finds in it."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()
    return RawTable(sql=sql, columns={row[0]: row[1] for row in rows}, rejects=rejects)


def _json(connection: Any, path: Path, *, lines: bool) -> RawTable:
    """Return lines or a list of objects as text: a sniffer would round long numbers and rewrite UUIDs.

    A line that is no JSON becomes a row without anything, which ends in quarantine.
    """
    how = "format = 'newline_delimited', ignore_errors = true" if lines else "format = 'auto'"
    place = path_literal(path)
    found = described(connection, f"read_json({place}, {how}, sample_size = -1)")
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in found.columns)
    return described(connection, f"read_json({place}, {how}, columns = {{{columns}}})")


def _csv(connection: Any, path: Path, *, tabs: bool, scratch: Path) -> RawTable:
    encoding = detect_encoding(path)
    if encoding not in {"utf-8", "utf-8-sig"}:
        copy = scratch / f"{path.name.removesuffix('.gz')}.utf8"
        transcode(path, encoding, copy)
        path = copy
    # Text only: times and numbers are read by the mapping, not guessed by a sniffer.
    options = "all_varchar = true, header = true, store_rejects = true, strict_mode = true"
    options += f", rejects_table = '{_REJECTS}', rejects_scan = '{_REJECTS}_scan'"
    if tabs:
        options += r", delim = '\t'"
    return described(connection, f"read_csv({path_literal(path)}, {options})", _REJECTS)


def _duckdb_error() -> type[Exception]:
    import duckdb

    error: type[Exception] = duckdb.Error
    return error


# Read the first sheet of a workbook with calamine: XLSX, XLS, XLSM, ODS.


def read_sheet(path: Path) -> pa.Table:
    """Return the first sheet that has rows: columns of times as times, the others as text.

    Title lines above the table are skipped: the header is the first row in which most cells are filled.

    Raises:
        SourceError: The workbook cannot be opened or holds no table.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(path) as book:
            sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    except (CalamineError, OSError) as error:
        raise SourceError(f"{path}: {error}", hint="is it a workbook, and not protected by a password?") from error
    for rows in sheets:
        if len(rows) > 1:
            return _as_table(rows)
    raise SourceError(f"{path}: no sheet with rows", hint="the table must have a header and at least one row")


def _as_table(rows: list[list[Any]]) -> pa.Table:
    width = max(len(row) for row in rows)
    top = next(i for i, row in enumerate(rows) if 2 * sum(cell != "" for cell in row) > width)
    header = [str(cell).strip() or f"column{i + 1}" for i, cell in enumerate(rows[top])]
    body = [row for row in rows[top + 1 :] if any(cell != "" for cell in row)]
    columns = [column_of([row[i] for row in body]) for i in range(len(header))]
    return pa.table(dict(zip(header, columns, strict=True)))
