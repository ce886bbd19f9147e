"""Checksums of a table's data files, written down before a commit names them, so that a flipped bit is found."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from features.digests import file_digest
from features.durable import sync, write_whole

_NAME: Final = "_checksums.jsonl"
"""Begins with an underscore: Delta's vacuum leaves such files alone."""


class Checksums:
    """The checksums of the data files in one table's folder, a line for each; the last line about a file counts.

    Args:
        folder: The table's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / _NAME

    def read(self) -> dict[str, str]:
        """Return the SHA-256 of each file that was written down, by its name; a line cut by a crash says nothing."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return {}
        return dict(entry for line in lines if (entry := _entry(line)))

    def write(self, files: Iterable[Path]) -> None:
        """Write the checksums of finished files down, and wait until they are on the disk."""
        lines = [json.dumps({"file": file.name, "sha256": file_digest(file)}) for file in files]
        if not lines:
            return
        is_new = not self.path.exists()
        with self.path.open("ab") as log:
            # A line that a crash cut short must not swallow the next one.
            log.write(("\n" + "\n".join(lines) + "\n").encode())
            log.flush()
            os.fsync(log.fileno())
        if is_new:
            sync([self.folder])

    def forget_deleted(self) -> None:
        """Leave out the files that are gone; only under the writer's lock."""
        known = self.read()
        here = {name: digest for name, digest in known.items() if (self.folder / name).exists()}
        if here != known:
            lines = [json.dumps({"file": name, "sha256": digest}) for name, digest in here.items()]
            write_whole(self.path, ("\n".join(lines) + "\n").encode())

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return which files of some have no checksum: those of a release that wrote none."""
        known = self.read()
        return [name for name in names if name not in known]


def _entry(line: bytes) -> tuple[str, str] | None:
    try:
        said = json.loads(line)
        return str(said["file"]), str(said["sha256"])
    except (ValueError, KeyError, TypeError):
        return None
