"""Tell a tracking store that its artefacts lie in another folder now: MLflow writes down absolute places."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

_PLACES: Final = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)


def relocate(database: Path, *, old: str, new: str) -> int:
    """Let everything that lay under one folder lie under another; returns how many places were changed.

    Args:
        database: The SQLite file of the tracking store; nobody has it open.
        old: URI of the folder of before, `file:///srv/old/mlruns`.
        new: URI of the folder of now.
    """
    if old == new:
        return 0
    changed = 0
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in _PLACES:
            under = f"{column} = ? OR substr({column}, 1, ?) = ?"
            place = f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {under}"
            values = (new, len(old) + 1, old, len(old) + 1, f"{old}/")
            changed += connection.execute(place, values).rowcount
    return changed
