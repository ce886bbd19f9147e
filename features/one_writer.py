"""One writer of a folder at a time, among the processes of one machine."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import LakeError


@contextmanager
def writer_lock(folder: Path, *, wait: float = 600.0) -> Iterator[None]:
    """Let one writer of this machine in at a time; a killed one lets go by dying.

    Raises:
        LakeError: Somebody else held the lock for longer than `wait` seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".writer.lock").open("w") as file:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LakeError(f"{folder}: another writer held it for {wait:.0f} s") from None
                time.sleep(0.05)
        yield
