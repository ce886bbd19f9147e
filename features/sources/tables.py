"""Show a file to DuckDB as one table, whatever its kind: CSV, TSV, Parquet, JSON, XLSX, XLS."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from features.bounds import check_parquet, check_size, check_unpacked
from features.configuration import BoundsConfig
from features.errors import SourceError
from features.lake.duck import literal, parquet, path_literal, quoted
from features.mappings import Mapping
from features.reasons import Reason, ReasonCode, Reasons
from features.sources.delimited import TELLING, Dialect, find_dialect, mend
from features.sources.encoding import LOST, Encoding, judge_encoding, opened, transcode
from features.sources.headers import named
from features.sources.workbooks import join_sheets, read_web_page, wanted_names
from features.workbook_process import WorkbookBounds, read_sheets

_SPREADSHEETS: Final = (".xlsx", ".xls", ".xlsm", ".ods", ".et")
_TEXTS: Final = (".csv", ".tsv", ".txt")
_REJECTS: Final = "unreadable_rows"
_HEAD: Final = 8192
SWALLOWED: Final = "other records inside"
"""Why a record is unreadable that has others in one of its cells."""


@dataclass(frozen=True)
class Damaged:
    """A CSV that can be written anew should DuckDB stumble over it: the file in UTF-8, and how it is written."""

    path: Path
    dialect: Dialect


@dataclass(frozen=True)
class RawTable:
    """A table of the source as DuckDB sees it.

    Attributes:
        sql: What follows FROM.
        columns: Column -> DuckDB type.
        rejects: Name of the DuckDB table where unreadable lines of a CSV are gathered while `sql` is read, or ''.
        name: What messages call it.
        guarded: Columns of which every filled cell has an apostrophe or a backtick in front.
        places: Column -> what DuckDB calls it, where that is another name.
        doubled: Names that several columns have, with the places of these columns, 1 being the first.
        broken: SQL of why a row is unreadable, NULL where it is not; '' for no such rows.
        notices: What was guessed or left out.
        csv: What to do if lines are unreadable.
        transcoded: Bytes that are no character stand as `LOST` in it.
    """

    sql: str
    columns: dict[str, str]
    rejects: str = ""
    name: str = "the source"
    guarded: frozenset[str] = frozenset()
    places: dict[str, str] = field(default_factory=dict)
    doubled: dict[str, tuple[int, ...]] = field(default_factory=dict)
    broken: str = ""
    notices: Reasons = ()
    csv: Damaged | None = None
    transcoded: bool = False

    def column(self, name: str) -> str:
        """Return a column as SQL."""
        return quoted(self.places.get(name, name))


def raw_table(
    connection: Any,
    path: Path,
    *,
    scratch: Path,
    mapping: Mapping | None = None,
    bounds: BoundsConfig | None = None,
) -> RawTable:
    """Return the file as a table on `connection`.

    Args:
        connection: A DuckDB connection.
        path: The file; its ending says the kind, unless its first bytes say another.
        scratch: A folder for a transcoded copy, which the caller removes.
        mapping: Which columns are looked for, and the encoding if it says one.
        bounds: How much of it may be read; what is shipped when None.

    Raises:
        BoundError: It is beyond a bound.
        SourceError: The kind is unknown or the file cannot be read.
    """
    if not path.stat().st_size:
        raise SourceError(f"{path}: the file is empty", hint="was it still being written?")
    bounds = bounds or BoundsConfig()
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    check_unpacked(path, bounds)
    with opened(path) as file:
        head = file.read(_HEAD)
    try:
        if suffix in {".parquet", ".pq"} or head.startswith(b"PAR1"):
            return described(connection, parquet(path), check_parquet(path, bounds))
        if suffix in {".jsonl", ".ndjson", ".json"}:
            return _json(connection, path, lines=suffix != ".json")
        if suffix in {*_TEXTS, *_SPREADSHEETS}:
            return _by_content(connection, path, head, suffix, scratch=scratch, mapping=mapping, bounds=bounds)
    except _duckdb_error() as error:
        raise SourceError(f"{path}: {str(error).splitlines()[0]}", hint="is it what its ending says?") from error
    raise SourceError(f"{path}: unknown kind of file", hint="known: csv tsv parquet jsonl json xlsx xls")


def mended(connection: Any, raw: RawTable, *, scratch: Path) -> RawTable:
    """Return a CSV that DuckDB stumbled over, written anew: every broken record is a row that says why."""
    if raw.csv is None:
        raise SourceError(f"{raw.name}: only a CSV can be mended")
    copy = scratch / "mended.csv"
    mend(raw.csv.path, raw.csv.dialect, copy)
    width = len(raw.csv.dialect.header.names)
    sql = _read_csv(copy, ",", '"', 0, width + 1)
    broken = f"nullif(c{width}, '')"
    count = int(connection.execute(f"SELECT count({broken}) FROM {sql}").fetchall()[0][0])
    said = Reason(ReasonCode.WRITTEN_ANEW, {"file": Path(raw.name).name, "rows": count})
    return replace(raw, sql=sql, rejects="", csv=None, broken=broken, transcoded=False, notices=(*raw.notices, said))


def described(connection: Any, sql: str, names: Sequence[str] = ()) -> RawTable:
    """Return `sql` with the columns that DuckDB finds in it, and what the source calls them."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()
    distinct, doubled = named(names or [row[0] for row in rows])
    columns = {name: row[1] for name, row in zip(distinct, rows, strict=True)}
    places = {name: row[0] for name, row in zip(distinct, rows, strict=True)}
    return RawTable(sql=sql, columns=columns, places=places, doubled=doubled)


def _json(connection: Any, path: Path, *, lines: bool) -> RawTable:
    """Return lines or a list of objects as text: a sniffer would round long numbers and rewrite UUIDs.

    A line that is no JSON becomes a row without anything, which ends in quarantine.
    """
    how = "format = 'newline_delimited', ignore_errors = true" if lines else "format = 'auto'"
    place = path_literal(path)
    found = connection.execute(f"DESCRIBE SELECT * FROM read_json({place}, {how}, sample_size = -1)").fetchall()
    columns = ", ".join(f"{quoted(row[0])}: 'VARCHAR'" for row in found)
    return described(connection, f"read_json({place}, {how}, columns = {{{columns}}})")


def _by_content(
    connection: Any,
    path: Path,
    head: bytes,
    suffix: str,
    *,
    scratch: Path,
    mapping: Mapping | None,
    bounds: BoundsConfig,
) -> RawTable:
    """Return a table by what the file holds: .xls may be a web page or a text, and a download may bear any name."""
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _sheets(connection, path, read_sheets(path, WorkbookBounds.of_files(bounds)), mapping)
    encoding = _encoding(path, mapping)
    start = head.decode(encoding.name, "ignore").lstrip("\ufeff \r\n\t").lower()
    if start.startswith("<?xml") and "schemas-microsoft-com:office:spreadsheet" in start:
        raise SourceError(f"{path}: a workbook written as XML", hint="open it in a spreadsheet and save it as .xlsx")
    if start.startswith("mime-version:"):
        raise SourceError(f"{path}: a web archive", hint="open it in a spreadsheet and save it as .xlsx")
    if start.startswith("<"):
        check_size(path, bounds)
        with opened(path) as file:
            tables = read_web_page(file.read().decode(encoding.name, "replace"))
        if not tables:
            raise SourceError(f"{path}: an HTML page without a table", hint="is it an error page of the portal?")
        raw = _sheets(connection, path, tables, mapping)
        kind = Reason(ReasonCode.WEB_PAGE, {"file": path.name})
        return replace(raw, notices=(*_doubted(path, encoding), kind, *raw.notices))
    raw = _csv(path, encoding, tabs=suffix == ".tsv", scratch=scratch, mapping=mapping)
    # Where a title has a quote that is never closed nobody knows what DuckDB passes over.
    return (
        raw if raw.csv and raw.csv.dialect.sound else mended(connection, replace(raw, name=str(path)), scratch=scratch)
    )


def _sheets(connection: Any, path: Path, sheets: Any, mapping: Mapping | None) -> RawTable:
    joined = join_sheets(sheets, path, mapping)
    connection.register("sheet", joined.table)
    raw = described(connection, "sheet", joined.names)
    return replace(raw, doubled=joined.doubled, notices=joined.notices)


def _encoding(path: Path, mapping: Mapping | None) -> Encoding:
    return Encoding(mapping.encoding, stated=True) if mapping and mapping.encoding else judge_encoding(path)


def _doubted(path: Path, encoding: Encoding) -> Reasons:
    said: dict[str, Any] = {"file": path.name, "encoding": encoding.name}
    if encoding.rival:
        return (Reason(ReasonCode.ENCODING_DOUBTFUL, said | {"rival": encoding.rival}),)
    guessed = not encoding.stated and encoding.name not in {"utf-8", "utf-8-sig", "utf-16"}
    return (Reason(ReasonCode.ENCODING_GUESSED, said),) if guessed else ()


def _csv(path: Path, encoding: Encoding, *, tabs: bool, scratch: Path, mapping: Mapping | None) -> RawTable:
    plain = encoding.name.lower() in {"utf-8", "utf8", "utf-8-sig"}
    text = path
    if not plain:
        text = scratch / f"{path.name.removesuffix('.gz')}.utf8"
        transcode(path, encoding.name, text)
    dialect = find_dialect(text, wanted=wanted_names(mapping), tabs=tabs)
    if dialect is None:
        raise SourceError(f"{path}: no header", hint="the first line must name the columns")
    header = dialect.header
    notices = _doubted(path, encoding)
    if header.top:
        notices = (*notices, Reason(ReasonCode.LINES_ABOVE, {"file": path.name, "lines": header.top}))
    return RawTable(
        sql=_read_csv(text, dialect.delimiter, dialect.escape, dialect.skip, len(header.names), rejects=_REJECTS),
        columns=dict.fromkeys(header.names, "VARCHAR"),
        rejects=_REJECTS,
        places={name: f"c{i}" for i, name in enumerate(header.names)},
        doubled=header.doubled,
        notices=notices,
        csv=Damaged(text, dialect),
        transcoded=not plain,
    )


def _read_csv(path: Path, delimiter: str, escape: str, skipped: int, width: int, *, rejects: str = "") -> str:
    """Return the SQL of a CSV's rows as texts: times and numbers are read by the mapping, not guessed by a sniffer."""
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width))
    options = f"auto_detect = false, delim = {literal(delimiter)}, quote = '\"', escape = {literal(escape)}"
    options += f", header = false, skip = {skipped}, strict_mode = true, columns = {{{columns}}}"
    if rejects:
        options += f", store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{rejects}_scan'"
    # A line without a single cell, as spreadsheets leave them below a table, is no record.
    filled = f"coalesce({', '.join(f'c{i}' for i in range(width))}) IS NOT NULL"
    return f"(SELECT * FROM read_csv({path_literal(path)}, {options}) WHERE {filled})"


def unreadable_row(raw: RawTable) -> str:
    """Return the SQL of why a row is unreadable as a whole, NULL where it is not."""
    if raw.broken:
        return raw.broken
    cases = []
    if raw.transcoded:
        cells = ", ".join(raw.column(name) for name in raw.columns)
        cases.append(f"WHEN contains(concat({cells}), {literal(LOST)}) THEN 'bytes that are no text'")
    if raw.csv and len(raw.columns) >= TELLING:
        # Between a quote that is never closed and the next one, records become part of a cell.
        columns = [raw.column(name) for name in raw.columns]
        broken_line = " OR ".join(f"contains({column}, chr(10))" for column in columns)
        other = re.escape(raw.csv.dialect.delimiter)
        record = literal(rf"\n(?:[^\n\x1f{other}]*{other}){{{len(columns) - 1}}}")
        cells = f"concat({', chr(31), '.join(columns)})"
        # CASE and not AND: DuckDB would look for records in every row.
        cases.append(f"WHEN {broken_line} THEN CASE WHEN regexp_matches({cells}, {record}) THEN '{SWALLOWED}' END")
    return f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"


def _duckdb_error() -> type[Exception]:
    import duckdb

    error: type[Exception] = duckdb.Error
    return error
