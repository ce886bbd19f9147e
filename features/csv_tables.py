"""Tables that people keep by hand: small CSV files, each row with the line of the file on which it begins."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd

from features.bounds import check_size
from features.configuration import BoundsConfig
from features.errors import BadInputError

LINE: Final = "line"
"""Name of the index of a table that was read from a file: its line there, the header's being 1 as a rule."""
_FIRST: Final = 2


class CsvTableError(BadInputError):
    """A file that is no table."""


def read_csv_table(path: Path) -> Any:
    """Read a CSV as text (UTF-8, with or without a BOM); blank lines are skipped, what is missing at a row's end is ''.

    Returns:
        One row per record, the index (`line`) its first line in the file, as an editor counts.

    Raises:
        CsvTableError: The file has no header, or a row has more cells than the header.
        BoundError: It is too large to be kept by hand.
        OSError, UnicodeDecodeError: It cannot be read.
    """
    check_size(path, BoundsConfig())
    records = _records(path)
    _, header = next(records, (0, []))
    if not header:
        raise CsvTableError("it is empty, and the first line should name the columns")
    lines, rows = [], []
    for line, record in records:
        if len(record) > len(header):
            raise CsvTableError(
                f"line {line} has {len(record)} cells, the header {len(header)}; a cell with a comma needs quotes"
            )
        lines.append(line)
        rows.append([*record, *[""] * (len(header) - len(record))])
    return pd.DataFrame(rows, columns=header, index=pd.Index(lines, name=LINE, dtype="int64"), dtype="str")


def lines_of(table: Any) -> Any:
    """Return the line of every row; a table that came from no file counts as written under a header."""
    return table.index if table.index.name == LINE else pd.RangeIndex(_FIRST, _FIRST + len(table))


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        begin = 1
        try:
            for record in reader:
                if any(cell.strip() for cell in record):
                    yield begin, record
                begin = reader.line_num + 1
        except csv.Error as error:
            raise CsvTableError(f"line {begin}: {error}") from error
