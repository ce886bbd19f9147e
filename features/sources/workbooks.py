"""Read the tables of a workbook, of a web page or of sheets alike: which were read, and which were not, is said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from features.errors import SourceError
from features.mappings import Mapping
from features.reasons import Reason, ReasonCode, Reasons
from features.sources.columns import column_of
from features.sources.headers import Header, clean_name, find_header
from features.workbook_process import Sheet

_LISTED: Final = 12


@dataclass(frozen=True)
class Joined:
    """The rows of the sheets that belong together.

    Attributes:
        table: Their columns, called `c0`, `c1` and so on.
        names: What the sheets call them.
        doubled: Names that several columns of a sheet have, with their places.
        notices: Which sheets were read, and which were not.
    """

    table: pa.Table
    names: tuple[str, ...]
    doubled: dict[str, tuple[int, ...]]
    notices: Reasons


def read_web_page(text: str) -> list[Sheet]:
    """Return the tables of a web page, as which many portals hand out what they call .xls."""
    parser = _Tables()
    parser.feed(text)
    parser.close()
    return [Sheet(f"table {number}", rows) for number, rows in enumerate(parser.tables, start=1)]


def join_sheets(sheets: Sequence[Sheet], path: Path, mapping: Mapping | None) -> Joined:
    """Return the rows of all sheets that have the columns that the mapping asks for.

    Without a mapping they are those with the header of the sheet with most rows.

    Raises:
        SourceError: No sheet holds a table.
    """
    wanted = wanted_names(mapping)
    headed = [
        (sheet, header) for sheet in sheets if (header := find_header(sheet.rows, wanted)) and _body(sheet, header)
    ]
    if not headed:
        raise SourceError(f"{path}: no sheet with rows", hint="the table must have a header and at least one row")
    largest = max(headed, key=lambda one: len(_body(*one)))[1]
    fits = [one for one in headed if _has_all(one[1], mapping, largest)]
    read = fits or [one for one in headed if one[1] is largest]
    names = tuple(dict.fromkeys(name for _, header in read for name in header.names))
    doubled = {name: places for _, header in read for name, places in header.doubled.items()}
    cells: dict[str, list[Any]] = {name: [] for name in names}
    for sheet, header in read:
        body = _body(sheet, header)
        for name in names:
            place = header.names.index(name) if name in header.names else None
            cells[name] += [row[place] if place is not None and place < len(row) else None for row in body]
    table = pa.table({f"c{i}": column_of(cells[name]) for i, name in enumerate(names)})
    return Joined(table, names, doubled, _said(path.name, headed, read, mapping))


def wanted_names(mapping: Mapping | None) -> Collection[str]:
    """Return the names of columns that a mapping looks for."""
    if mapping is None:
        return ()
    named = {column for columns in mapping.columns.values() for column in columns}
    return {clean_name(name) for name in (*named, *mapping.time_of_day.values())}


def _body(sheet: Sheet, header: Header) -> list[Sequence[Any]]:
    return [row for row in sheet.rows[header.body :] if any(cell is not None and cell != "" for cell in row)]


def _has_all(header: Header, mapping: Mapping | None, largest: Header) -> bool:
    if mapping is None:
        return set(header.names) == set(largest.names)
    has = {clean_name(name) for name in (*header.names, *header.doubled)}
    fields = [columns for field, columns in mapping.columns.items() if field not in mapping.optional]
    return all(any(clean_name(column) in has for column in columns) for columns in fields)


def _said(
    file: str, headed: list[tuple[Sheet, Header]], read: list[tuple[Sheet, Header]], mapping: Mapping | None
) -> Reasons:
    notices = []
    chosen = {sheet.name for sheet, _ in read}
    left = [(sheet.name, header) for sheet, header in headed if sheet.name not in chosen]
    ids = {clean_name(column) for column in mapping.columns["ticket_id"]} if mapping else set()
    alike = [name for name, header in left if ids & {*header.names, *header.doubled}]
    other = [name for name, _ in left if name not in alike]
    if len(headed) > 1:
        notices.append(
            Reason(ReasonCode.SHEETS_READ, {"file": file, "sheets": [sheet.name for sheet, _ in read][:_LISTED]})
        )
    if other:
        notices.append(Reason(ReasonCode.SHEETS_LEFT, {"file": file, "sheets": other[:_LISTED]}))
    if alike:
        notices.append(Reason(ReasonCode.SHEETS_UNLIKE, {"file": file, "sheets": alike[:_LISTED]}))
    return tuple(notices)


class _Tables(HTMLParser):
    """Gathers the tables of a page as rows of texts; a merged cell is blank but for its first place."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self._open: list[list[list[str]]] = []
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self._below: dict[tuple[int, int], None] = {}
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, a row or a cell, and end the cell before it; called by the parser."""
        said = dict(attrs)
        if tag in {"style", "script"}:
            self._hidden += 1
        elif tag == "table":
            self._end_cell()
            self._open.append([])
            self.tables.append(self._open[-1])
            self._below = {}
        elif tag == "tr" and self._open:
            self._end_cell()
            self._open[-1].append([])
        elif tag in {"td", "th"} and self._open:
            self._end_cell()
            if not self._open[-1]:
                self._open[-1].append([])
            self._cell, self._span = [], (_count(said.get("colspan")), _count(said.get("rowspan")))
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script"}:
            self._hidden = max(self._hidden - 1, 0)
        elif tag in {"td", "th", "tr"}:
            self._end_cell()
        elif tag == "table" and self._open:
            self._end_cell()
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._hidden:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is None or not self._open or not self._open[-1]:
            self._cell = None
            return
        rows = self._open[-1]
        row, line = rows[-1], len(rows) - 1
        while (line, len(row)) in self._below:
            row.append("")
        across, down = self._span
        for below in range(1, down):
            self._below |= {(line + below, len(row) + right): None for right in range(across)}
        row += ["".join(self._cell).strip(), *[""] * (across - 1)]
        self._cell = None


def _count(said: str | None) -> int:
    return min(int(said), 1000) if said and said.isdecimal() and int(said) > 0 else 1
