"""The list of erasures that lies outside of the home: what a restored backup must forget again before anybody reads it.

A line is written, and on the disk, before the erasure begins: what was asked for is carried out again even where it was
cut off. The list names no person: keys of tickets and hashes of caller hashes. Backups note themselves in it, so that a
restore can tell this installation's list from another one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from features.durable import make_folder, sync
from features.errors import LakeError

_ERASURE: Final = "erasure"
_BACKUP: Final = "backup"


class ErasureListError(LakeError):
    """The list of erasures cannot be read or written."""


@dataclass(frozen=True)
class ListedErasure:
    """One erasure.

    Attributes:
        id: Its id in the lake's audit.
        at: When it was asked for, aware.
        source: Source of the tickets.
        keys: Keys of the tickets that were found or named.
        callers: `caller_digest` of the caller's hashes.
        opened_before: Retention: everything opened before this aware moment; None otherwise.
        by: Who asked.
        reason: Why.
    """

    id: str
    at: datetime
    source: str
    by: str
    reason: str
    keys: tuple[int, ...] = ()
    callers: tuple[str, ...] = ()
    opened_before: datetime | None = None


@dataclass(frozen=True)
class NotedBackup:
    """A backup that was made: its id, when, and what its file was called."""

    id: str
    at: datetime
    file: str


def caller_digest(hashed: str) -> str:
    """Return what the list keeps of a caller's hash: enough to find it again, and nothing that links to a ticket."""
    return hashlib.sha256(hashed.encode()).hexdigest()


@dataclass(frozen=True)
class ErasureList:
    """The list in a file of JSON lines, each with a checksum."""

    path: Path

    def exists(self) -> bool:
        """Return whether anything was ever written down."""
        return self.path.exists()

    def append(self, entry: ListedErasure | NotedBackup) -> None:
        """Write a line, and wait until it is on the disk.

        Raises:
            ErasureListError: It cannot be written; then nothing may be erased.
        """
        kind = _ERASURE if isinstance(entry, ListedErasure) else _BACKUP
        line = _line({"kind": kind, **asdict(entry)})
        try:
            is_new = not self.path.exists()
            make_folder(self.path.parent)
            with self.path.open("ab+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                _cut_torn_line(file)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                sync([self.path.parent])
        except OSError as error:
            raise ErasureListError(
                f"the list of erasures {self.path} cannot be written: {error.strerror}",
                hint="nothing was erased; mend the place, or name another one: [privacy] erasure_list",
            ) from error

    def erasures(self) -> list[ListedErasure]:
        """Return every erasure, oldest first; errors as for `backups`."""
        return [_erasure(document) for document in self._documents() if document["kind"] == _ERASURE]

    def backups(self) -> list[NotedBackup]:
        """Return every backup that was noted, oldest first.

        Raises:
            ErasureListError: The list cannot be read, or a line of it is damaged.
        """
        found = [document for document in self._documents() if document["kind"] == _BACKUP]
        return [NotedBackup(one["id"], datetime.fromisoformat(one["at"]), one["file"]) for one in found]

    def missing_from(self, other: ErasureList) -> list[ListedErasure | NotedBackup]:
        """Return what this list knows and another does not, oldest first; errors as for `backups`."""
        theirs = {document["id"] for document in other._documents()}
        mine: list[ListedErasure | NotedBackup] = [*self.erasures(), *self.backups()]
        return sorted((entry for entry in mine if entry.id not in theirs), key=lambda entry: entry.at)

    def _documents(self) -> list[dict[str, Any]]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ErasureListError(f"the list of erasures {self.path} cannot be read: {error.strerror}") from error
        # What stands behind the last line end was never acknowledged.
        lines = content.split(b"\n")[:-1]
        return [self._document(number, line) for number, line in enumerate(lines, start=1)]

    def _document(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(line)
            if document.pop("sum") == _sum(document):
                return document
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        raise ErasureListError(
            f"line {number} of the list of erasures {self.path} is damaged",
            hint="bring a copy of the list back: without it erased people come back with a backup",
        )


def _line(document: dict[str, Any]) -> bytes:
    plain = json.loads(json.dumps(document, default=lambda moment: moment.isoformat()))
    return json.dumps({**plain, "sum": _sum(plain)}, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _sum(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def _cut_torn_line(file: Any) -> None:
    """Take away what a crash left of a line: it was never acknowledged, and would spoil the next one."""
    file.seek(0)
    content = file.read()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        file.truncate(whole)
    file.seek(0, os.SEEK_END)


def _erasure(document: dict[str, Any]) -> ListedErasure:
    before: str | None = document["opened_before"]
    return ListedErasure(
        id=document["id"],
        at=datetime.fromisoformat(document["at"]),
        source=document["source"],
        by=document["by"],
        reason=document["reason"],
        keys=tuple(document["keys"]),
        callers=tuple(document["callers"]),
        opened_before=None if before is None else datetime.fromisoformat(before),
    )


def newest_before(entries: Sequence[ListedErasure]) -> datetime | None:
    """Return the latest age among some erasures: it covers the others."""
    return max((entry.opened_before for entry in entries if entry.opened_before is not None), default=None)
