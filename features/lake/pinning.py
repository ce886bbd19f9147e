"""Hold the files of the lake at one version while they are copied, whoever writes, erases or vacuums meanwhile."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from features.lake.staging_folders import staging_folder
from features.one_writer import writer_lock

if TYPE_CHECKING:
    from features.lake.lake import Lake

_STAGING: Final = "staging"
_LEFT_OUT: Final = (".lock", ".part", ".broken")
_APPENDED: Final = ".jsonl"


@dataclass(frozen=True)
class PinnedLake:
    """The lake at one version.

    Attributes:
        version: Snapshot id.
        files: Path within the lake -> where its content is held, and its checksum where one was written down.
    """

    version: int
    files: dict[str, tuple[Path, str | None]]


@contextmanager
def pinned(lake: Lake) -> Iterator[PinnedLake]:
    """Yield the lake at its present version; writers wait only while its files are linked.

    The load log never leads the tickets: both are linked while nobody writes.
    """
    with staging_folder(lake.path / _STAGING) as (_, folder):
        with writer_lock(lake.path):
            version = lake.version
            files = {str(file.relative_to(lake.path)): _held(file, folder) for file in _files(lake.path)}
            written = {
                f"{store.path.name}/{name}": digest
                for store in lake.stores
                for name, digest in store.checksums.read().items()
            }
        yield PinnedLake(version, {name: (held, written.get(name)) for name, held in sorted(files.items())})


def _files(root: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(root):
        if Path(place) == root and _STAGING in folders:
            folders.remove(_STAGING)
        yield from (Path(place, name) for name in names if not name.endswith(_LEFT_OUT))


def _held(file: Path, folder: Path) -> Path:
    """Link a file under another name; what is appended to, and what cannot be linked, is copied."""
    held = folder / uuid.uuid4().hex
    if file.suffix != _APPENDED:
        try:
            held.hardlink_to(file)
        except OSError:
            # A disk without hard links.
            pass
        else:
            return held
    shutil.copyfile(file, held)
    return held
