"""Read the first sheet of a workbook with calamine: XLSX, XLS, XLSM, ODS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from features.sources.columns import column_of
from features.sources.errors import SourceError


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
