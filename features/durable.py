"""Put on the disk what was promised: a file and its name outlive a power cut before anybody is told that it is kept."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from pathlib import Path


def sync(paths: Iterable[Path]) -> None:
    """Wait until the content of files, and the names in folders, are on the disk; what is not there is passed over."""
    for path in paths:
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and keep their names."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    sync(place.parent for place in missing)


def write_whole(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file that is there as a whole or not at all, whatever happens meanwhile; replaces an older one."""
    part = _part(path, content, mode)
    part.replace(path)
    sync([path.parent])


def write_new(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file as a whole, unless there is one.

    Raises:
        FileExistsError: Somebody was faster.
    """
    part = _part(path, content, mode)
    try:
        path.hardlink_to(part)
    finally:
        part.unlink()
    sync([path.parent])


def _part(path: Path, content: bytes, mode: int) -> Path:
    make_folder(path.parent)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return part
