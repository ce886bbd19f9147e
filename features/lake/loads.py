"""What was loaded when, and how far each source is complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa

from features.lake.duck import arrow, instant
from features.lake.schema import LOADS
from features.lake.staged import StagedBatch
from features.lake.storage import DeltaStore
from features.lake.upsert import UpsertResult

_ORDER: Final = "(snapshot, loaded_at)"
"""Loads as they came: versions of the lake only grow, while a clock that ran ahead would leave its load the newest."""


@dataclass(frozen=True)
class SourceState:
    """What the lake knows about a source.

    Attributes:
        source: Its name.
        timezone: IANA zone of its civil time.
        date_only: Its tickets have a day but no time of day.
        covers_from: First complete day, where the mapping says so.
        complete_through: Last complete day, where the mapping says so.
        ended: It will bring nothing more.
        known_through: A live feed was read up to this moment (aware UTC), as far as known at `as_of`.
        loaded_at: Moment of the last load (aware UTC).
    """

    source: str
    timezone: str
    date_only: bool
    covers_from: date | None
    complete_through: date | None
    ended: bool
    known_through: datetime | None
    loaded_at: datetime


@dataclass(frozen=True)
class Loaded:
    """What became of an earlier load; `snapshot` is the version of the ticket table that holds it."""

    load_id: str
    snapshot: int
    name: str
    read: int
    kept: int
    updated: int
    unchanged: int
    quarantined: int
    repeated: int


def load_row(batch: StagedBatch, result: UpsertResult) -> pa.Table:
    """Return the row of the load log that describes a batch."""
    mapping = batch.mapping
    row = {
        "load_id": batch.load_id,
        "source": mapping.source,
        "mapping": mapping.fingerprint,
        "file": batch.name,
        "digest": batch.digest,
        "loaded_at": batch.now,
        "snapshot": result.version,
        "read": batch.read,
        "kept": result.kept,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "quarantined": batch.quarantine.num_rows,
        "repeated": result.repeated,
        "timezone": mapping.timezone,
        "date_only": mapping.date_only,
        "covers_from": mapping.covers_from,
        "complete_through": mapping.complete_through,
        "ended": mapping.ended,
        "known_through": batch.known_through,
    }
    return pa.Table.from_pylist([row], schema=LOADS)


def source_states(
    connection: Any, scan: str, *, as_of: datetime | None = None, snapshot: int | None = None
) -> list[SourceState]:
    """Return the state of every source, by name.

    Args:
        connection: A DuckDB connection.
        scan: The load log, as SQL.
        as_of: How far a feed had been read counts only as it was known at this moment.
        snapshot: Only loads that this version of the ticket table holds.
    """
    within = "true" if snapshot is None else f"snapshot <= {snapshot}"
    read_by_then = f"FILTER (known_through <= {instant(as_of)})" if as_of else ""
    rows = arrow(
        connection,
        f"""
        SELECT source, arg_max(timezone, {_ORDER}) AS timezone, arg_max(date_only, {_ORDER}) AS date_only,
          arg_max_null(covers_from, {_ORDER}) AS covers_from,
          arg_max_null(complete_through, {_ORDER}) AS complete_through, arg_max(ended, {_ORDER}) AS ended,
          max(known_through) {read_by_then} AS known_through, max(loaded_at) AS loaded_at
        FROM {scan} WHERE {within} GROUP BY source ORDER BY source
    """,
    )
    return [SourceState(**row) for row in rows.to_pylist()]


def loads_of(connection: Any, scan: str, *, source: str, digest: str, mapping: str) -> list[Loaded]:
    """Return the loads that read these very bytes with this very mapping, newest first."""
    rows = connection.execute(
        "SELECT load_id, snapshot, file, read, kept, updated, unchanged, quarantined, repeated "
        f"FROM {scan} WHERE source = $source AND digest = $digest AND mapping = $mapping ORDER BY {_ORDER} DESC",
        {"source": source, "digest": digest, "mapping": mapping},
    ).fetchall()
    return [Loaded(*row) for row in rows]


def holds(tickets: DeltaStore, load: Loaded) -> bool:
    """Return whether the ticket table holds the commit that the load log says it does."""
    said = tickets.commit_text(load.snapshot)
    if said is None:
        return load.snapshot <= int(tickets.table().version())
    return load.load_id in said if load.kept + load.updated else bool(said)
