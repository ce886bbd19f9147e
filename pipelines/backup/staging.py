"""Stage a backup beside its place: extracted, migrated, told where it lies now, and made to forget again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from features.clock import Clock
from features.durable import write_whole
from features.foreign_paths import sqlite_file, sqlite_url
from features.lake import Lake
from features.lake.caller_keys import refuse_unknown_key
from features.lake.erasure import erase_again
from features.lake.erasure_list import ErasureList
from features.lake.upkeep import check
from features.settings import Settings
from pipelines.backup import take
from pipelines.backup.archive import Archive
from pipelines.backup.swap import Swap, beside, staging_of
from pipelines.errors import BackupError
from pipelines.tracking.relocate import relocate

_DAMAGE_TOLD: Final = 5


@dataclass(frozen=True)
class Secrets:
    """What was sealed."""

    hmac_key: str | None
    files: dict[str, bytes]


@dataclass(frozen=True)
class RestorePlan:
    """Where everything goes."""

    settings: Settings
    archive: Archive
    secrets: Secrets | None
    listed: ErasureList
    config: Path | None

    @property
    def staging(self) -> Path:
        """The folder in which the restore is prepared."""
        return staging_of(self.settings)

    @property
    def home(self) -> Path:
        """Where the home is staged."""
        return self.staging / "home"

    @property
    def lake(self) -> Path:
        """Where the lake is staged: with the home, where it lies in it."""
        place, home = Path(self.settings.lake_path).resolve(), self.settings.home.resolve()
        return self.home / place.relative_to(home) if place.is_relative_to(home) else beside(place)

    @property
    def store(self) -> Path | None:
        """Where a SQLite store is staged."""
        file = sqlite_file(self.settings.store_url)
        if file is None:
            return None
        place, home = file.resolve(), self.settings.home.resolve()
        return self.home / place.relative_to(home) if place.is_relative_to(home) else beside(place)

    @property
    def mlruns(self) -> Path:
        """Where the models are staged."""
        return beside(self.settings.mlruns.resolve())

    def swaps(self) -> list[Swap]:
        """Return what is put where: the models first, the home, which names them, last."""
        found = [Swap(self.mlruns, self.settings.mlruns.resolve())]
        lake = Path(self.settings.lake_path).resolve()
        if self.lake == beside(lake):
            found.append(Swap(self.lake, lake))
        file = sqlite_file(self.settings.store_url)
        if file is not None and self.store == beside(file.resolve()):
            found.append(Swap(beside(file.resolve()), file.resolve()))
        found.append(Swap(self.home, self.settings.home.resolve()))
        return [swap for swap in found if swap.staged.exists()]


def clear(plan: RestorePlan) -> None:
    """Remove what an attempt of before left beside the places; it never counted."""
    for staged in (plan.staging, plan.mlruns, plan.lake, plan.store):
        if staged is not None and staged.is_dir():
            shutil.rmtree(staged)
        elif staged is not None:
            staged.unlink(missing_ok=True)


def stage(plan: RestorePlan) -> None:
    """Write every member to where it is staged, and let store and tracking store fit this release and this place.

    Raises:
        BackupError: A member is damaged, or points outside of the backup.
    """
    plan.home.mkdir(parents=True)
    for name in plan.archive.names:
        target = _target(plan, name)
        if target is not None:
            plan.archive.extract(name, target)
    _stage_secrets(plan)
    if plan.store is not None and plan.store.exists():
        _migrate(plan.store)
    _stage_tracking(plan)


def _stage_secrets(plan: RestorePlan) -> None:
    secrets = plan.secrets
    if secrets is None:
        return
    if secrets.hmac_key is not None and not plan.settings.hmac_key.get_secret_value():
        write_whole(plan.home / plan.settings.key_file.name, secrets.hmac_key.encode(), mode=0o600)
    for name in take.SECRETS_OF_HOME:
        if name in secrets.files:
            write_whole(plan.home / name, secrets.files[name], mode=0o600)


def _stage_tracking(plan: RestorePlan) -> None:
    if not plan.mlruns.exists():
        return
    for file in plan.settings.mlruns.glob("[!m]*.*"):
        # What somebody put beside the tracking store stays there.
        if file.is_file() and not (plan.mlruns / file.name).exists():
            shutil.copy2(file, plan.mlruns / file.name)
    here = plan.settings.mlruns.resolve().as_uri()
    relocate(plan.mlruns / "mlflow.db", old=plan.archive.manifest["mlruns"], new=here)


def _target(plan: RestorePlan, name: str) -> Path | None:
    """Return where a member is staged, None where it has no place here."""
    part, _, inner = name.partition("/")
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise BackupError(
            f"{name!r} in the backup points outside of it", hint="nothing was written; use another backup"
        )
    if part == "named":
        place = take.named_file(plan.settings, inner)
        # Not a part of the state: a file that is there is the operator's, and stays.
        return place if place is not None and not place.exists() else None
    if name == take.STORE_FILE:
        return plan.store
    roots = {"store": plan.staging, "lake": plan.lake, "home": plan.home}
    if not plan.settings.tracking_uri:
        roots["mlruns"] = plan.mlruns
    return roots[part] / inner if part in roots else None


def _migrate(file: Path) -> None:
    """Bring a staged store to this release's revision, and leave one file of it."""
    from serve.store import Store

    Store.open(sqlite_url(file)).close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for ending in ("-wal", "-shm"):
        file.with_name(f"{file.name}{ending}").unlink(missing_ok=True)


@dataclass(frozen=True)
class Forgotten:
    """What the staged lake forgot again.

    Attributes:
        snapshot: Its version afterwards; None where the backup holds no lake.
        erased: Tickets that were erased again, by the list.
        retired: Tickets that were erased because of their age.
        damage: What `check` finds in it.
    """

    snapshot: int | None = None
    erased: int = 0
    retired: int = 0
    damage: tuple[str, ...] = ()


def forget_again(plan: RestorePlan, clock: Clock) -> Forgotten:
    """Carry out the erasures since the backup, and today's retention, in the staged lake: before anybody reads it."""
    from pipelines.upkeep import keep_retention

    settings = plan.settings
    lake = Lake(str(plan.lake), timezone=settings.timezone, precedence=settings.taxonomy.precedence)
    if not lake.store.exists:
        return Forgotten()
    if plan.secrets is not None and plan.secrets.hmac_key is not None:
        refuse_unknown_key(lake, settings, plan.secrets.hmac_key.encode())
    entries = {one.id: one for one in (*plan.listed.erasures(), *ErasureList(settings.erasure_list).erasures())}
    results = erase_again(lake, sorted(entries.values(), key=lambda entry: entry.at))
    staged = settings.model_copy(update={"home": plan.home, "lake_folder": plan.lake, "mlruns": plan.mlruns})
    kept_apart = settings.privacy.model_copy(update={"erasure_list": settings.erasure_list})
    retired = keep_retention(staged.model_copy(update={"privacy": kept_apart}), clock).done["erased"]
    # The clock of this machine may be behind that of the backup.
    now = max(clock.now(), datetime.fromisoformat(plan.archive.manifest["made_at"]))
    return Forgotten(
        snapshot=lake.version,
        erased=sum(result.tickets for result in results),
        retired=sum(done["tickets"] for done in retired.values()),
        damage=tuple(f"{found.count:,} {found.what}" for found in check(lake, now=now)[:_DAMAGE_TOLD]),
    )
