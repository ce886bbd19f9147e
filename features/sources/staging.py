"""Read a source into a staged Parquet file of the lake's columns, private data already masked, bad rows apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from features.areas import locate, read_areas
from features.configuration import BoundsConfig
from features.errors import QuarantineError, SourceError
from features.lake.duck import arrow, duck, literal, parquet
from features.lake.schema import AHEAD, QUARANTINE
from features.lake.staged import StagedBatch
from features.mappings import Mapping
from features.privacy import quotable, without_identifiers
from features.reasons import Reason, ReasonCode, Reasons
from features.sources.cells import is_guarded
from features.sources.expressions import canonical_query, label_columns
from features.sources.tables import SWALLOWED, RawTable, described, mended, raw_table

_PEEK: Final = 1000
_LISTED: Final = 100_000

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

    @classmethod
    def with_key(cls, key: bytes) -> Privacy:
        """Return the product's masking, and hashing with the installation's key (`Settings.secret_key()`)."""
        from features.privacy import CallerHasher, mask_column

        return cls(mask_text=mask_column, hash_caller=CallerHasher(key).hash_column)

    @classmethod
    @contextmanager
    def on_all_cores(cls, key: bytes, *, workers: int | None = None) -> Iterator[Privacy]:
        """Yield the same for loads of any size: masking leaves this process once there is much of it."""
        from features.privacy import CallerHasher, masking_workers

        with masking_workers(workers) as mask:
            yield cls(mask_text=mask, hash_caller=CallerHasher(key).hash_column)

    def register(self, connection: Any) -> None:
        """Offer the functions to SQL on `connection`."""
        functions = {"mask_text": self.mask_text, "hash_caller": self.hash_caller, "mask_label": _mask_labels}
        for name, column_function in functions.items():
            function = _array_function(column_function)
            connection.create_function(name, function, ["VARCHAR"], "VARCHAR", type="arrow", null_handling="special")


def _mask_labels(labels: pa.Array) -> pa.Array:
    """Mask what is somebody's in labels, a few of each load: numbers and addresses; names of offices are none."""
    return pa.array([said and without_identifiers(said) for said in labels.to_pylist()], pa.string())


def _array_function(function: ColumnFunction) -> ColumnFunction:
    def apply(values: pa.Array) -> pa.Array:
        if values.null_count == len(values):
            return values
        result = function(values)
        return result.combine_chunks() if isinstance(result, pa.ChunkedArray) else result

    return apply


@dataclass(frozen=True)
class Staging:
    """One load on its way into the lake.

    Attributes:
        mapping: How to read the source.
        into: A folder of this load's own; the staged file appears in it.
        privacy: Masking and hashing; None leaves texts and callers as they are (benchmarks only).
        now: The present, aware UTC.
        load_id: Name of the load.
        threads: DuckDB threads; all cores when None.
        bounds: How much of a file may be read; what is shipped when None.
        is_behind: Tells whether this machine's clock is known to be behind; asked when too many rows are ahead of it.
    """

    mapping: Mapping
    into: Path
    privacy: Privacy | None
    now: datetime
    load_id: str
    threads: int | None = None
    bounds: BoundsConfig | None = None
    is_behind: Callable[[], bool] = lambda: False

    def file(self, path: Path) -> StagedBatch:
        """Read a CSV, TSV, Parquet, JSON lines, XLSX or XLS file.

        Raises:
            SourceError, MappingError: The file cannot be read, or lacks a column.
            QuarantineError: More rows are bad than the mapping allows.
        """
        with duck(threads=self.threads) as connection:
            raw = raw_table(connection, path, scratch=self.into, mapping=self.mapping, bounds=self.bounds)
            return self._stage(connection, replace(raw, name=str(path)), path.name)

    def rows(self, rows: pa.Table, *, name: str) -> StagedBatch:
        """Read rows in memory, called `name` in the quarantine; errors as for `file`."""
        with duck(threads=self.threads) as connection:
            # DuckDB's names have no case, and no two of them are equal.
            connection.register("arrived", rows.rename_columns([f"c{i}" for i in range(rows.num_columns)]))
            raw = described(connection, "arrived", rows.column_names)
            return self._stage(connection, replace(raw, name=name), name)

    def _stage(self, connection: Any, raw: RawTable, name: str) -> StagedBatch:
        if self.privacy:
            self.privacy.register(connection)
        if self.mapping.areas:
            register_areas(connection, self.mapping)
        staged = self.into / "staged.parquet"
        if not self._copy(connection, raw, staged):
            raw = mended(connection, raw, scratch=self.into)
            self._copy(connection, raw, staged)
        read = pq.ParquetFile(staged).metadata.num_rows
        [(bad, ahead)] = connection.execute(
            f"SELECT count(problem), count(*) FILTER (ends_with(problem, {literal(AHEAD)})) FROM {parquet(staged)}"
        ).fetchall()
        # Of a load that will be refused only some bad rows are looked at: they may be all of billions.
        kept = self.mapping.tolerates(bad, read) or self.mapping.tolerates(bad - ahead, read)
        batch = StagedBatch(
            file=staged,
            mapping=self.mapping,
            load_id=self.load_id,
            now=self.now,
            read=read,
            quarantine=self._quarantine(connection, staged, name, most=None if kept else _LISTED),
            name=name,
            waiting=ahead,
            notices=(*raw.notices, *_read_together(connection, staged, name), *_waiting(connection, staged, name)),
        )
        return replace(batch, notices=(*batch.notices, *_check_limit(batch, bad, self.is_behind)))

    def _copy(self, connection: Any, raw: RawTable, staged: Path) -> bool:
        """Stage a table; returns False where it is a CSV that DuckDB stumbles over, of which then nothing counts.

        Raises:
            SourceError: The table cannot be read.
        """
        import duckdb

        try:
            raw = replace(raw, guarded=_guarded(connection, raw, self.mapping))
            private = self.privacy is not None
            query = canonical_query(raw, self.mapping, now=self.now, load_id=self.load_id, private=private)
            connection.execute(
                f"COPY ({query}) TO {literal(str(staged))} (FORMAT parquet, COMPRESSION zstd)"
            ).fetchall()
        except duckdb.InvalidInputException as error:
            if raw.csv:
                return False
            raise SourceError(
                f"{raw.name}: {str(error).splitlines()[0]}", hint="is it what its ending says?"
            ) from error
        if raw.csv is None:
            return True
        place = parquet(staged)
        swallowed = _count(connection, f"SELECT count(*) FROM {place} WHERE contains(problem, {literal(SWALLOWED)})")
        return not swallowed and not _count(connection, f"SELECT count(*) FROM {raw.rejects}")

    def _quarantine(self, connection: Any, staged: Path, name: str, *, most: int | None) -> pa.Table:
        """Return the bad rows, or the first of them: unreadable lines, and rows without what a ticket needs."""
        query = f"""
            SELECT {literal(self.load_id)} AS load_id, {literal(self.mapping.source)} AS source,
                {literal(name)} AS file, "row", "column", reason, value, ticket_id, caller,
                $now::TIMESTAMPTZ AS quarantined_at
            FROM (SELECT file_row_number + 1 AS "row", split_part(problem, ': ', 1) AS "column",
                    substr(problem, strpos(problem, ': ') + 2) AS reason, problem_value AS value, ticket_id, caller
                FROM {parquet(staged, file_row_number=True)} WHERE problem IS NOT NULL)
            ORDER BY 4{"" if most is None else f" LIMIT {most}"}"""
        return arrow(connection, query, {"now": self.now}).cast(QUARANTINE)


def _guarded(connection: Any, raw: RawTable, mapping: Mapping) -> frozenset[str]:
    """Return the columns of labels in which every filled cell has an apostrophe or a backtick in front."""
    found = label_columns(raw, mapping)
    # A few rows acquit nearly every column; the whole is read only for those that they do not.
    for limit in (f" LIMIT {_PEEK}", ""):
        if not found:
            break
        selected = ", ".join(f"{raw.column(name)}::VARCHAR" for name in found)
        rows = connection.execute(f"SELECT DISTINCT * FROM (SELECT {selected} FROM {raw.sql}{limit})").fetchall()
        found = [name for name, values in zip(found, zip(*rows, strict=True), strict=False) if is_guarded(values)]
    return frozenset(found)


def _read_together(connection: Any, staged: Path, name: str) -> Reasons:
    """Return what has to be said of ids and numbers that are not as the source wrote them."""
    place = parquet(staged)
    notices = []
    if _count(connection, f"SELECT count(written) FROM {place}"):
        merged, apart = connection.execute(
            f"""SELECT count(*), count(*) FILTER (apart) FROM (
                SELECT min(opened_at) <> max(opened_at) AS apart FROM {place}
                SEMI JOIN (SELECT ticket_id FROM {place} WHERE written IS NOT NULL) USING (ticket_id)
                WHERE problem IS NULL GROUP BY ticket_id HAVING count(DISTINCT coalesce(written, 0)) > 1)"""
        ).fetchone()
        if apart:
            notices.append(Reason(ReasonCode.IDS_BECAME_ONE, {"file": name, "tickets": apart}))
        if merged > apart:
            notices.append(Reason(ReasonCode.IDS_WRITTEN_TWICE, {"file": name, "tickets": merged - apart}))
    lost = _count(connection, f"SELECT count(*) FROM {place} WHERE contains(flags, 'digits_lost')")
    if lost:
        notices.append(Reason(ReasonCode.DIGITS_LOST, {"file": name, "rows": lost}))
    return tuple(notices)


def _count(connection: Any, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _waiting(connection: Any, staged: Path, name: str) -> Reasons:
    """Return what has to be said of rows that are ahead of the present."""
    [(rows, until)] = connection.execute(
        f"SELECT count(*), strftime(max(due_at), '%Y-%m-%d %H:%M') FROM {parquet(staged)} "
        f"WHERE due_at IS NOT NULL AND ends_with(problem, {literal(AHEAD)})"
    ).fetchall()
    return (Reason(ReasonCode.ROWS_WAIT, {"file": name, "rows": rows, "until": f"{until} UTC"}),) if rows else ()


def _check_limit(batch: StagedBatch, bad: int, is_behind: Callable[[], bool]) -> Reasons:
    """Refuse a batch with too many bad rows; returns what makes it acceptable all the same.

    Raises:
        QuarantineError: Too many rows are bad.
    """
    if batch.mapping.tolerates(bad, batch.read):
        return ()
    if batch.waiting and batch.mapping.tolerates(bad - batch.waiting, batch.read) and is_behind():
        return (Reason(ReasonCode.CLOCK_BEHIND, {"file": batch.name, "rows": batch.waiting}),)
    reasons = Counter(
        f"{column}: {reason}" if column else reason
        for column, reason in zip(
            batch.quarantine["column"].to_pylist(), batch.quarantine["reason"].to_pylist(), strict=True
        )
    )
    first = ", ".join(str(row) for row in batch.quarantine["row"].to_pylist()[:5])
    listed = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(5))
    value = next((value for value in batch.quarantine["value"].to_pylist() if value), None)
    example = f", such as {quotable(value)!r}" if value else ""
    hint = "mend the mapping (time_formats, clock, columns) or the file, or raise quarantine_limit in the mapping"
    if batch.waiting > bad / 2:
        hint = "is the clock of this machine right? then mend the mapping (clock, timezone, time_formats) or the file"
    raise QuarantineError(
        f"{batch.name}: {bad} of {batch.read} rows are bad "
        f"({listed}; first in rows {first}{example}); nothing was kept",
        hint=hint,
    )


# Offer SQL the district of a point, from the outlines that a mapping names.


def register_areas(connection: Any, mapping: Mapping) -> None:
    """Register `district_of(lat, lon)`, the name of the area a point lies in, NULL where none does.

    Raises:
        AreaError: The outlines cannot be read, or contradict each other.
    """
    areas = read_areas(Path(mapping.areas))
    names = {row.code: row.name or row.code for row in areas.table.itertuples(index=False)}

    def district_of(lat: Any, lon: Any) -> pa.Array:
        codes = locate(_degrees(lat), _degrees(lon), areas, level=mapping.area_level)
        return pa.array([names.get(code) for code in codes], pa.string())

    connection.create_function(
        "district_of", district_of, ["DOUBLE", "DOUBLE"], "VARCHAR", type="arrow", null_handling="special"
    )


def _degrees(column: Any) -> Any:
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return flat.to_numpy(zero_copy_only=False)
