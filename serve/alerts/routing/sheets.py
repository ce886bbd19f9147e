"""The routing table as the sheet officials edit: XLSX and CSV, out and in again, with the same columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import ValidationError

from features.configuration import BoundsConfig
from serve.alerts.routing.schemas import RouteLine
from serve.errors import UnprocessableError
from serve.invalid import Invalid
from serve.store.tables import Route
from serve.uploads import uploaded_rows

HEADER: Final = ("事项 category", "区域 area", "承办单位 department", "协办单位 assisting", "备注 comment")
_FIELDS: Final = ("category", "area", "department", "assisting", "comment")
_ALIASES: Final = {
    alias: field for header, field in zip(HEADER, _FIELDS, strict=True) for alias in (header, *header.split(), field)
}
_MAX_ROWS: Final = 20_000
_SEPARATOR: Final = "、"


def to_xlsx(routes: Iterable[Route]) -> bytes:
    """Return the table as a workbook."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("路由 routes")
        sheet.write_row(0, 0, HEADER, book.add_format({"bold": True}))
        for number, row in enumerate(_rows(routes), start=1):
            sheet.write_row(number, 0, row)
        sheet.set_column(0, len(HEADER) - 1, 24)
        sheet.freeze_panes(1, 0)
    return buffer.getvalue()


def to_csv(routes: Iterable[Route]) -> bytes:
    """Return the table as CSV with a byte-order mark, which a spreadsheet needs to see Chinese."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(HEADER)
    writer.writerows([_inert(cell) for cell in row] for row in _rows(routes))
    return buffer.getvalue().encode("utf-8-sig")


def read(content: bytes, *, name: str, bounds: BoundsConfig | None = None) -> list[RouteLine]:
    """Return the lines of an uploaded sheet; XLSX is told from CSV by its content.

    Args:
        content: The sheet.
        name: What messages call it.
        bounds: How much of it may be read; what is shipped when None.

    Raises:
        UnprocessableError: Not a sheet, a column is missing, or a row makes no sense (the row is named).
    """
    rows = _read_xlsx(content, name, bounds) if content[:2] == b"PK" else _read_csv(content, name)
    if not rows:
        raise UnprocessableError("sheet_empty", file=name, heading=", ".join(HEADER))
    if len(rows) > _MAX_ROWS:
        raise UnprocessableError("sheet_too_long", file=name, rows=_MAX_ROWS)
    columns = [_ALIASES.get(str(cell).strip(), "") for cell in rows[0]]
    if "department" not in columns or not {"category", "area"} & set(columns):
        raise UnprocessableError("sheet_lacks_column", file=name, heading=", ".join(HEADER))
    filled = ((number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row))
    return [_line(dict(zip(columns, row, strict=False)), name, number) for number, row in filled]


def _line(cells: dict[str, str], name: str, number: int) -> RouteLine:
    values: dict[str, object] = {field: cells.get(field, "").strip() for field in _FIELDS}
    assisting = str(values["assisting"]).replace("，", _SEPARATOR).replace(",", _SEPARATOR)
    values["assisting"] = [part.strip() for part in assisting.split(_SEPARATOR) if part.strip()]
    try:
        return RouteLine.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UnprocessableError("sheet_row", file=name, row=number, column=where, why=Invalid.of(first)) from error


def _rows(routes: Iterable[Route]) -> list[Sequence[str]]:
    return [
        (route.category, route.area, route.department, _SEPARATOR.join(route.assisting), route.comment)
        for route in routes
    ]


def _inert(cell: str) -> str:
    """Keep a spreadsheet from running a cell as a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@"} else cell


def _read_csv(content: bytes, name: str) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return list(csv.reader(io.StringIO(content.decode(encoding))))
        except (UnicodeDecodeError, csv.Error):
            continue
    raise UnprocessableError("not_a_sheet", file=name)


def _read_xlsx(content: bytes, name: str, bounds: BoundsConfig | None) -> list[list[str]]:
    rows = uploaded_rows(content, name=name, only=0, bounds=bounds)
    if rows is None:
        raise UnprocessableError("not_a_workbook", file=name)
    return [[str(cell) for cell in row] for row in rows]
