"""Bare panel files for the two commands that run without a lake: .parquet or .csv in, the same out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.errors import BadInputError

_HINT = "use .parquet or .csv"


def read_panel(path: Path) -> Any:
    """Read a panel of counts; identifiers and static columns stay text, whatever they look like.

    Raises:
        BadInputError: The file is missing, of another kind, or lacks unique_id, ds or y.
    """
    import pandas as pd

    if not path.exists():
        raise BadInputError(f"no panel at {path}")
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    elif path.suffix == ".csv":
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    else:
        raise BadInputError(f"{path}: cannot read {path.suffix or 'a file without a suffix'}", hint=_HINT)
    missing = [column for column in ("unique_id", "ds", "y") if column not in frame]
    if missing:
        raise BadInputError(f"{path} has no column {missing[0]!r}", hint="a panel has unique_id, ds and y")
    return frame


def write_table(frame: Any, path: Path) -> None:
    """Write a table as its suffix says.

    Raises:
        BadInputError: A suffix that is not known.
    """
    if path.suffix not in {".parquet", ".csv"}:
        raise BadInputError(f"--out {path}: cannot write {path.suffix or 'without a suffix'}", hint=_HINT)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
