"""Read a workbook that a person handed in: in a process of its own, within bounds, refused in the reader's language."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from features.configuration import BoundsConfig
from features.errors import BoundError, SourceError
from features.workbook_process import WorkbookBounds, read_sheets
from serve.errors import UnprocessableError

_REACHES: Final = frozenset({"workbook_cells", "workbook_memory"})


def uploaded_rows(content: bytes, *, name: str, only: str | int, bounds: BoundsConfig | None) -> list[list[Any]] | None:
    """Return the rows of one sheet, all of one length, None where there is no such workbook or sheet.

    Args:
        content: The workbook.
        name: What its sender calls it; only a name.
        only: Name or place of the sheet.
        bounds: How much may be read; what is shipped when None.

    Raises:
        UnprocessableError: It is beyond a bound.
    """
    with TemporaryDirectory() as folder:
        # The name a browser sends is only a name: nothing is written where it points.
        path = Path(folder) / "workbook.xlsx"
        path.write_bytes(content)
        try:
            sheets = read_sheets(path, WorkbookBounds.of_uploads(bounds or BoundsConfig()), only=only)
        except BoundError as error:
            code = "workbook_reaches" if error.code in _REACHES else "workbook_beyond"
            raise UnprocessableError(code, file=name) from error
        except SourceError:
            return None
    return sheets[0].rows if sheets else None
