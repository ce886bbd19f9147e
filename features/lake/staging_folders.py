"""Folders of loads on their way into the lake: one for each, gone at its end, and swept away after a killed one.

A load holds a lock on a file of its folder for as long as it lives; the system lets go of it when the process dies,
however it dies. So nobody has to judge by age whether a load still runs: a folder that can be locked is nobody's.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from features.one_writer import writer_lock

_ALIVE: Final = ".alive"
_UNMARKED_SECONDS: Final = 24 * 3600
"""A folder without a mark is of an earlier version, whose loads took no lock: it is left alone for so long."""


@contextmanager
def staging_folder(place: Path) -> Iterator[tuple[str, Path]]:
    """Yield a new load id and a folder of its own, removed at the end; what killed loads left goes first.

    Args:
        place: The folder of such folders.
    """
    sweep(place)
    load_id = uuid.uuid4().hex
    folder = place / load_id
    # Between the making of the folder and its mark nobody sweeps.
    with writer_lock(place):
        folder.mkdir()
        mark = os.open(folder / _ALIVE, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(mark, fcntl.LOCK_EX)
    try:
        yield load_id, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(mark)


def sweep(place: Path) -> int:
    """Remove what killed loads left behind, and return how many; a load that runs keeps its folder."""
    if not _folders(place):
        return 0
    with writer_lock(place):
        return sum(_removed(folder) for folder in _folders(place))


def _folders(place: Path) -> list[Path]:
    try:
        return [entry for entry in place.iterdir() if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _removed(folder: Path) -> bool:
    """Remove a folder that nobody works in; tells whether it did."""
    try:
        mark = os.open(folder / _ALIVE, os.O_RDWR)
    except FileNotFoundError:
        return _is_old(folder) and _gone(folder)
    except OSError:
        return False
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return _gone(folder)
    finally:
        os.close(mark)


def _is_old(folder: Path) -> bool:
    try:
        newest = max(entry.stat().st_mtime for entry in (folder, *folder.rglob("*")))
    except FileNotFoundError:
        return False
    return time.time() - newest > _UNMARKED_SECONDS


def _gone(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
