"""The folder that is watched: `incoming/MAPPING/FILE`; a file is taken once, then moved to `done/` or `failed/`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

DONE: Final = "done"
FAILED: Final = "failed"
MAPPING_FILE: Final = "mapping.toml"
_UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True)
class Arrival:
    """A complete file, and the mapping that reads it: a shipped name, or the `mapping.toml` beside it."""

    path: Path
    mapping: str


def arrivals(folder: Path, *, now: datetime, settle: timedelta) -> list[Arrival]:
    """Return the files to take, oldest first: left alone for `settle`, not hidden, not half downloaded."""
    found = [
        (path.stat().st_mtime, Arrival(path, _mapping(place)))
        for place in _places(folder)
        for path in place.iterdir()
        if _is_ready(path, now=now, settle=settle)
    ]
    return [arrival for _, arrival in sorted(found, key=lambda pair: (pair[0], pair[1].path.name))]


def put_away(path: Path, *, into: str, note: str = "") -> Path:
    """Move a file that was taken to `done/` or `failed/` beside it; a note lies next to it as NAME.txt.

    Returns:
        Where the file is now; a number is added where another file has its name already.
    """
    folder = path.parent / into
    folder.mkdir(exist_ok=True)
    target = next(free for free in _names(folder, path) if not free.exists())
    path.rename(target)
    if note:
        target.with_name(f"{target.name}.txt").write_text(note + "\n", encoding="utf-8")
    return target


def _places(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(place for place in folder.iterdir() if place.is_dir() and not place.name.startswith("."))


def _mapping(place: Path) -> str:
    own = place / MAPPING_FILE
    return str(own) if own.is_file() else place.name


def _is_ready(path: Path, *, now: datetime, settle: timedelta) -> bool:
    if not path.is_file() or path.name == MAPPING_FILE or path.name.startswith("."):
        return False
    if path.name.lower().endswith(_UNFINISHED):
        return False
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) <= now - settle


def _names(folder: Path, path: Path) -> Iterator[Path]:
    yield folder / path.name
    number = 2
    while True:
        yield folder / f"{path.stem}.{number}{path.suffix}"
        number += 1
