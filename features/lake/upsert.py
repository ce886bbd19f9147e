"""Compare a staged batch with the lake: what is new, what changed, what was there before.

A version is never overwritten. A row that says what the lake already holds adds nothing, so loading anything twice
changes nothing; a row that says something else becomes the next revision of its ticket.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.lake.engine import instant, literal
from features.lake.schema import TICKETS
from features.lake.staged import StagedBatch
from features.mappings import KnownAt

_WHO = "source, ticket_id"
_COMPARED = ("opened_at", "category1", "category2", "category", "district", "department", "caller", "deleted")
"""If none of these changed, a later export brought only a later outcome, which says itself when it was known."""


@dataclass(frozen=True)
class UpsertResult:
    """What became of a batch.

    Attributes:
        version: Snapshot id after it.
        kept: Rows that became the first version of a ticket.
        updated: Rows that became a further version.
        unchanged: Rows that said nothing new.
        repeated: Rows whose ticket had come before in the same batch.
        files: Data files of this commit.
    """

    version: int
    kept: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    files: tuple[Path, ...] = ()

    def keys(self) -> pa.Table:
        """Return source, ticket_id and revision of every version this batch added."""
        import pyarrow.parquet as pq

        columns = ["source", "ticket_id", "revision"]
        if not self.files:
            return pa.table({name: pa.array([], TICKETS.field(name).type) for name in columns})
        return pa.concat_tables([pq.read_table(file, columns=columns) for file in self.files])


@dataclass(frozen=True)
class Comparison:
    """Outcome of comparing a batch with the lake.

    Attributes:
        counts: The result, before any commit.
        as_is: The staged file can become part of the table without rewriting.
    """

    counts: UpsertResult
    as_is: bool


def compare(connection: Any, batch: StagedBatch, scan: str, *, version: int) -> Comparison:
    """Decide the fate of every staged row; leaves the table `decided(row, revision, known_at)` on `connection`."""
    staged = f"read_parquet({literal(str(batch.file))}, file_row_number = true)"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW staged AS SELECT * FROM {staged}")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE staged_keys AS SELECT DISTINCT key FROM staged WHERE problem IS NULL"
    )
    distinct = _count(connection, "SELECT count(*) FROM staged_keys")
    rows, good = _one(connection, "SELECT count(*), count(*) FILTER (problem IS NULL) FROM staged")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE history AS "
        f"SELECT {_WHO}, revision, known_at, content_hash, {', '.join(_COMPARED)} "
        f"FROM {scan} SEMI JOIN staged_keys USING (key)"
    )
    if _count(connection, "SELECT count(*) FROM history") == 0 and distinct == good == rows:
        return Comparison(UpsertResult(version, kept=good), as_is=True)
    connection.execute(_decide(batch))
    kept, updated = _one(
        connection, "SELECT count(*) FILTER (revision = 1), count(*) FILTER (revision > 1) FROM decided"
    )
    tickets = _count(connection, f"SELECT count(*) FROM (SELECT DISTINCT {_WHO} FROM staged WHERE problem IS NULL)")
    counts = UpsertResult(version, kept=kept, updated=updated, unchanged=good - kept - updated, repeated=good - tickets)
    return Comparison(counts, as_is=False)


def write_decided(connection: Any, target: Path) -> None:
    """Write the rows that `compare` decided to keep, in the lake's columns."""
    columns = ", ".join(
        f"decided.{name}" if name in {"revision", "known_at"} else f"staged.{name}" for name in TICKETS.names
    )
    connection.execute(
        f"COPY (SELECT {columns} FROM staged JOIN decided ON file_row_number = decided.row) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)"
    )


def _decide(batch: StagedBatch) -> str:
    live = batch.mapping.known_at is KnownAt.ARRIVAL
    news = _news_of_feed() if live else _news_of_file()
    return f"""
CREATE OR REPLACE TEMP TABLE decided AS
WITH latest AS (
  SELECT {_WHO}, max(revision) AS revisions, max_by(struct_pack({_struct()}), (known_at, revision)) AS newest,
    max(known_at) AS known_until, max_by(content_hash, (known_at, revision)) AS newest_hash
  FROM history GROUP BY {_WHO}),
sequence AS (
  SELECT *, lag(content_hash) OVER (PARTITION BY {_WHO} ORDER BY file_row_number) AS before_hash,
    row_number() OVER (PARTITION BY {_WHO}, content_hash ORDER BY file_row_number) AS occurrence
  FROM staged WHERE problem IS NULL),
news AS ({news}),
ranked AS (
  SELECT n.*, l.revisions, l.newest, l.known_until,
    row_number() OVER (PARTITION BY n.source, n.ticket_id ORDER BY n.known_at, file_row_number) AS nth
  FROM news n LEFT JOIN latest l USING ({_WHO}))
SELECT file_row_number AS row, (coalesce(revisions, 0) + nth)::INTEGER AS revision, {_known_at(batch)} AS known_at
FROM ranked"""


def _struct() -> str:
    return ", ".join(f"{name} := {name}" for name in _COMPARED)


def _news_of_feed() -> str:
    """A live row is news if it differs from what came last."""
    return f"""SELECT s.* FROM sequence s LEFT JOIN latest l USING ({_WHO})
  WHERE coalesce(before_hash, newest_hash) IS DISTINCT FROM s.content_hash"""


def _news_of_file() -> str:
    """A row of a file is news if the ticket never said so before: an older export brings nothing back."""
    return f"""SELECT s.* FROM sequence s ANTI JOIN history h USING ({_WHO}, content_hash) WHERE occurrence = 1"""


def _known_at(batch: StagedBatch) -> str:
    """When a version counts as known; a correction in a later export of a historic file states no time of its own."""
    if batch.mapping.known_at is not KnownAt.OPENED:
        return "known_at"
    now = instant(batch.now)
    same = " AND ".join(f"{name} IS NOT DISTINCT FROM newest.{name}" for name in _COMPARED)
    outcome = "greatest(known_at, outcome_known_at)"
    return f"""CASE
    WHEN revisions IS NULL AND nth = 1 THEN known_at
    WHEN revisions IS NULL THEN {outcome}
    WHEN {same} AND outcome_known_at IS NOT NULL THEN greatest({outcome}, known_until)
    ELSE greatest({now}, known_until) END"""


def _count(connection: Any, query: str) -> int:
    return int(_one(connection, query)[0])


def _one(connection: Any, query: str) -> tuple[int, ...]:
    row: tuple[int, ...] = connection.execute(query).fetchall()[0]
    return row
