"""Find the files behind what a person typed: files, folders and globs."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from features.errors import SourceError

SUFFIXES: Final = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".jsonl", ".ndjson", ".xlsx", ".xls", ".csv.gz")
"""What a folder is searched for, by the end of the name, in lower case."""


def find_files(places: Iterable[str | Path]) -> list[Path]:
    """Return the files named, found in named folders, or matched by globs, each once, in a stable order.

    Raises:
        SourceError: A place does not exist, or holds no file of a known kind.
    """
    found: dict[Path, None] = {}
    for place in places:
        for path in _expand(str(place)):
            found.setdefault(path)
    return list(found)


def _expand(place: str) -> list[Path]:
    path = Path(place)
    if path.is_file():
        return [path]
    if path.is_dir():
        inside = sorted(entry for entry in path.rglob("*") if entry.is_file() and _is_table(entry))
        if not inside:
            raise SourceError(f"no table in folder {place}", hint=f"known endings: {' '.join(SUFFIXES)}")
        return inside
    matched = sorted(Path(match) for match in glob.glob(place, recursive=True))  # noqa: PTH207 - absolute globs
    if not matched:
        raise SourceError(f"no such file: {place}", hint="give a file, a folder or a glob in quotes")
    return [path for path in matched if path.is_file()]


def _is_table(path: Path) -> bool:
    hidden = any(part.startswith((".", "~", "_")) for part in path.parts[-2:])
    return path.name.lower().endswith(SUFFIXES) and not hidden
