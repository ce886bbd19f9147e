"""The crosswalk: how labels of categories and districts changed, as a versioned table.

One row says that on `valid_from` the label `old` became `new`, with the share `weight` (a split has several rows that
sum to 1, a merge several `old` with one `new`). A row from a label to itself is what stays when only a part moves away.
`valid_to` is the day from which `old` means something else again, and is empty as a rule.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from features.configuration import BoundsConfig
from features.csv_tables import CsvTableError, read_csv_table
from features.errors import CrosswalkError, SourceError
from features.taxonomy.checks import CheckReport, check_rows
from features.workbook_process import WorkbookBounds, read_sheets

DIMENSIONS: Final = ("category", "district")
REQUIRED: Final = ("old", "new", "valid_from")
OPTIONAL: Final = ("valid_to", "weight", "dimension", "category1", "category2")
COLUMNS: Final = ("dimension", "old", "new", "valid_from", "valid_to", "weight", "category1", "category2")
NO_CROSSWALK: Final = "none"
_HINT: Final = f"columns {', '.join(REQUIRED)}, optionally {', '.join(OPTIONAL)}; see docs/taxonomy.md"


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """Checked rows, in order of `valid_from`.

    Attributes:
        rows: `dimension, old, new, valid_from, valid_to (datetime64, NaT open), weight, category1, category2`; the last
            two are the parents of a new category, empty where they stay.
    """

    rows: Any

    @property
    def version(self) -> str:
        """Hash of the content: equal rows have equal versions, whatever their order or file format."""
        return content_hash(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def empty_crosswalk() -> Crosswalk:
    """Return the crosswalk of an installation whose labels never changed."""
    return Crosswalk(_typed(pd.DataFrame(columns=list(COLUMNS))))


def read_rows(path: Path, *, bounds: BoundsConfig | None = None) -> Any:
    """Read a crosswalk file, CSV (UTF-8, with or without a BOM) or XLSX, as text rows.

    Raises:
        CrosswalkError: The file is missing, is not a table, or is beyond a bound.
    """
    try:
        if path.suffix.lower() in {".xlsx", ".xls", ".xlsm"}:
            return _first_sheet(path, bounds or BoundsConfig())
        return read_csv_table(path)
    except SourceError as error:
        raise CrosswalkError(f"crosswalk {error.args[0]}", hint=error.hint) from error
    except (OSError, ValueError, CsvTableError) as error:
        raise CrosswalkError(f"crosswalk {path} cannot be read: {error}", hint=_HINT) from error


def _first_sheet(path: Path, bounds: BoundsConfig) -> Any:
    """Return the first sheet of a workbook as texts under the names in its first row."""
    sheets = read_sheets(path, WorkbookBounds.of_files(bounds), only=0)
    rows = [[_text(cell) for cell in row] for row in (sheets[0].rows if sheets else [])]
    return pd.DataFrame(rows[1:], columns=rows[0] if rows else [], dtype="str")


def _text(cell: Any) -> str:
    """Return a cell as a person reads it: whole numbers without `.0`."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def clean_rows(raw: Any, *, where: str = "crosswalk") -> Any:
    """Return the rows with every column, dates and weights typed; a value that is no date or number becomes missing.

    Raises:
        CrosswalkError: A required column is missing or a column is unknown.
    """
    missing = [name for name in REQUIRED if name not in raw.columns]
    unknown = [str(name) for name in raw.columns if name not in COLUMNS]
    if missing or unknown:
        raise CrosswalkError(f"{where}: missing columns {missing}, unknown columns {unknown}", hint=_HINT)
    return _typed(raw)


def make_crosswalk(raw: Any, *, known: frozenset[str] | None = None, where: str = "crosswalk") -> Crosswalk:
    """Check rows and return the crosswalk.

    Args:
        raw: Frame with `old`, `new`, `valid_from` and optionally the other columns.
        known: Labels that exist; a row about another is a warning, not an error.
        where: Names the origin in messages.

    Raises:
        CrosswalkError: The check found errors; the message lists them.
    """
    rows = clean_rows(raw, where=where)
    report = check_rows(rows, known=known)
    if not report.ok:
        raise CrosswalkError(f"{where}: {report.summary()}", hint="weisu taxonomy check FILE lists every problem")
    ordered = rows.sort_values(["valid_from", "dimension", "old", "new"], kind="stable")
    return Crosswalk(ordered.reset_index(drop=True))


def check_file(path: Path, *, known: frozenset[str] | None = None, bounds: BoundsConfig | None = None) -> CheckReport:
    """Check a crosswalk file and report every problem with its row."""
    return check_rows(clean_rows(read_rows(path, bounds=bounds), where=f"crosswalk {path}"), known=known)


def read_crosswalk(path: Path, *, known: frozenset[str] | None = None, bounds: BoundsConfig | None = None) -> Crosswalk:
    """Read and check a crosswalk file.

    Raises:
        CrosswalkError: It cannot be read or is wrong.
    """
    return make_crosswalk(read_rows(path, bounds=bounds), known=known, where=f"crosswalk {path}")


def content_hash(rows: Any) -> str:
    """Return 12 hex digits that change with any change of the rows; `none` for no rows."""
    if rows.empty:
        return NO_CROSSWALK
    text = (
        rows[list(COLUMNS)].sort_values(list(COLUMNS)).to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _typed(raw: Any) -> Any:
    frame = pd.DataFrame({name: raw[name] if name in raw.columns else "" for name in COLUMNS}, index=raw.index)
    for name in ("dimension", "old", "new", "category1", "category2"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str).str.strip()
    frame["dimension"] = frame["dimension"].replace("", "category")
    for name in ("valid_from", "valid_to"):
        frame[name] = (
            pd.to_datetime(frame[name], format="ISO8601", errors="coerce").astype("datetime64[us]").dt.normalize()
        )
    weight = frame["weight"].astype(object)
    frame["weight"] = pd.to_numeric(weight.where(weight.notna() & (weight != ""), 1.0), errors="coerce").astype(
        "float64"
    )
    return frame
