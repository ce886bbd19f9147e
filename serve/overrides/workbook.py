"""The edited workbook, handed back: what the planner wrote into the yellow columns becomes overrides."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from features.configuration import BoundsConfig
from serve.errors import UnprocessableError
from serve.reports.headings import column
from serve.reports.weekly_xlsx import FORECAST_SHEET
from serve.uploads import uploaded_rows


@dataclass(frozen=True)
class SheetOverride:
    """One number a planner wrote beside the model's: series, week, how much, why, and its row in the sheet."""

    unique_id: str
    ds: datetime
    value: float
    reason: str
    row: int = field(default=0, compare=False)


def read_overrides(
    path: Path, *, name: str = "", default_reason: str = "", bounds: BoundsConfig | None = None
) -> list[SheetOverride]:
    """Return the overrides in an edited weekly workbook, in the order of its rows.

    Args:
        path: The workbook.
        name: What its owner calls it; the file's own name when ''.
        default_reason: The reason of rows that give none of their own.
        bounds: How much of it may be read; what is shipped when None.

    Raises:
        UnprocessableError: Beyond a bound, not such a workbook, or a row without a number, week or reason; the message
            names sheet, row and column.
    """
    file = name or path.name
    rows = _rows(path, file, bounds)
    heads = [str(value) for value in rows[0]] if rows else []
    wanted = {name: column(name) for name in ("unique_id", "ds", "override", "reason")}
    places = {name: heads.index(heading) for name, heading in wanted.items() if heading in heads}
    if len(places) < 4:  # noqa: PLR2004 - the four columns above
        raise UnprocessableError("heading_changed", file=file, sheet=FORECAST_SHEET)
    found = []
    for number, row in enumerate(rows[1:], start=2):
        values = {name: row[place] for name, place in places.items()}
        if values["override"] not in (None, ""):
            found.append(_override(file, number, values, default_reason))
    return found


def _rows(path: Path, file: str, bounds: BoundsConfig | None) -> list[list[Any]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnprocessableError("not_weekly_workbook", file=file) from error
    rows = uploaded_rows(content, name=file, only=FORECAST_SHEET, bounds=bounds)
    if rows is None:
        raise UnprocessableError("not_weekly_workbook", file=file)
    return rows


def _override(file: str, number: int, values: dict[str, Any], default_reason: str) -> SheetOverride:
    value, day = values["override"], values["ds"]
    reason = str(values["reason"] or "").strip() or default_reason
    row: dict[str, object] = {"file": file, "sheet": FORECAST_SHEET, "row": number}
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise UnprocessableError("not_a_count", **row, column=column("override"), value=value)
    if not isinstance(day, date):
        raise UnprocessableError("week_missing", **row, column=column("ds"))
    if not reason:
        raise UnprocessableError("reason_missing", **row, column=column("reason"))
    moment = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local civil
    return SheetOverride(str(values["unique_id"]), moment, float(value), reason, number)
