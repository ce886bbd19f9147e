"""Keeping the lake in shape: its history, its small files, its unused ones, and whether it is sound."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from features.clock import SKEW
from features.errors import LakeError
from features.lake.duck import duck, instant
from features.lake.inspection import damaged_files, is_readable
from features.lake.ledger import unsound
from features.lake.storage import RESTORE
from features.one_writer import writer_lock

if TYPE_CHECKING:
    from features.lake.lake import Lake
    from features.lake.storage import DeltaStore

_AGAIN: Final = "hand in again what is named: `weisu ingest FILE`, or the API"


@dataclass(frozen=True)
class LakeDamage:
    """One thing that is wrong with the lake: what, how many, and what to do about it."""

    what: str
    count: int
    hint: str = ""


def history(lake: Lake) -> list[dict[str, Any]]:
    """Return the versions of the ticket table, newest first: version, at, operation, and what the writer noted."""
    entries = []
    for entry in lake.store.table().history():
        note = json.loads(entry.get("weisu") or "{}")
        moment = datetime.fromtimestamp(entry["timestamp"] / 1000, UTC).isoformat()
        operation = entry["operation"].lower()
        entries.append({"version": entry.get("version"), "at": moment, "operation": operation, **note})
    return entries


def optimize(lake: Lake) -> dict[str, int]:
    """Merge small files into large ones; nothing that is read changes. Returns files added and removed."""
    lake.sweep()
    with writer_lock(lake.path):
        added = removed = 0
        for store in lake.stores:
            metrics = store.compact()
            added += metrics["numFilesAdded"]
            removed += metrics["numFilesRemoved"]
            store.checksums.write(_without_checksum(store))
    return {"files_added": added, "files_removed": removed, "snapshot": lake.version}


def _without_checksum(store: DeltaStore) -> list[Path]:
    """Return the files of a release that wrote no checksums, as far as every value of them can be read."""
    files = [Path(file) for file in store.files()]
    unknown = set(store.checksums.unknown(file.name for file in files))
    return [file for file in files if file.name in unknown and is_readable(file)]


def vacuum(lake: Lake, *, retained: Collection[int], dry_run: bool = False) -> list[str]:
    """Delete files that neither the present version nor a retained one needs; returns them.

    Args:
        lake: The lake.
        retained: Versions that must stay readable: those that retained training runs name.
        dry_run: Only say which.

    Raises:
        LakeError: A retained version cannot be kept because it is damaged or newer than the lake.
    """
    if not dry_run:
        lake.sweep()
    with writer_lock(lake.path):
        lost = set(lake.store.lost_versions())
        _refuse_unknown(lake, set(retained) - lost)
        files = lake.store.vacuum(keep=sorted(set(retained) - lost), dry_run=dry_run)
        if not dry_run:
            for store in lake.stores[1:]:
                store.vacuum(keep=())
    return files


def _refuse_unknown(lake: Lake, versions: set[int]) -> None:
    newest = lake.version
    for version in sorted(versions):
        if version > newest:
            raise LakeError(
                f"a training run names version {version}, but the lake ends at {newest}",
                hint="is this the lake the run was trained on?",
            )
        lake.store.scan(version)


def check(lake: Lake, *, now: datetime) -> list[LakeDamage]:
    """Read the lake and look for what must never be in it; an empty list means it is sound.

    Raises:
        LakeError: The log of a table cannot be read.
    """
    damage = damaged_files(lake)
    found = [LakeDamage(str(one), max(len(one.files), 1), RESTORE) for one in damage]
    unreadable = {one.table for one in damage if one.what != "old"}
    if not unreadable & {"tickets", "erasures"}:
        found += _broken_rules(lake, now)
    if not unreadable & {"tickets", "loads"}:
        found += [LakeDamage(what, 1, _AGAIN) for what in unsound(lake)]
    return found


def _broken_rules(lake: Lake, now: datetime) -> list[LakeDamage]:
    scan = lake.store.scan()
    rules = {
        "versions stated twice at the same revision": f"""SELECT count(*) FROM (SELECT source, ticket_id, revision
            FROM {scan} WHERE key IN (SELECT key FROM {scan} GROUP BY key HAVING count(*) > 1)
            GROUP BY ALL HAVING count(*) > 1 AND max(revision) > 1)""",
        "tickets with several versions of which none is marked as a later one": f"""SELECT count(*) FROM (SELECT
            source, ticket_id FROM {scan} GROUP BY ALL HAVING count(*) > 1 AND max(revision) = 1)""",
        "versions without an id or a time": f"""SELECT count(*) FROM {scan}
            WHERE ticket_id IS NULL OR opened_at IS NULL OR known_at IS NULL""",
        "tickets opened in the future": f"SELECT count(*) FROM {scan} WHERE opened_at > {instant(now + SKEW)}",
        "erased tickets that came back": f"""SELECT count(*) FROM {scan}
            SEMI JOIN {lake.erasures_store.scan()} USING (key)""",
    }
    with duck() as connection:
        found = [LakeDamage(what, connection.execute(query).fetchall()[0][0]) for what, query in rules.items()]
    return [finding for finding in found if finding.count]
