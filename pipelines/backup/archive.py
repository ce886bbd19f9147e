"""The file of a backup: a plain tar whose last member lists all others with their checksums."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from features.durable import make_folder, sync
from pipelines.errors import BackupError

SCHEMA: Final = 1
_MANIFEST: Final = "manifest.json"
_CHUNK: Final = 1 << 20


class ArchiveWriter:
    """Writes members one after the other; `manifest` comes last, so a file that was cut off has none."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, file: Path, *, expected: str | None = None) -> None:
        """Add the content of a file.

        Args:
            name: What the member is called.
            file: Where its content is.
            expected: Its checksum as it was written down when it was made.

        Raises:
            BackupError: The file is not what was written: a backup of it would take the place of a good one.
        """
        with file.open("rb") as content:
            digest = self._add(name, content, os.fstat(content.fileno()).st_size)
        if expected is not None and digest != expected:
            raise BackupError(
                f"{name} is damaged: its checksum is not the one that was written down",
                hint="`weisu lake check` says more; bring the lake back from an earlier backup: `weisu restore FILE`",
            )

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add bytes in memory."""
        self._add(name, io.BytesIO(content), len(content))

    def _add(self, name: str, content: IO[bytes], size: int) -> str:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        hashing = _Hashing(content)
        self._tar.addfile(entry, hashing)
        digest = hashing.digest.hexdigest()
        self.members[name] = {"bytes": size, "sha256": digest}
        return digest

    def finish(self, about: dict[str, Any]) -> None:
        """Write the manifest."""
        manifest = {"schema": SCHEMA, **about, "members": self.members}
        content = json.dumps({**manifest, "sum": _sum(manifest)}, ensure_ascii=False, indent=1).encode()
        entry = tarfile.TarInfo(_MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        self._tar.addfile(entry, io.BytesIO(content))


class _Hashing:
    """Reads on behalf of tarfile, and hashes what it read."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        block = self._content.read(size)
        self.digest.update(block)
        return block


@contextmanager
def new_archive(file: Path) -> Iterator[ArchiveWriter]:
    """Yield a writer; the file is there as a whole when the block ends well, and not at all otherwise."""
    make_folder(file.parent)
    part = file.with_name(f"{file.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield ArchiveWriter(tar)
            raw.flush()
            os.fsync(raw.fileno())
        # A link, not a rename: what is there by now is not overwritten.
        file.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)
    sync([file.parent])


class Archive:
    """A backup that is read.

    Args:
        tar: The file.
        manifest: Its last member.
        members: The others by name.
    """

    def __init__(self, tar: tarfile.TarFile, manifest: dict[str, Any], members: dict[str, tarfile.TarInfo]) -> None:
        self._tar, self.manifest, self._members = tar, manifest, members

    @property
    def names(self) -> list[str]:
        """The members, in order."""
        return list(self.manifest["members"])

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(int(member["bytes"]) for member in self.manifest["members"].values())

    def verify(self) -> None:
        """Read every member and compare it with its checksum.

        Raises:
            BackupError: One of them is not what was written.
        """
        for name in self.names:
            for _ in self._blocks(name):
                pass

    def read(self, name: str) -> bytes:
        """Return a small member, compared with its checksum."""
        return b"".join(self._blocks(name))

    def extract(self, name: str, target: Path) -> None:
        """Write a member to a file, compared with its checksum once more, and wait until it is on the disk."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            for block in self._blocks(name):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    def _blocks(self, name: str) -> Iterator[bytes]:
        said, digest = self.manifest["members"][name], hashlib.sha256()
        try:
            content = self._tar.extractfile(self._members[name])
            while content is not None and (block := content.read(_CHUNK)):
                digest.update(block)
                yield block
        except (tarfile.TarError, OSError, EOFError) as error:
            raise _damaged(name) from error
        if digest.hexdigest() != said["sha256"]:
            raise _damaged(name)


@contextmanager
def open_archive(file: Path) -> Iterator[Archive]:
    """Yield a backup whose manifest is whole.

    Raises:
        BackupError: It is no backup, was cut off, or was made by a newer release.
    """
    try:
        with tarfile.open(file, mode="r:") as tar:
            members = {entry.name: entry for entry in tar.getmembers() if entry.isfile()}
            yield Archive(tar, _manifest(tar, members, file), members)
    except FileNotFoundError as error:
        raise BackupError(f"there is no {file}", hint="name the file that `weisu backup` wrote") from error
    except tarfile.TarError as error:
        raise BackupError(f"{file} is no backup, or was cut off: {error}", hint="use an earlier one") from error


def _manifest(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], file: Path) -> dict[str, Any]:
    cut = BackupError(
        f"{file} is no backup, or was cut off or changed: it has no whole manifest", hint="use another one"
    )
    content = tar.extractfile(members[_MANIFEST]) if _MANIFEST in members else None
    if content is None:
        raise cut
    try:
        manifest: dict[str, Any] = json.loads(content.read())
        is_whole = manifest.pop("sum") == _sum(manifest)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise cut from error
    if not is_whole or not set(manifest["members"]) <= set(members):
        raise cut
    if manifest["schema"] > SCHEMA:
        raise BackupError(f"{file} was made by a newer release", hint="restore it with the release that made it")
    return manifest


def _sum(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _damaged(name: str) -> BackupError:
    return BackupError(f"{name} in the backup is damaged; nothing was written", hint="use another backup")
