"""Whether what the installation holds is whole: its key, its store, its lake, its models."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from features.clock import Clock
from features.foreign_paths import sqlite_file
from features.settings import Settings
from pipelines.doctor.findings import Found, Status
from pipelines.errors import NoChampionError, PipelineError

_OLD_BACKUP: Final = timedelta(days=8)
_RESTORE: Final = "bring it back from a backup: `weisu restore FILE`"


def _secret(settings: Settings, _clock: Clock) -> Found:
    from features.lake import Lake
    from features.lake.caller_keys import refuse_unknown_key
    from features.privacy import key_id_of

    key = settings.found_secret()
    if key is None:
        return Status.OK, "is made on first use", ""
    lake = Lake.of(settings)
    if lake.store.exists:
        refuse_unknown_key(lake, settings, key)
    if settings.hmac_key.get_secret_value():
        return Status.OK, f"key {key_id_of(key)}, configured", ""
    path = settings.key_file
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        return Status.WARN, f"{path} can be read by others (mode {mode:o})", f"chmod 600 {path}"
    return Status.OK, f"key {key_id_of(key)} in {path}: without it callers cannot be recognised again", ""


def _store(settings: Settings, _clock: Clock) -> Found:
    from serve.store.engine import normalise_url, shown_url
    from serve.store.inspection import inspect_store
    from serve.store.migrations import HEAD, is_known

    url = normalise_url(settings.store_url)
    shown = shown_url(url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        if settings.database_url or not (settings.home / "last-round.json").exists():
            return Status.WARN, f"{shown} is not there yet", "the first command that needs it makes it"
        return Status.FAIL, f"{shown} is gone, and the scheduler has worked with it", _RESTORE
    revision, faults = inspect_store(settings.store_url)
    if faults:
        return Status.FAIL, f"{shown}: {'; '.join(faults)}", _RESTORE
    if not is_known(revision):
        return (
            Status.FAIL,
            f"{shown} was made by a newer release (revision {revision}; this program knows up to {HEAD})",
            "install that release again, or bring back the backup made before the upgrade: `weisu restore FILE`",
        )
    if revision != HEAD:
        wanted = f"is at revision {revision or 'none'}, this release needs {HEAD}"
        return Status.WARN, f"{shown} {wanted}", "the next command migrates it; `weisu backup FILE` first"
    return Status.OK, f"{shown} at revision {revision}, read as a whole", ""


def _lake(settings: Settings, clock: Clock) -> Found:
    from features.lake import Lake
    from features.lake.upkeep import check

    lake = Lake.of(settings)
    if not lake.store.exists:
        return _no_lake(settings)
    damage = check(lake, now=clock.now())
    if damage:
        more = f", and {len(damage) - 1} more" if len(damage) > 1 else ""
        first = damage[0]
        hint = f"`weisu lake check` lists it all; {first.hint}" if first.hint else "`weisu lake check` lists it all"
        return Status.FAIL, f"version {lake.version}: {first.count:,} {first.what}{more}", hint
    return Status.OK, f"version {lake.version}, every file read and compared with its checksum", ""


def _no_lake(settings: Settings) -> Found:
    if _in_service(settings):
        return (
            Status.FAIL,
            f"there is no lake at {settings.lake_path}, and models of it are in service",
            f"put it back, or set lake_folder; {_RESTORE}",
        )
    return Status.WARN, f"{settings.lake_path} is empty", "`weisu ingest FILE --mapping NAME`, or `weisu demo`"


def _mlflow(settings: Settings, _clock: Clock) -> Found:
    file = sqlite_file(settings.mlflow_uri)
    if file is not None and (not file.exists() or not file.stat().st_size):
        said = f"{settings.mlflow_uri} is {'empty' if file.exists() else 'not there yet'}"
        if file.exists() or _in_service(settings):
            return Status.FAIL, said, f"{_RESTORE}, or move it away and `weisu train`"
        return Status.WARN, said, "`weisu train` makes it"
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    from pipelines.tracking.mlflow_setup import mlflow_for

    models = mlflow_for(settings).MlflowClient().search_registered_models()
    named = ", ".join(sorted(model.name for model in models))
    return Status.OK, f"{settings.mlflow_uri}: {named or 'no model yet'}", ""


def _models(settings: Settings, _clock: Clock) -> Found:
    """Read the files of every champion: what issues the numbers must be what was registered."""
    from pipelines.tracking import Registry
    from pipelines.tracking.registry import DEMAND, HOTSPOT

    file, serving = sqlite_file(settings.mlflow_uri), _in_service(settings)
    if file is not None and (not file.exists() or not file.stat().st_size) and not serving:
        return Status.OK, "none yet", ""
    registry, read = Registry.open(settings), []
    for name in (DEMAND, HOTSPOT):
        try:
            champion = registry.champion(name)
        except NoChampionError as error:
            if type(error) is not NoChampionError:
                raise
            if name in serving:
                known = f"{name} version {serving[name]} is in service, and the tracking store knows no champion"
                return Status.FAIL, known, f"{_RESTORE}, or `weisu train`"
            continue
        registry.bundle(champion)
        read.append(f"{name} {champion.version}")
    return Status.OK, f"files of {', '.join(read)} are what was registered" if read else "none yet", ""


def _backups(settings: Settings, clock: Clock) -> Found:
    """Read the list of erasures, in which every backup is noted: a damaged list lets erased people come back."""
    from features.knowledge import holds_tickets
    from features.lake.erasure_list import ErasureList
    from features.origin import origin_of

    listed = ErasureList(settings.erasure_list)
    erasures, backups = listed.erasures(), listed.backups()
    said = f"{len(erasures):,} erasures in {listed.path}"
    if not backups:
        if not holds_tickets(settings) or origin_of(settings).simulated:
            return Status.OK, f"no backup yet; {said}", ""
        return Status.WARN, f"no backup yet; {said}", "`weisu backup FILE`, on another disk"
    age = clock.now() - backups[-1].at
    newest = f"last backup {backups[-1].file}, {age.days} days ago; {said}"
    if age > _OLD_BACKUP:
        return Status.WARN, newest, "`weisu backup FILE`, on another disk"
    return Status.OK, newest, ""


def _in_service(settings: Settings) -> dict[str, str]:
    """Return the versions of models that the store says are in service, by name; nothing where it cannot be asked."""
    from serve.errors import StoreError
    from serve.registry import current_models
    from serve.store import Store

    try:
        if not store_is_current(settings):
            return {}
        store = Store.open(settings.store_url)
    except (StoreError, PipelineError):
        return {}
    try:
        with store.reading() as session:
            return {model.name: model.version for model in current_models(session)}
    except StoreError:
        return {}
    finally:
        store.close()


def store_is_current(settings: Settings) -> bool:
    """Tell whether the store is there and at this release's revision, without making or migrating it."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    from serve.store.engine import normalise_url
    from serve.store.migrations import HEAD, current_revision

    url = normalise_url(settings.store_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return False
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return current_revision(connection) == HEAD
    except SQLAlchemyError:
        # What is wrong with it is said by the check of the store.
        return False
    finally:
        engine.dispose()


def _stray_runs(settings: Settings, _clock: Clock) -> Found:
    """Look for the old file store: MLflow would take the folder for one and refuse it."""
    stray = sorted(path.parent for path in settings.mlruns.glob("*/meta.yaml") if path.parent.name.isdigit())
    if stray:
        return (
            Status.FAIL,
            f"{stray[0]} is left from a file store of MLflow ({len(stray)} in all)",
            f"move it out of {settings.mlruns}",
        )
    return Status.OK, f"{settings.mlruns} holds no old file store", ""


CHECKS: Final[dict[str, Any]] = {
    "secret key": _secret,
    "store": _store,
    "lake": _lake,
    "mlflow": _mlflow,
    "models": _models,
    "stray runs": _stray_runs,
    "backups": _backups,
}
"""The checks of what is held, by name."""
