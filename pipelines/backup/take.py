"""`weisu backup`: copy an installation into one file while others go on writing to it.

The order is that of who speaks of whom: the store speaks of models and of versions of the lake, the tracking store of
versions of the lake and of artefacts. So the store is copied first, then the tracking store, then the lake at one
version, then the artefacts; and nothing in the copy speaks of what is not in it.
"""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from features.clock import Clock
from features.foreign_paths import sqlite_file
from features.lake import Lake
from features.lake.erasure_list import ErasureList, NotedBackup
from features.lake.pinning import pinned
from features.settings import LoadedSettings, Settings
from pipelines.backup.archive import ArchiveWriter, new_archive
from pipelines.backup.sealed import seal
from pipelines.errors import BackupError, BackupInputError

SEALED: Final = "sealed"
STORE_FILE: Final = "store/weisu.db"
STORE_DUMP: Final = "store/dump/"
TRACKING: Final = "mlruns/mlflow.db"
ARTIFACTS: Final = "mlruns/artifacts/"
LAKE: Final = "lake/"
HOME: Final = "home/"
NAMED: Final = "named/"
CONFIG: Final = "weisu.toml"
KEPT_OF_HOME: Final = ("SIMULATED", "last-round.json", "reports", "taxonomy")
"""What of the home goes with it. Counts and topics are made anew; files that wait to be ingested are not masked."""
SECRETS_OF_HOME: Final = ("demo.key",)
NAMED_FILES: Final = ("calendar.overrides", "calendar.events", "weather.file", "taxonomy.crosswalk")
"""Keys of the configuration that name files which have to come with it."""


@dataclass(frozen=True)
class BackupSummary:
    """What was copied.

    Attributes:
        id: Name of the backup, noted in the list of erasures.
        file: Where it lies.
        bytes: Its size.
        snapshot: Version of the lake; None where there is none.
        revision: Revision of the store; None where there is none.
        models: Whether the tracking store and its artefacts are in it.
        keys: Whether keys and configuration are in it, under the passphrase.
        left_out: What is not in it and has to be kept otherwise.
    """

    id: str
    file: str
    bytes: int
    snapshot: int | None
    revision: str | None
    models: bool
    keys: bool
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON document."""
        return {"schema_version": 1, **asdict(self)}


def take_backup(loaded: LoadedSettings, file: Path, clock: Clock, *, passphrase: str | None) -> BackupSummary:
    """Write a backup of an installation; everything may go on meanwhile.

    Args:
        loaded: Its configuration, and where that was found.
        file: The file to write.
        clock: The present.
        passphrase: Seals keys and configuration; None leaves them out.

    Raises:
        BackupError: Something is damaged, or there is nothing to back up.
        BackupInputError: The file is there already or lies inside of what is copied, or the passphrase is too short.
        ErasureListError: The backup cannot be noted in the list of erasures.
        PrivacyError, StoreError, LakeError: A part is damaged or cannot be read.
    """
    settings, now = loaded.settings, clock.now()
    _refuse_place(file, settings)
    key = settings.found_secret()
    noted = NotedBackup(uuid.uuid4().hex, now, file.name)
    about: dict[str, Any] = {"id": noted.id, "made_at": now.isoformat(), "weisu": version("weisu")}
    with new_archive(file) as archive, tempfile.TemporaryDirectory(dir=file.parent, prefix=".weisu-backup-") as scratch:
        about |= _copy_store(archive, settings, Path(scratch))
        about |= _copy_tracking(archive, settings, Path(scratch))
        about |= _copy_lake(archive, settings)
        _copy_artifacts(archive, settings)
        if not archive.members:
            raise BackupError("there is nothing to back up", hint="`weisu doctor` says what is there")
        about |= _copy_home(archive, settings)
        about["erasure_list"] = str(settings.erasure_list)
        if passphrase is not None:
            archive.add_bytes(SEALED, seal(_secrets(loaded, key, archive), passphrase))
        archive.finish(about)
        # Before the file is there: a backup that the list does not know could not be restored.
        ErasureList(settings.erasure_list).append(noted)
    left_out = tuple(_left_out(settings, keys=passphrase is not None))
    return BackupSummary(
        id=noted.id,
        file=str(file),
        bytes=file.stat().st_size,
        snapshot=about["snapshot"],
        revision=about["revision"],
        models=about["mlruns"] is not None,
        keys=passphrase is not None,
        left_out=left_out,
    )


def _refuse_place(file: Path, settings: Settings) -> None:
    if file.exists():
        raise BackupInputError(f"{file} is there already", hint="give another name: a backup is never overwritten")
    for place in (settings.home, Path(settings.lake_path), settings.mlruns):
        if file.resolve().is_relative_to(place.resolve()):
            raise BackupInputError(
                f"{file} lies inside of {place}, and would be lost with it",
                hint="name another disk, or another machine",
            )


def _copy_store(archive: ArchiveWriter, settings: Settings, scratch: Path) -> dict[str, Any]:
    from serve.store.copying import SQLITE, copy_sqlite, dump_postgresql, kind_of

    kind = kind_of(settings.store_url)
    if kind == SQLITE:
        file = sqlite_file(settings.store_url)
        if file is None or not file.exists():
            return {"store": None, "revision": None}
        revision = copy_sqlite(file, scratch / "store.db")
        archive.add(STORE_FILE, scratch / "store.db")
    else:
        folder = scratch / "dump"
        folder.mkdir()
        revision = dump_postgresql(settings.store_url, folder)
        for part in sorted(folder.iterdir()):
            archive.add(f"{STORE_DUMP}{part.name}", part)
    return {"store": kind, "revision": revision}


def _copy_tracking(archive: ArchiveWriter, settings: Settings, scratch: Path) -> dict[str, Any]:
    database = settings.mlruns / "mlflow.db"
    if settings.tracking_uri or not database.exists():
        return {"mlruns": None}
    copy = scratch / "mlflow.db"
    try:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{database} is damaged: {error}", hint="`weisu doctor` examines it") from error
    archive.add(TRACKING, copy)
    return {"mlruns": settings.mlruns.resolve().as_uri()}


def _copy_lake(archive: ArchiveWriter, settings: Settings) -> dict[str, Any]:
    lake = Lake.of(settings)
    if not lake.store.exists:
        return {"snapshot": None}
    with pinned(lake) as held:
        for name, (file, expected) in held.files.items():
            archive.add(f"{LAKE}{name}", file, expected=expected)
    return {"snapshot": held.version, "lake": str(lake.store.table().metadata().id)}


def _copy_artifacts(archive: ArchiveWriter, settings: Settings) -> None:
    if settings.tracking_uri:
        return
    for name, file in _tree(settings.mlruns / "artifacts"):
        archive.add(f"{ARTIFACTS}{name}", file)


def _copy_home(archive: ArchiveWriter, settings: Settings) -> dict[str, Any]:
    """Copy what else the home holds, and the files that the configuration names outside of it."""
    own_table = settings.rules.sensitive.table
    for part in (*KEPT_OF_HOME, *([own_table] if own_table else [])):
        place = settings.home / part
        for name, file in (
            [(part, place)] if place.is_file() else ((f"{part}/{one}", file) for one, file in _tree(place))
        ):
            archive.add(f"{HOME}{name}", file)
    incoming = settings.home / settings.schedule.incoming
    for mapping in sorted(incoming.glob("*/mapping.toml")):
        archive.add(f"{HOME}incoming/{mapping.parent.name}/mapping.toml", mapping)
    named = {}
    for key in NAMED_FILES:
        found = named_file(settings, key)
        if found is not None and found.is_file():
            archive.add(f"{NAMED}{key}", found)
            named[key] = str(found)
    return {"named": named}


def named_file(settings: Settings, key: str) -> Path | None:
    """Return the file that a key of the configuration names, None where it names none."""
    section, name = key.split(".")
    found: Path | None = getattr(getattr(settings, section), name)
    return found


def _tree(folder: Path) -> Iterator[tuple[str, Path]]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(".part"))
    yield from ((str(file.relative_to(folder)), file) for file in files)


def _secrets(loaded: LoadedSettings, key: bytes | None, archive: ArchiveWriter) -> bytes:
    """Return what is sealed; the checksums of all other members too, so that nobody can exchange one."""
    settings = loaded.settings
    files = {CONFIG: loaded.path.read_bytes()} if loaded.path is not None else {}
    files |= {name: (settings.home / name).read_bytes() for name in SECRETS_OF_HOME if (settings.home / name).exists()}
    document = {
        "hmac_key": None if key is None else key.decode(),
        "files": {name: base64.b64encode(content).decode() for name, content in files.items()},
        "members": {name: member["sha256"] for name, member in archive.members.items()},
    }
    return json.dumps(document).encode()


def _left_out(settings: Settings, *, keys: bool) -> Iterator[str]:
    if not keys:
        yield "keys and configuration: without the key of the caller hash nobody can be recognised again"
    if settings.tracking_uri:
        yield f"models: they are kept by the MLflow server {host_of(settings.tracking_uri)}"
    waiting = settings.home / settings.schedule.incoming
    if waiting.is_dir() and any(file.is_file() and file.name != "mapping.toml" for file in waiting.glob("*/*")):
        yield f"files that wait in {waiting}: they are not masked yet"
    yield f"the list of erasures, {settings.erasure_list}: keep a copy of it apart from home and backups"


def host_of(address: str) -> str:
    """Return an address without who logs in there."""
    return address.rpartition("@")[2]


def room_for(place: Path, size: int) -> None:
    """Refuse to fill a disk.

    Raises:
        BackupError: There is not enough room.
    """
    free = shutil.disk_usage(next(folder for folder in (place, *place.parents) if folder.exists())).free
    if free < size:
        raise BackupError(
            f"{size / 1024**2:,.0f} MiB are needed at {place}, and {free / 1024**2:,.0f} are free",
            hint="make room first",
        )
