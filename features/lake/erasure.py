"""Legal erasure and retention: remove tickets from history, quarantine and every old file, and say so.

What stays is an audit row with the ticket's key (a hash), so that an old export loaded again does not bring the ticket
back. Snapshots whose files held an erased ticket cannot be read any more; `DeltaStore.scan` says which and why.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from features.lake.engine import duck, instant, literal, literals
from features.lake.errors import LakeInputError
from features.lake.schema import ERASURES
from features.lake.storage import writer_lock

if TYPE_CHECKING:
    from features.lake.lake import Lake


@dataclass(frozen=True)
class ErasureResult:
    """What was removed.

    Attributes:
        tickets: Tickets erased.
        versions: Versions of them.
        quarantined: Rows removed from quarantine.
        files: Old data files deleted from disk because they held one of them.
        snapshot: First version of the lake without them.
        lost: Snapshots that cannot be replayed exactly any more.
    """

    tickets: int
    versions: int
    quarantined: int
    files: int
    snapshot: int
    lost: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON document."""
        return {"schema_version": 1, **asdict(self), "lost": list(self.lost)}


def erase(
    lake: Lake,
    *,
    source: str,
    ids: Sequence[str] = (),
    callers: Sequence[str] = (),
    opened_before: datetime | None = None,
    by: str,
    reason: str,
    now: datetime,
) -> ErasureResult:
    """Erase tickets: those with one of the ids, those of a caller, or those older than a retention period.

    Args:
        lake: The lake.
        source: Their source.
        ids: Ticket ids.
        callers: Caller hashes, under the present and retired keys (`CallerHasher.hashes_of`).
        opened_before: Aware moment: everything opened before it, and what was refused before it.
        by: Who asked.
        reason: Why.
        now: The present.

    Raises:
        LakeInputError: Nothing was named.
    """
    if not ids and not callers and opened_before is None:
        raise LakeInputError("nothing to erase was named", hint="give ticket ids, a caller or an age")
    conditions = [f"ticket_id IN {literals(ids)}"] if ids else []
    conditions += [f"caller IN {literals(callers)}"] if callers else []
    aged = [f"opened_at < {instant(opened_before)}"] if opened_before else []
    where = f"source = {literal(source)} AND ({' OR '.join([*conditions, *aged])})"
    with writer_lock(lake.path), duck() as connection:
        everything = _files(lake.store.path)
        keys, versions = _matching(connection, everything, where)
        refused = [*conditions, *([f"quarantined_at < {instant(opened_before)}"] if opened_before else [])]
        quarantined = _erase_quarantine(connection, lake, f"source = {literal(source)} AND ({' OR '.join(refused)})")
        if keys:
            _delete_rows(lake, keys)
        snapshot = lake.version
        files = _delete_old_files(connection, lake, keys) if keys else 0
        _audit(lake, keys, source=source, by=by, reason=reason, now=now, versions=versions, snapshot=snapshot)
    return ErasureResult(len(keys), versions, quarantined, files, snapshot, lake.store.lost_versions() if files else ())


def _files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.glob("*.parquet"))


def _matching(connection: Any, files: list[str], where: str) -> tuple[list[int], int]:
    """Return the keys of the tickets any version of which matches, in any file, old ones included."""
    if not files:
        return [], 0
    scan = f"read_parquet({literals(files)}, union_by_name = true)"
    rows = connection.execute(f"""
        SELECT key, count(DISTINCT (content_hash, known_at)) FROM {scan}
        WHERE key IN (SELECT key FROM {scan} WHERE {where}) GROUP BY key ORDER BY key
    """).fetchall()
    return [key for key, _ in rows], sum(count for _, count in rows)


def _delete_rows(lake: Lake, keys: list[int]) -> None:
    lake.store.table().delete(f"key IN ({', '.join(map(str, keys))})")


def _delete_old_files(connection: Any, lake: Lake, keys: list[int]) -> int:
    """Delete every file outside the present version that holds one of the keys."""
    present = {Path(uri.removeprefix("file://")).name for uri in lake.store.table().file_uris()}
    connection.register("erased_keys", pa.table({"key": pa.array(keys, pa.int64())}))
    deleted = 0
    for path in map(Path, _files(lake.store.path)):
        if path.name in present:
            continue
        query = f"SELECT count(*) FROM read_parquet({literal(str(path))}) SEMI JOIN erased_keys USING (key)"
        if connection.execute(query).fetchall()[0][0]:
            path.unlink()
            deleted += 1
    return deleted


def _erase_quarantine(connection: Any, lake: Lake, where: str) -> int:
    """Delete matching rows of the quarantine and all its old files: nobody replays a quarantine.

    The log of the table keeps the condition of a deletion, so it names loads and rows, never a person.
    """
    store = lake.quarantine_store
    rows = connection.execute(
        f'SELECT load_id, list("row") FROM {store.scan()} WHERE {where} GROUP BY load_id'
    ).fetchall()
    if not rows:
        return 0
    named = (f'(load_id = {literal(load)} AND "row" IN ({", ".join(map(str, numbers))}))' for load, numbers in rows)
    deleted = int(store.table().delete(" OR ".join(named))["num_deleted_rows"])
    store.vacuum(keep=())
    return deleted


def _audit(
    lake: Lake,
    keys: list[int],
    *,
    source: str,
    by: str,
    reason: str,
    now: datetime,
    versions: int,
    snapshot: int,
) -> None:
    erasure_id = uuid.uuid4().hex
    recorded: list[int | None] = [*keys] or [None]
    rows = [
        {
            "erasure_id": erasure_id,
            "erased_at": now,
            "source": source,
            "key": key,
            "by": by,
            "reason": reason,
            "versions": versions,
            "snapshot": snapshot,
        }
        for key in recorded
    ]
    lake.erasures_store.append_rows(
        pa.Table.from_pylist(rows, schema=ERASURES), name=erasure_id, note={"erased": len(keys)}
    )
