"""Rows that named a time in the future: they wait, masked like every ticket, and come in when their time has come.

Of one ticket the newest statement counts: a row that waits is dropped when its ticket is told again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from features.lake.duck import duck, instant, literal
from features.lake.schema import AHEAD, WAITING
from features.lake.staged import StagedBatch
from features.lake.storage import DeltaStore

_KEYS_AT_ONCE: Final = 5_000
_WAITS: Final = f"due_at IS NOT NULL AND ends_with(problem, {literal(AHEAD)})"


def hold(store: DeltaStore, connection: Any, batch: StagedBatch, erased: str) -> None:
    """Keep the rows of a batch that are ahead of the present, unless they wait already; part of an upsert.

    Args:
        store: The rows that wait.
        connection: Has the view `staged`; gets the table `ahead(key, content_hash, row)`.
        batch: The batch.
        erased: Keys of tickets that were erased and must not come back, as SQL.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE ahead (key BIGINT, content_hash BIGINT, row BIGINT)")
    if not connection.execute(f"SELECT 1 FROM staged WHERE {_WAITS} LIMIT 1").fetchall():
        return
    connection.execute(f"""INSERT INTO ahead SELECT key, content_hash, file_row_number
        FROM (SELECT key, content_hash, file_row_number, problem FROM staged
            SEMI JOIN (SELECT key FROM staged WHERE {_WAITS}) USING (key)
            ANTI JOIN {erased} USING (key)
            WHERE problem IS NULL OR ({_WAITS})
            QUALIFY row_number() OVER (PARTITION BY key ORDER BY file_row_number DESC) = 1)
        WHERE problem IS NOT NULL""")
    values = {"held_at": instant(batch.now), "known_by": literal(batch.mapping.known_at)}
    columns = ", ".join(f'{values.get(name, f"staged.{name}")} AS "{name}"' for name in WAITING.names)
    new = connection.sql(
        f"SELECT {columns} FROM staged JOIN ahead ON staged.file_row_number = ahead.row "
        f"ANTI JOIN {store.scan()} waiting "
        "ON staged.key = waiting.key AND staged.content_hash = waiting.content_hash"
    ).to_arrow_table()
    if new.num_rows:
        store.append_rows(new, name=batch.load_id, note={"load": batch.load_id})


def told_again(store: DeltaStore, connection: Any, batch: StagedBatch) -> list[int]:
    """Return the keys of the rows that wait and of which a batch tells the ticket again, after `hold`."""
    if not store.exists:
        return []
    told = "key IN (SELECT key FROM staged WHERE problem IS NULL OR due_at IS NOT NULL)"
    if batch.mapping.full_export:
        # What the whole of a source does not hold any more was deleted there.
        told = f"source = {literal(batch.mapping.source)}"
    rows = connection.execute(
        f"""SELECT DISTINCT key FROM {store.scan()} waiting WHERE {told}
        AND load_id <> {literal(batch.load_id)}
        AND NOT EXISTS (SELECT 1 FROM ahead WHERE ahead.key = waiting.key
            AND ahead.content_hash = waiting.content_hash)"""
    ).fetchall()
    return [key for (key,) in rows]


def forget(store: DeltaStore, keys: list[int], *, unless: str = "") -> None:
    """Delete rows that wait, by the keys of their tickets, and every old file that held one.

    Args:
        store: The rows that wait.
        keys: The keys.
        unless: The load whose rows stay.
    """
    if not keys:
        return
    spared = f" AND load_id <> {literal(unless)}" if unless else ""
    named = (", ".join(map(str, keys[at : at + _KEYS_AT_ONCE])) for at in range(0, len(keys), _KEYS_AT_ONCE))
    store.delete([f"key IN ({each}){spared}" for each in named])
    store.vacuum(keep=())


def next_due(store: DeltaStore) -> datetime | None:
    """Return when the next of the rows that wait comes in, aware; None when none waits."""
    if not store.exists:
        return None
    newest = max(file.name for file in store.log.glob("*.json"))
    return _next_due(store.path, newest)


@lru_cache(maxsize=8)
def _next_due(path: Path, _newest_commit: str) -> datetime | None:
    with duck(threads=1) as connection:
        query = f"SELECT epoch_us(min(due_at)) FROM {DeltaStore(path, WAITING).scan()}"
        moment = connection.execute(query).fetchall()[0][0]
    return None if moment is None else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=moment)
