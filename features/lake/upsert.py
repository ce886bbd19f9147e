"""Compare a staged batch with the lake: what is new, what changed, what was there before.

A version is never overwritten. A row that says what the lake already holds adds nothing, so loading anything twice
changes nothing; a row that says something else becomes the next revision of its ticket.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from features.errors import QuarantineError
from features.lake.asof import as_of_query
from features.lake.duck import instant, literal, parquet
from features.lake.schema import MOVED, TICKETS
from features.lake.staged import StagedBatch
from features.lake.storage import DeltaStore
from features.mappings import KnownAt
from features.mappings.mapping import TOLERATED

_WHO = "source, ticket_id"
_COMPARED = ("opened_at", "category1", "category2", "category", "district", "department", "caller", "deleted")
"""If none of these changed, a later export brought only a later outcome, which says itself when it was known."""
_DECIDED = ("revision", "known_at", "flags")
_NOTHING_DECIDED = "CREATE TEMP TABLE decided (row BIGINT, revision INTEGER, known_at TIMESTAMPTZ, flags VARCHAR)"


@dataclass(frozen=True)
class UpsertResult:
    """What became of a batch.

    Attributes:
        version: Snapshot id after it.
        kept: Rows that became the first version of a ticket.
        updated: Rows that became a further version.
        unchanged: Rows that said nothing new.
        repeated: Rows whose ticket had come before in the same batch.
        moved: Those of them that state another opening than the first one.
        deleted: Tickets that a full export no longer holds.
    """

    version: int
    kept: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    moved: int = 0
    deleted: int = 0


class Writing(Enum):
    """How the rows of a batch become part of the table."""

    NOTHING = "nothing"
    """Nothing is new."""
    AS_IS = "as is"
    """The staged file joins the table as it stands, plus a file that restates repeated tickets."""
    DECIDED = "decided"
    """Only the rows in `decided` are written."""


@dataclass(frozen=True)
class Comparison:
    """Outcome of comparing a batch with the lake: the counts before any commit, and what has to be written."""

    counts: UpsertResult
    writing: Writing


def compare(connection: Any, batch: StagedBatch, store: DeltaStore, erased: str, *, version: int) -> Comparison:
    """Decide the fate of every staged row.

    Args:
        connection: A DuckDB connection; gets the table `decided(row, revision, known_at, flags)`.
        batch: The batch.
        store: The table of versions.
        erased: Keys of tickets that were erased and must not come back, as SQL.
        version: The snapshot to compare with.

    Raises:
        QuarantineError: More rows repeat an id with another opening than the mapping allows.
    """
    staged = parquet(batch.file, file_row_number=True)
    connection.execute(f"CREATE TEMP VIEW staged AS SELECT * FROM {staged}")
    connection.execute(
        "CREATE TEMP TABLE staged_keys AS SELECT key, count(*) AS n, min(opened_at) <> max(opened_at) AS moved "
        f"FROM staged ANTI JOIN {erased} USING (key) WHERE problem IS NULL GROUP BY key"
    )
    moved = _moved(connection, batch)
    # First the keys alone: they decide which files hold any of these tickets, and mostly few or none do.
    files = connection.execute(
        f"SELECT DISTINCT filename FROM {store.scan(version)} SEMI JOIN staged_keys USING (key)"
    ).fetchall()
    connection.execute(
        f"CREATE TEMP TABLE history AS SELECT {_WHO}, revision, known_at, content_hash, {', '.join(_COMPARED)} "
        f"FROM {store.scan_files([file for (file,) in files])} SEMI JOIN staged_keys USING (key)"
    )
    rows, good = _one(connection, "SELECT count(*), count(*) FILTER (problem IS NULL) FROM staged")
    admitted = _one(connection, "SELECT coalesce(sum(n), 0)::BIGINT FROM staged_keys")[0]
    untouched = _one(connection, "SELECT count(*) FROM history")[0] == 0
    if untouched and admitted == rows and batch.mapping.known_at is not KnownAt.OPENED:
        return _first_load(connection, batch, rows, version, moved)
    if untouched and admitted == rows == _one(connection, "SELECT count(*) FROM staged_keys")[0]:
        connection.execute(_NOTHING_DECIDED)
        return Comparison(UpsertResult(version, kept=rows), Writing.AS_IS)
    connection.execute(_decide(batch))
    kept, updated = _decided(connection)
    repeated = good - _one(connection, f"SELECT count(DISTINCT ({_WHO})) FROM staged WHERE problem IS NULL")[0]
    unchanged = good - kept - updated
    counts = UpsertResult(version, kept=kept, updated=updated, unchanged=unchanged, repeated=repeated, moved=moved)
    return Comparison(counts, Writing.DECIDED if kept + updated else Writing.NOTHING)


def _moved(connection: Any, batch: StagedBatch) -> int:
    """Return how many rows repeat an id of their batch with another opening than its first row.

    Rows of many tickets that came under one id would become its versions, and all but one of the tickets would be lost.
    """
    if not _one(connection, "SELECT count(*) FROM staged_keys WHERE moved")[0]:
        return 0
    moved = _one(
        connection,
        """SELECT count(*) FILTER (opened_at <> first) FROM (
            SELECT opened_at, first_value(opened_at) OVER (PARTITION BY key ORDER BY file_row_number) AS first
            FROM staged SEMI JOIN (SELECT key FROM staged_keys WHERE moved) USING (key) WHERE problem IS NULL)""",
    )[0]
    if batch.read >= TOLERATED and moved > batch.mapping.repeat_limit * batch.read:
        raise QuarantineError(
            f"{batch.name}: {moved:,} of {batch.read:,} rows repeat an id with another opening; nothing was kept",
            hint="did a spreadsheet cut the ids? export them as text, or raise repeat_limit in the mapping",
        )
    return moved


def _first_load(connection: Any, batch: StagedBatch, rows: int, version: int, moved: int) -> Comparison:
    """Compare only the tickets that occur more than once; with millions of others there is nothing to decide.

    The staged file then holds every version with revision 1. The later versions of repeated tickets are restated in a
    second file with their true revision, which is what makes a reader compare the versions of those tickets.
    """
    connection.execute("DELETE FROM staged_keys WHERE n = 1")
    in_question, tickets = _one(connection, "SELECT coalesce(sum(n), 0)::BIGINT, count(*) FROM staged_keys")
    connection.execute(_decide(batch))
    kept, updated = _decided(connection)
    counts = UpsertResult(
        version,
        kept=rows - in_question + kept,
        updated=updated,
        unchanged=in_question - kept - updated,
        repeated=in_question - tickets,
        moved=moved,
    )
    if counts.unchanged:
        # Rows that say the same twice must go, so the file has to be written anew, from all its rows.
        connection.execute("DELETE FROM staged_keys")
        connection.execute("INSERT INTO staged_keys SELECT key, count(*), false FROM staged GROUP BY key")
        connection.execute(_decide(batch))
        return Comparison(counts, Writing.DECIDED)
    return Comparison(counts, Writing.AS_IS)


def write_decided(connection: Any, target: Path, *, restated: bool = False) -> None:
    """Write the rows that `compare` decided to keep, in the lake's columns; only later revisions if `restated`."""
    columns = ", ".join(f"decided.{name}" if name in _DECIDED else f"staged.{name}" for name in TICKETS.names)
    connection.execute(
        f"COPY (SELECT {columns} FROM staged JOIN decided ON file_row_number = decided.row "
        f"WHERE decided.revision > {int(restated)}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)"
    )


def write_missing(connection: Any, batch: StagedBatch, scan: str, target: Path) -> int:
    """Write a last version, deleted, of every ticket that a full export no longer holds; returns their number.

    A row in quarantine with a readable id is still there.
    """
    source = f"source = {literal(batch.mapping.source)}"
    state = as_of_query(scan, TICKETS.names, as_of=None, where=source)
    replaced = f"""last + 1 AS revision, {instant(batch.now)} AS known_at, true AS deleted,
        -content_hash - 1 AS content_hash, {literal(batch.load_id)} AS load_id"""
    columns = ", ".join(TICKETS.names)
    copied = connection.execute(f"""
        COPY (SELECT {columns} FROM (
            SELECT state.* REPLACE ({replaced}) FROM ({state}) state
            JOIN (SELECT key, max(revision) AS last FROM {scan} WHERE {source} GROUP BY key) USING (key)
            ANTI JOIN (SELECT key FROM staged WHERE ticket_id IS NOT NULL) USING (key)
        )) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)""")
    return int(copied.fetchall()[0][0])


def _decided(connection: Any) -> tuple[int, ...]:
    return _one(connection, "SELECT count(*) FILTER (revision = 1), count(*) FILTER (revision > 1) FROM decided")


def _decide(batch: StagedBatch) -> str:
    live = batch.mapping.known_at is KnownAt.ARRIVAL
    news = _news_of_feed() if live else _news_of_file(full_export=batch.mapping.full_export)
    return f"""
CREATE OR REPLACE TEMP TABLE decided AS
WITH latest AS (
  SELECT {_WHO}, max(revision) AS revisions, max_by(struct_pack({_struct()}), (known_at, revision)) AS newest,
    max(known_at) AS known_until, max_by(content_hash, (known_at, revision)) AS newest_hash
  FROM history GROUP BY {_WHO}),
sequence AS (
  SELECT *, lag(content_hash) OVER (PARTITION BY {_WHO} ORDER BY file_row_number) AS before_hash,
    row_number() OVER (PARTITION BY {_WHO}, content_hash ORDER BY file_row_number) AS occurrence,
    min(opened_at) OVER (PARTITION BY {_WHO}) <> max(opened_at) OVER (PARTITION BY {_WHO}) AS moved
  FROM staged SEMI JOIN staged_keys USING (key) WHERE problem IS NULL),
news AS ({news}),
ranked AS (
  SELECT n.*, l.revisions, l.newest, l.known_until,
    row_number() OVER (PARTITION BY n.source, n.ticket_id ORDER BY n.known_at, file_row_number) AS nth
  FROM news n LEFT JOIN latest l USING ({_WHO}))
SELECT file_row_number AS row, (coalesce(revisions, 0) + nth)::INTEGER AS revision, {_known_at(batch)} AS known_at,
  nullif(concat_ws(',', flags, CASE WHEN moved OR opened_at <> newest.opened_at THEN '{MOVED}' END), '') AS flags
FROM ranked"""


def _struct() -> str:
    return ", ".join(f"{name} := {name}" for name in _COMPARED)


def _news_of_feed() -> str:
    """A live row is news if it differs from what came last."""
    return f"""SELECT s.* FROM sequence s LEFT JOIN latest l USING ({_WHO})
  WHERE coalesce(before_hash, newest_hash) IS DISTINCT FROM s.content_hash"""


def _news_of_file(*, full_export: bool) -> str:
    """A row of a file is news if the ticket never said so before: an older export brings nothing back.

    In a full export a ticket that was missing and is there again is news, whatever it says.
    """
    known = f"SELECT {_WHO}, content_hash FROM history"
    if full_export:
        known += f" ANTI JOIN (SELECT {_WHO} FROM latest WHERE newest.deleted) USING ({_WHO})"
    return f"SELECT s.* FROM sequence s ANTI JOIN ({known}) USING ({_WHO}, content_hash) WHERE occurrence = 1"


def _known_at(batch: StagedBatch) -> str:
    """When a version counts as known; a correction in a later export of a historic file states no time of its own."""
    now = instant(batch.now)
    if batch.mapping.known_at is not KnownAt.OPENED:
        back = f"WHEN newest.deleted THEN greatest({now}, known_until)" if batch.mapping.full_export else ""
        return f"CASE {back} ELSE known_at END" if back else "known_at"
    same = " AND ".join(f"{name} IS NOT DISTINCT FROM newest.{name}" for name in _COMPARED)
    outcome = "greatest(known_at, outcome_known_at)"
    return f"""CASE
    WHEN revisions IS NULL AND nth = 1 THEN known_at
    WHEN revisions IS NULL THEN {outcome}
    WHEN {same} AND outcome_known_at IS NOT NULL THEN greatest({outcome}, known_until)
    ELSE greatest({now}, known_until) END"""


def _one(connection: Any, query: str) -> tuple[int, ...]:
    row: tuple[int, ...] = connection.execute(query).fetchall()[0]
    return row
