"""Turn the cells of a column into Arrow: times as times, everything else as the text that a person would read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa

_EXACT: Final = 2**53
"""From here on a floating-point number no longer tells two whole numbers apart."""


def column_of(cells: Sequence[Any]) -> pa.Array:
    """Return a column of timestamps if every cell is a time (in UTC if every one is aware), else of text.

    Args:
        cells: Python values; None and '' are blank.
    """
    stated = [cell for cell in cells if cell is not None and cell != ""]
    if any(isinstance(cell, datetime) for cell in stated):
        # A workbook gives a time at midnight as a date.
        cells = [_at_midnight(cell) for cell in cells]
        if all(isinstance(cell, date) for cell in stated):
            aware = {cell.tzinfo is not None for cell in cells if isinstance(cell, datetime)}
            if len(aware) == 1:
                times = [cell if isinstance(cell, datetime) else None for cell in cells]
                return pa.array(times, pa.timestamp("us", tz="UTC" if aware.pop() else None))
    return pa.array([_text(cell) for cell in cells], pa.string())


def _at_midnight(cell: Any) -> Any:
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - a wall-clock time, as the cell says
    return cell


def _text(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.tzinfo is None else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and abs(cell) >= _EXACT:
        # Digits are lost: scientific notation says so, and is refused where it matters.
        return f"{cell:.16e}"
    if isinstance(cell, float) and cell.is_integer():
        # A ticket number kept as a floating-point number is a number there; 1001.0 is not what it says.
        return str(int(cell))
    return str(cell)
