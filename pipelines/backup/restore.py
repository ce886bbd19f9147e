"""`weisu restore`: check a backup as a whole, stage it, erase again what was erased since, then put it in place."""

from __future__ import annotations

import base64
import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from features.clock import Clock
from features.durable import write_whole
from features.foreign_paths import sqlite_file
from features.lake.erasure_list import ErasureList
from features.settings import CONFIG_FILE, LoadedSettings, Settings, load_configuration
from pipelines.backup import take
from pipelines.backup.archive import Archive, open_archive
from pipelines.backup.sealed import unseal
from pipelines.backup.staging import RestorePlan, Secrets, clear, forget_again, stage
from pipelines.backup.swap import commit
from pipelines.errors import BackupError, BackupInputError


@dataclass(frozen=True)
class RestoreWanted:
    """What was asked of a restore.

    Attributes:
        passphrase: Opens keys and configuration; None without them.
        without_keys: Go on without the keys that the backup holds.
        erasures: A copy of the list of erasures, where it is not at its place.
        without_erasures: Go on although nobody knows who was erased since the backup.
        replace: Take the place of what is there.
        dry_run: Only check, and say what would be done.
    """

    passphrase: str | None = None
    without_keys: bool = False
    erasures: Path | None = None
    without_erasures: bool = False
    replace: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class RestoreSummary:
    """What came back.

    Attributes:
        id: Name of the backup.
        made_at: When it was made.
        home: Where the installation is now.
        snapshot: Version of the lake after the erasures.
        erased: Tickets that were erased again, by the list.
        retired: Tickets that were erased because of their age.
        keys: Whether the keys came back.
        config: File that the configuration was written to; '' where one was there.
        former: Where the state of before lies; empty where there was none.
        warnings: What the operator has to know.
        done: False for a dry run.
    """

    id: str
    made_at: str
    home: str
    snapshot: int | None = None
    erased: int = 0
    retired: int = 0
    keys: bool = False
    config: str = ""
    former: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    done: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON document."""
        return {"schema_version": 1, **asdict(self)}


def restore_backup(
    loaded: LoadedSettings, file: Path, clock: Clock, wanted: RestoreWanted, *, home: Path | None
) -> RestoreSummary:
    """Bring an installation back from a backup.

    Args:
        loaded: The configuration in force here; where there is no file, the backup's is taken and written.
        file: The backup.
        clock: The present: retention is kept by it.
        wanted: What was asked for.
        home: The `--home` of the command.

    Raises:
        BackupError: The backup is damaged or newer, or its list of erasures is missing.
        BackupInputError: Something is there already, or a passphrase, key or database is not the right one.
    """
    with open_archive(file) as archive:
        archive.verify()
        secrets = _opened(archive, wanted)
        settings, config = _settings(loaded, secrets, home)
        _refuse_misfit(archive, settings, secrets, wanted)
        former = _former(archive, settings, wanted)
        listed, is_known = _list(archive, settings, wanted)
        plan = RestorePlan(settings, archive, secrets, listed, config)
        summary = RestoreSummary(
            id=archive.manifest["id"],
            made_at=archive.manifest["made_at"],
            home=str(settings.home.resolve()),
            keys=secrets is not None,
            warnings=tuple(_warnings(archive, settings, plan, is_known=is_known)),
        )
        if wanted.dry_run:
            return replace(summary, done=False, former=tuple(former))
        with _alone(settings, present=bool(former)):
            return _carry_out(plan, summary, clock)


def is_sealed(file: Path) -> bool:
    """Tell whether a backup holds keys under a passphrase; errors as for `restore_backup`."""
    with open_archive(file) as archive:
        return take.SEALED in archive.names


def _carry_out(plan: RestorePlan, summary: RestoreSummary, clock: Clock) -> RestoreSummary:
    from serve.store.copying import load_postgresql

    settings, ending = plan.settings, f".before-{clock.now():%Y%m%dT%H%M%S}"
    take.room_for(plan.staging, 2 * plan.archive.size)
    _keep_list(settings, plan.listed)
    clear(plan)
    stage(plan)
    forgotten = forget_again(plan, clock)
    config = ""
    if plan.config is not None and plan.secrets is not None:
        write_whole(plan.config, plan.secrets.files[take.CONFIG], mode=0o600)
        config = str(plan.config)
    swaps = plan.swaps()
    former = tuple(f"{swap.place}{ending}" for swap in swaps if swap.place.exists())
    dump = plan.staging / "dump"
    database = {"folder": str(dump), "revision": plan.archive.manifest["revision"]} if dump.exists() else None
    if database is not None:
        # What cannot be loaded must be known before the restore counts.
        load_postgresql(settings.store_url, dump, revision=database["revision"], replace=True, only_try=True)
    commit(settings, swaps, before=ending, database=database)
    return replace(
        summary,
        snapshot=forgotten.snapshot,
        erased=forgotten.erased,
        retired=forgotten.retired,
        config=config,
        former=former,
        warnings=(*summary.warnings, *forgotten.damage),
    )


# What has to be right before anything is written.


def _opened(archive: Archive, wanted: RestoreWanted) -> Secrets | None:
    if take.SEALED not in archive.names or wanted.without_keys:
        return None
    if wanted.passphrase is None:
        raise BackupInputError(
            "keys and configuration of this backup are under a passphrase",
            hint="give it with --passphrase-file or WEISU_BACKUP_PASSPHRASE; or go on with --without-keys",
        )
    document = json.loads(unseal(archive.read(take.SEALED), wanted.passphrase))
    members = {name: member["sha256"] for name, member in archive.manifest["members"].items() if name != take.SEALED}
    if members != document["members"]:
        raise BackupError("the backup was changed after it was made; nothing was written", hint="use another backup")
    files = {name: base64.b64decode(content) for name, content in document["files"].items()}
    return Secrets(document["hmac_key"], files)


def _settings(loaded: LoadedSettings, secrets: Secrets | None, home: Path | None) -> tuple[Settings, Path | None]:
    """Return the configuration in force, and where to write the backup's if that is the one."""
    if loaded.path is not None or secrets is None or take.CONFIG not in secrets.files:
        return loaded.settings, None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, CONFIG_FILE)
        file.write_bytes(secrets.files[take.CONFIG])
        return load_configuration(config=file, home=home).settings, Path(CONFIG_FILE).resolve()


def _refuse_misfit(archive: Archive, settings: Settings, secrets: Secrets | None, wanted: RestoreWanted) -> None:
    from serve.store.copying import kind_of
    from serve.store.migrations import HEAD, is_known

    manifest = archive.manifest
    if not is_known(manifest["revision"]):
        raise BackupError(
            f"the backup holds a store of a newer release (revision {manifest['revision']}; this one knows {HEAD})",
            hint="restore it with the release that made it",
        )
    kind = kind_of(settings.store_url)
    if manifest["store"] not in (None, kind):
        raise BackupInputError(
            f"the backup holds a store on {manifest['store']}, and database_url names one on {kind}",
            hint="set database_url to an empty database of the same kind",
        )
    configured = settings.hmac_key.get_secret_value()
    own = secrets.hmac_key if secrets is not None else None
    if own is not None and configured not in ("", own):
        raise BackupInputError(
            "hmac_key (WEISU_HMAC_KEY) is not the key of this backup: everybody would become a stranger",
            hint="set the key of the installation that was backed up, or unset it",
        )
    if own is not None and not configured and not _is_kept(own):
        raise BackupInputError(
            "the key of this backup was configured by its operator, and here none is",
            hint="set hmac_key (WEISU_HMAC_KEY) to the one of the installation that was backed up",
        )
    if wanted.without_keys and not configured and not settings.key_file.exists() and manifest["snapshot"]:
        raise BackupInputError(
            "without keys nothing can go on: there is no hmac_key here",
            hint="set hmac_key (WEISU_HMAC_KEY) to the one of the installation that was backed up",
        )


def _is_kept(key: str) -> bool:
    return len(key) == 64 and set(key) <= set("0123456789abcdef")  # noqa: PLR2004 - the length of a key of ours


def _former(archive: Archive, settings: Settings, wanted: RestoreWanted) -> list[str]:
    """Return what is there already, and refuse it unless it may be replaced."""
    from serve.store.copying import POSTGRESQL, holds_rows, kind_of

    places = [settings.home, Path(settings.lake_path)]
    places += [settings.mlruns / "mlflow.db"] if archive.manifest["mlruns"] is not None else []
    file = sqlite_file(settings.store_url)
    places += [file] if file is not None else []
    found = [str(place) for place in places if place.is_file() or (place.is_dir() and any(place.iterdir()))]
    if archive.manifest["store"] == POSTGRESQL == kind_of(settings.store_url) and holds_rows(settings.store_url):
        found.append("the database")
    if found and not wanted.replace:
        raise BackupInputError(
            f"{', '.join(found)}: there is something already",
            hint="restore into an empty --home; --replace keeps what is there beside it, under another name",
        )
    return found


def _list(archive: Archive, settings: Settings, wanted: RestoreWanted) -> tuple[ErasureList, bool]:
    """Return the list of erasures, and whether it knows this backup.

    Raises:
        BackupError: It does not, and nobody said that it may be missing.
    """
    place = wanted.erasures or settings.erasure_list
    found, backup = ErasureList(place), archive.manifest["id"]
    is_known = any(noted.id == backup for noted in found.backups())
    if is_known or wanted.without_erasures:
        return found, is_known
    there = f"{place} does not know this backup" if found.exists() else f"there is no list of erasures at {place}"
    raise BackupError(
        f"{there}: whoever was erased since {archive.manifest['made_at'][:16]} would come back",
        hint=f"name a copy of it with --erasures FILE (it was {archive.manifest['erasure_list']}); "
        "only where it is lost for good: --without-erasures",
    )


def _keep_list(settings: Settings, listed: ErasureList) -> None:
    """Write into the list at its place what only the given copy knows."""
    own = ErasureList(settings.erasure_list)
    for entry in listed.missing_from(own):
        own.append(entry)


def _warnings(archive: Archive, settings: Settings, plan: RestorePlan, *, is_known: bool) -> list[str]:
    said = []
    if not is_known:
        said.append(f"nobody knows who was erased since {archive.manifest['made_at'][:16]}: they are back")
    if plan.secrets is None:
        said.append("keys and configuration were not restored")
    if settings.tracking_uri and archive.manifest["mlruns"] is not None:
        said.append(f"models are kept at {take.host_of(settings.tracking_uri)}; those of the backup were left in it")
    return said


class _alone:  # noqa: N801 - used as a function
    """Hold the scheduler's lock of an installation that is replaced, so that nobody works on it meanwhile."""

    def __init__(self, settings: Settings, *, present: bool) -> None:
        self._path = settings.home / "scheduler.lock"
        self._handle: Any = None
        self._present = present

    def __enter__(self) -> None:
        import fcntl

        if not self._present or not self._path.parent.is_dir():
            return
        self._handle = self._path.open("a")
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError(
                f"a scheduler works on {self._path.parent}", hint="stop `weisu schedule run` and `weisu serve` first"
            ) from error

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.close()
