"""Read a source into a staged Parquet file of the lake's columns, private data already masked, bad rows apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.lake.engine import arrow, duck, literal
from features.lake.schema import QUARANTINE
from features.lake.staged import StagedBatch
from features.mappings import Mapping
from features.sources.errors import QuarantineError
from features.sources.expressions import canonical_query
from features.sources.tables import RawTable, raw_table

ColumnFunction = Callable[[pa.Array], pa.Array]


@dataclass(frozen=True)
class Privacy:
    """What is done to personal data before anything is stored.

    Attributes:
        mask_text: Masks a column of free text.
        hash_caller: Turns a column of callers into keyed hashes.
    """

    mask_text: ColumnFunction
    hash_caller: ColumnFunction

    def register(self, connection: Any) -> None:
        """Offer both functions to SQL on `connection`."""
        for name in ("mask_text", "hash_caller"):
            function = _array_function(getattr(self, name))
            connection.create_function(name, function, ["VARCHAR"], "VARCHAR", type="arrow", null_handling="special")


def _array_function(function: ColumnFunction) -> ColumnFunction:
    def apply(values: pa.Array) -> pa.Array:
        if values.null_count == len(values):
            return values
        result = function(values)
        return result.combine_chunks() if isinstance(result, pa.ChunkedArray) else result

    return apply


def stage_file(
    path: Path,
    mapping: Mapping,
    *,
    into: Path,
    privacy: Privacy | None,
    now: datetime,
    load_id: str,
    threads: int | None = None,
) -> StagedBatch:
    """Read a file into `into/staged.parquet`.

    Args:
        path: A CSV, TSV, Parquet, JSON lines, XLSX or XLS file.
        mapping: How to read it.
        into: A folder of this load's own.
        privacy: Masking and hashing; None leaves texts and callers as they are (benchmarks only).
        now: The present.
        load_id: Name of the load.
        threads: DuckDB threads.

    Raises:
        SourceError, MappingError: The file cannot be read, or lacks a column.
        QuarantineError: More rows are bad than `mapping.quarantine_limit` allows.
    """
    with duck(threads=threads) as connection:
        raw = raw_table(connection, path, scratch=into)
        return _stage(connection, raw, mapping, file=path.name, into=into, privacy=privacy, now=now, load_id=load_id)


def stage_rows(
    rows: pa.Table,
    mapping: Mapping,
    *,
    file: str,
    into: Path,
    privacy: Privacy | None,
    now: datetime,
    load_id: str,
) -> StagedBatch:
    """Do the same with rows in memory; `file` names them in the quarantine."""
    from features.sources.tables import described

    with duck() as connection:
        connection.register("arrived", rows)
        raw = described(connection, "arrived")
        return _stage(connection, raw, mapping, file=file, into=into, privacy=privacy, now=now, load_id=load_id)


def _stage(
    connection: Any,
    raw: RawTable,
    mapping: Mapping,
    *,
    file: str,
    into: Path,
    privacy: Privacy | None,
    now: datetime,
    load_id: str,
) -> StagedBatch:
    if privacy:
        privacy.register(connection)
    query = canonical_query(raw, mapping, now=now, load_id=load_id, private=privacy is not None)
    staged = into / "staged.parquet"
    connection.execute(f"COPY ({query}) TO {literal(str(staged))} (FORMAT parquet, COMPRESSION zstd)")
    total = pq.ParquetFile(staged).metadata.num_rows
    bad = _quarantine(connection, staged, raw, mapping, file=file, now=now, load_id=load_id)
    unreadable = (
        bad.num_rows - connection.execute(f"SELECT count(problem) FROM {literal(str(staged))}").fetchall()[0][0]
    )
    batch = StagedBatch(file=staged, mapping=mapping, load_id=load_id, now=now, read=total + unreadable, quarantine=bad)
    _check_limit(batch, file)
    return batch


def _quarantine(
    connection: Any,
    staged: Path,
    raw: RawTable,
    mapping: Mapping,
    *,
    file: str,
    now: datetime,
    load_id: str,
) -> pa.Table:
    """Return the bad rows: unreadable lines, and rows without what a ticket needs."""
    # The line itself and DuckDB's message about it may hold anything, so neither is kept.
    unreadable = (
        f"UNION ALL SELECT (line - 1)::BIGINT, column_name, 'unreadable: ' || lower(error_type::VARCHAR), NULL "
        f"FROM {raw.rejects}"
        if raw.rejects
        else ""
    )
    rows = arrow(
        connection,
        f"""
        SELECT {literal(load_id)} AS load_id, {literal(mapping.source)} AS source, {literal(file)} AS file, "row",
            "column", reason, value, $now::TIMESTAMPTZ AS quarantined_at
        FROM (SELECT file_row_number + 1 AS "row", split_part(problem, ': ', 1) AS "column",
                split_part(problem, ': ', 2) AS reason, problem_value AS value
            FROM read_parquet({literal(str(staged))}, file_row_number = true) WHERE problem IS NOT NULL
            {unreadable})
        ORDER BY "row"
    """,
        {"now": now},
    )
    return rows.cast(QUARANTINE)


def _check_limit(batch: StagedBatch, file: str) -> None:
    bad = batch.quarantine.num_rows
    if batch.mapping.tolerates(bad, batch.read):
        return
    reasons = Counter(
        f"{column}: {reason}"
        for column, reason in zip(
            batch.quarantine["column"].to_pylist(), batch.quarantine["reason"].to_pylist(), strict=True
        )
    )
    first = ", ".join(str(row) for row in batch.quarantine["row"].to_pylist()[:5])
    listed = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(5))
    raise QuarantineError(
        f"{file}: {bad} of {batch.read} rows are bad ({listed}; first in rows {first}); nothing was kept",
        hint="mend the mapping (time_formats, clock, columns) or the file, or raise quarantine_limit in the mapping",
    )
