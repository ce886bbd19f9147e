"""Compare the load log with the commits of the tickets: neither is believed for what the other must hold as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from features.lake.duck import duck, parquet
from features.lake.loads import Loaded, holds
from features.one_writer import writer_lock

if TYPE_CHECKING:
    from features.lake.lake import Lake

_log = structlog.get_logger(__name__)

_LOADS: Final = "load_id, snapshot, file, read, kept, updated, unchanged, quarantined, repeated"


@dataclass(frozen=True)
class LostLoad:
    """A load of which one of the two logs does not know: its name, and whether it is the tickets that are gone."""

    name: str
    tickets: bool


def mend(lake: Lake) -> None:
    """Set broken newest commits aside, so that the lake can be written again; what they held stays lost until it comes.

    Empty commits take the place of lost ones: a version that somebody has seen never names other rows.
    """
    if not any(store.log.is_dir() for store in lake.stores) or (not _broken(lake) and _promised(lake) <= lake.version):
        return
    with writer_lock(lake.path):
        for broken in _broken(lake):
            _log.warning("broken commit set aside", commit=str(broken))
            broken.rename(broken.with_name(f"{broken.name}.broken"))
        promised = _promised(lake)
        while lake.version < promised:
            lake.store.append([], note={"lost": lake.version + 1})


def _broken(lake: Lake) -> list[Path]:
    found = (store.broken_commit() for store in lake.stores if store.log.is_dir())
    return [commit for commit in found if commit is not None]


def _promised(lake: Lake) -> int:
    """Return the newest version of the ticket table of which the load log speaks."""
    with duck(threads=1) as connection:
        query = f"SELECT coalesce(max(snapshot), 0) FROM {lake.loads_store.scan()}"
        return int(connection.execute(query).fetchall()[0][0])


def unsound(lake: Lake) -> list[str]:
    """Return what is lost, in words that say what to do.

    Raises:
        LakeError: A commit is half written, so that a table cannot be read at all.
    """
    found = [f"newest commit is empty, hand in again what was loaded last: {commit}" for commit in _broken(lake)]
    for load in lost_loads(lake):
        lost = "tickets of a load are lost" if load.tickets else "load is missing in the load log"
        found.append(f"{lost}, hand it in again: {load.name}")
    return found


def lost_loads(lake: Lake) -> list[LostLoad]:
    """Return the loads that only one of the two logs knows, and that were not loaded again since."""
    with duck(threads=1) as connection:
        scan = lake.loads_store.scan()
        logged = connection.execute(f"SELECT {_LOADS}, source, digest FROM {scan} ORDER BY snapshot").fetchall()
    entries = [_Logged(Loaded(*row[:9]), *row[9:]) for row in logged]
    sound = [entry for entry in entries if holds(lake.store, entry.load)]
    gone = [entry for entry in entries if entry not in sound]
    lost = [LostLoad(entry.load.name, tickets=True) for entry in gone if not _came_again(lake, entry, sound)]
    known = {entry.load.load_id for entry in entries}
    unlogged = [LostLoad(name, tickets=False) for name in _unlogged(lake, known, entries)]
    return lost + unlogged


@dataclass(frozen=True)
class _Logged:
    load: Loaded
    source: str
    digest: str

    def is_again(self, *, source: str, digest: str, name: str) -> bool:
        """Return whether this load read what another one had read: the same bytes, or the same place."""
        return self.source == source and (self.digest == digest if digest else self.load.name == name)


def _came_again(lake: Lake, lost: _Logged, sound: list[_Logged]) -> bool:
    """Return whether what a lost commit held came again: the same bytes or place, or each of its tickets."""
    later = (entry for entry in sound if entry.load.snapshot >= lost.load.snapshot)
    if any(entry.is_again(source=lost.source, digest=lost.digest, name=lost.load.name) for entry in later):
        return True
    file = lake.store.path / f"{lost.load.load_id}.parquet"
    return file.exists() and _rows_are_there(lake, file)


def _rows_are_there(lake: Lake, file: Path) -> bool:
    """Return whether the lake says of each ticket what a file says, or knows something newer, or had to forget it."""
    with duck() as connection:
        missing = connection.execute(
            f"""SELECT count(*) FROM {parquet(file)} lost ANTI JOIN {lake.store.scan()} known ON lost.key = known.key
            AND (lost.content_hash = known.content_hash OR lost.known_at <= known.known_at)
            WHERE lost.key NOT IN (SELECT key FROM {lake.erasures_store.scan()} WHERE key IS NOT NULL)"""
        )
        return not missing.fetchall()[0][0]


def _unlogged(lake: Lake, known: set[str], entries: list[_Logged]) -> Iterator[str]:
    """Yield the names of loads whose tickets are there and of which the load log says nothing, then or later."""
    for commit in lake.store.table().history():
        note = json.loads(commit.get("weisu") or "{}")
        if "load" not in note or note["load"] in known:
            continue
        again = {"source": note["source"], "digest": note.get("digest", ""), "name": note["file"]}
        later = (entry for entry in entries if entry.load.snapshot >= commit["version"])
        if not any(entry.is_again(**again) for entry in later):
            yield note["file"]
