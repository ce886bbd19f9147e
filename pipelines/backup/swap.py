"""Put what was staged in place, so that a crash leaves either the state before or the restored one.

Everything is staged beside its place first. Writing the journal is the moment at which the restore counts: what a crash
cuts off after it is finished by the next command, before that command reads anything.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from features.durable import sync, write_whole
from features.settings import Settings

_JOURNAL: Final = "restore.json"
_STAGING: Final = ".restoring"


@dataclass(frozen=True)
class Swap:
    """A staged file or folder, and its place."""

    staged: Path
    place: Path


def staging_of(settings: Settings) -> Path:
    """Return the folder beside the home in which a restore is prepared."""
    home = settings.home.resolve()
    return home.with_name(f"{home.name}{_STAGING}")


def beside(place: Path) -> Path:
    """Return where something is staged whose place is not in the home: on the same disk, so that it can be renamed."""
    return place.with_name(f"{place.name}{_STAGING}")


def commit(settings: Settings, swaps: Sequence[Swap], *, before: str, database: dict[str, Any] | None) -> None:
    """Let the restore count, and put everything in its place.

    Args:
        settings: The installation.
        swaps: What is put where.
        before: Ending of the names under which the former state is kept.
        database: What to load into PostgreSQL, if anything: `folder`, `revision`, `replace`.
    """
    document = {
        "before": before,
        "swaps": [{"staged": str(one.staged), "place": str(one.place)} for one in swaps],
        "database": database,
    }
    write_whole(staging_of(settings) / _JOURNAL, json.dumps(document).encode())
    finish(settings)


def is_cut_off(settings: Settings) -> bool:
    """Tell whether a restore counts already and is not in its place yet."""
    return (staging_of(settings) / _JOURNAL).exists()


def finish(settings: Settings) -> None:
    """Put in its place what a restore that counts has staged; done again, it goes on where it was.

    Raises:
        StoreError: The database cannot be reached.
    """
    staging = staging_of(settings)
    with (staging / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            document = json.loads((staging / _JOURNAL).read_text(encoding="utf-8"))
        except FileNotFoundError:
            # Somebody else was faster.
            return
        if document["database"] is not None:
            _load(settings, document["database"])
        for swap in document["swaps"]:
            _put(Path(swap["staged"]), Path(swap["place"]), document["before"])
        (staging / _JOURNAL).unlink()
        sync([staging])
    shutil.rmtree(staging, ignore_errors=True)


def _put(staged: Path, place: Path, before: str) -> None:
    if not staged.exists():
        return
    if place.exists():
        place.rename(place.with_name(f"{place.name}{before}"))
    place.parent.mkdir(parents=True, exist_ok=True)
    staged.rename(place)
    sync([place.parent, staged.parent])


def _load(settings: Settings, database: dict[str, Any]) -> None:
    from serve.store.copying import load_postgresql

    folder = Path(database["folder"])
    if folder.exists():
        load_postgresql(settings.store_url, folder, revision=database["revision"], replace=True)
        # Its tables are in place: a crash from here on must not put them there again.
        folder.rename(folder.with_name("loaded"))
