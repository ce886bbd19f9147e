"""`Lake`: upsert tickets, read them as known at any moment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from features.clock import is_ahead
from features.durable import write_whole
from features.errors import LakeError, LakeInputError
from features.lake import waiting
from features.lake.asof import as_of_query
from features.lake.duck import arrow, duck, instant, literal
from features.lake.erasure_list import ErasureList
from features.lake.loads import Loaded, SourceState, holds, load_row, loads_of, source_states
from features.lake.mark import mark_simulated
from features.lake.precedence import Precedence, superseded
from features.lake.schema import ERASURES, LOADS, MOVED, QUARANTINE, TICKETS, VISIBLE, WAITING
from features.lake.staged import StagedBatch
from features.lake.staging_folders import staging_folder, sweep
from features.lake.storage import RESTORE, CommitConflictError, DeltaStore, move_into
from features.lake.upsert import UpsertResult, Writing, compare, write_decided, write_missing
from features.one_writer import writer_lock
from features.settings import Settings
from features.vocabulary import is_simulated

_ATTEMPTS: Final = 5
_OWN_CHANNELS: Final = "own_channels.json"


class Lake:
    """Every version of every ticket, in a folder of Delta tables.

    `tickets/` holds the versions, `quarantine/` the rows that were refused, `waiting/` those of them whose time has not
    come yet, `loads/` what was loaded when, `erasures/` what was legally erased, `own_channels.json` whose channels are
    not citizens'. A snapshot id is the Delta version of `tickets/`. Any number of processes may read while one writes;
    writers wait for each other.

    Args:
        path: The folder.
        timezone: IANA zone of the hotline, for moments given without one.
        precedence: Sources that describe the same tickets, the most trusted first: readers count each ticket once.
        homes: Folders of the installation that are marked, like the lake, when tickets of the simulated city come.
        erasure_list: Where erasures are written down outside of the lake; nowhere when None.
    """

    def __init__(
        self,
        path: str,
        *,
        timezone: str,
        precedence: Precedence = (),
        homes: Sequence[Path] = (),
        erasure_list: ErasureList | None = None,
    ) -> None:
        if "://" in path and not path.startswith("file://"):
            raise LakeInputError(f"lake at {path}: only local folders are supported", hint="set lake_folder")
        self.path = Path(path.removeprefix("file://"))
        self.timezone = timezone
        self.precedence = precedence
        self.homes = homes
        self.erasure_list = erasure_list
        self.store = DeltaStore(self.path / "tickets", TICKETS)
        self.quarantine_store = DeltaStore(self.path / "quarantine", QUARANTINE)
        self.loads_store = DeltaStore(self.path / "loads", LOADS)
        self.erasures_store = DeltaStore(self.path / "erasures", ERASURES)
        self.waiting_store = DeltaStore(self.path / "waiting", WAITING)

    @classmethod
    def open(cls, path: str, *, timezone: str, precedence: Precedence = ()) -> Lake:
        """Open the lake in a folder; it is made on the first write."""
        return cls(path, timezone=timezone, precedence=precedence)

    @classmethod
    def of(cls, settings: Settings) -> Lake:
        """Open the lake of an installation.

        Raises:
            LakeInputError: Its configuration of the lake is wrong.
        """
        trusted, homes = settings.taxonomy.precedence, (settings.home,)
        listed = ErasureList(settings.erasure_list)
        zone = settings.timezone
        return cls(settings.lake_path, timezone=zone, precedence=trusted, homes=homes, erasure_list=listed)

    @property
    def stores(self) -> tuple[DeltaStore, ...]:
        """All tables, the ticket table first; that of the rows that wait once any ever did."""
        usual = (self.store, self.quarantine_store, self.loads_store, self.erasures_store)
        return (*usual, self.waiting_store) if self.waiting_store.exists else usual

    @property
    def version(self) -> int:
        """Snapshot id: the current version of the ticket table."""
        return int(self.store.table().version())

    @property
    def own_channels(self) -> dict[str, tuple[str, ...]]:
        """Source -> its channels that are not citizens', by the mapping that read it last."""
        try:
            said = json.loads((self.path / _OWN_CHANNELS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return {source: tuple(channels) for source, channels in sorted(said.items()) if channels}

    # -- writing ---------------------------------------------------------------------------------------------------

    @contextmanager
    def staging(self) -> Iterator[tuple[str, Path]]:
        """Yield a new load id and a folder of its own beside the tables, removed at the end; see `staging_folders`."""
        with staging_folder(self.path / "staging") as found:
            yield found

    def sweep(self) -> int:
        """Remove what killed loads left on their way into the lake, and return how many left something."""
        return sweep(self.path / "staging")

    def upsert(self, batch: StagedBatch) -> UpsertResult:
        """Add what a staged batch says that the lake does not hold yet, in one commit.

        Tickets are committed at once or not at all. The quarantine goes first and the load log last, so a process
        killed in between leaves no load that looks finished, and running it again adds nothing twice.

        Raises:
            LakeError: The lock or the table could not be had.
        """
        with writer_lock(self.path):
            return self.upsert_locked(batch)

    def upsert_locked(self, batch: StagedBatch) -> UpsertResult:
        """Do the same for a caller that holds the writer's lock."""
        if is_simulated(batch.mapping.source):
            mark_simulated(self.path, *self.homes)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                result = self._compare_and_commit(batch)
                break
            except CommitConflictError:
                if attempt == _ATTEMPTS:
                    raise
        self.log(batch, result)
        return result

    def _compare_and_commit(self, batch: StagedBatch) -> UpsertResult:
        version = self.version
        if version > 0 and not self.erasures_store.exists:
            raise LakeError(
                f"{self.erasures_store.path} is gone, and with it whom an old file must not bring back", hint=RESTORE
            )
        with duck() as connection:
            comparison = compare(connection, batch, self.store, self.erasures_store.scan(), version=version)
            self._refuse(connection, batch)
            waiting.hold(self.waiting_store, connection, batch, self.erasures_store.scan())
            missing = self._missing(connection, batch, version)
            settled = waiting.told_again(self.waiting_store, connection, batch)
            files = self._data_files(connection, batch, comparison.writing)
        counts = replace(comparison.counts, deleted=_rows(missing) if missing else 0)
        files += [missing] if missing else []
        if files:
            counts = replace(counts, version=self._commit(files, batch, counts, version))
        # Only now: a row that waits is given up when the lake holds what its ticket says since.
        waiting.forget(self.waiting_store, settled, unless=batch.load_id)
        return counts

    def _commit(self, files: list[Path], batch: StagedBatch, counts: UpsertResult, version: int) -> int:
        note: dict[str, Any] = {"load": batch.load_id, "source": batch.mapping.source, "file": batch.name}
        note |= {"digest": batch.digest, "kept": counts.kept, "updated": counts.updated, "deleted": counts.deleted}
        return self.store.append(files, note=note, guard=version)

    def _data_files(self, connection: Any, batch: StagedBatch, writing: Writing) -> list[Path]:
        """Put the files of a batch where the table's files are; no commit names them yet."""
        if writing is Writing.NOTHING:
            return []
        decided = batch.file.with_name("decided.parquet")
        names = {decided: f"{batch.load_id}.parquet"}
        if writing is Writing.AS_IS:
            names = {batch.file: f"{batch.load_id}.parquet", decided: f"{batch.load_id}-restated.parquet"}
        write_decided(connection, decided, restated=writing is Writing.AS_IS)
        if not _rows(decided):
            del names[decided]
        return [move_into(file, self.store.path, name) for file, name in names.items()]

    def _missing(self, connection: Any, batch: StagedBatch, version: int) -> Path | None:
        """Put the file that hides what a full export no longer holds where the table's files are."""
        if not batch.mapping.full_export:
            return None
        target = batch.file.with_name("missing.parquet")
        if not write_missing(connection, batch, self.store.scan(version), target):
            return None
        return move_into(target, self.store.path, f"{batch.load_id}-missing.parquet")

    def _refuse(self, connection: Any, batch: StagedBatch) -> None:
        """Write the bad rows of a batch to the quarantine, unless a run that was cut off did so before."""
        if not batch.quarantine.num_rows:
            return
        columns = '"source", "file", "row", "column", "reason"'
        connection.register("refused", batch.quarantine)
        new = arrow(connection, f"SELECT * FROM refused ANTI JOIN {self.quarantine_store.scan()} USING ({columns})")
        if new.num_rows:
            self.quarantine_store.append_rows(new, name=batch.load_id, note={"load": batch.load_id})

    def keep_own_channels(self, source: str, channels: Sequence[str]) -> None:
        """Remember which channels of a source are not citizens'."""
        with writer_lock(self.path):
            known = self.own_channels
            if known.get(source, ()) == tuple(channels):
                return
            said = {**known, source: list(channels)}
            write_whole(self.path / _OWN_CHANNELS, json.dumps(said, ensure_ascii=False, indent=1).encode())

    def log(self, batch: StagedBatch, result: UpsertResult) -> None:
        """Write a finished load, and how far its source is complete, to the load log."""
        self.loads_store.append_rows(load_row(batch, result), name=batch.load_id, note={"load": batch.load_id})

    def loaded_before(self, *, source: str, digest: str, mapping: str) -> Loaded | None:
        """Return the earlier load of the same bytes with the same mapping whose tickets are there, if there was one."""
        with duck(threads=1) as connection:
            loads = loads_of(connection, self.loads_store.scan(), source=source, digest=digest, mapping=mapping)
        return next((load for load in loads if holds(self.store, load)), None)

    def loaded_after(self, now: datetime) -> bool:
        """Tell whether something was loaded later than a moment: a clock that says it is behind, or was ahead then."""
        return any(is_ahead(state.loaded_at, now) for state in self.sources())

    # -- reading ---------------------------------------------------------------------------------------------------

    def tickets(
        self,
        as_of: datetime | None = None,
        *,
        snapshot: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        ids: Sequence[tuple[str, str]] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return tickets as known at a moment, without those deleted by then, in order of opening.

        A ticket that a more trusted source tells as well is there once, unless it is asked for by `ids`.

        Args:
            as_of: Aware moment; what became known later is not there. None: everything known so far.
            snapshot: Version of the lake; the newest when None.
            since: Aware moment: only tickets opened at or after it.
            until: Aware moment: only tickets opened before it.
            ids: Only these (source, ticket id) pairs.
            columns: Columns wanted, out of `features.lake.schema.VISIBLE`; all when None.

        Raises:
            LakeInputError: A column does not exist, or a moment has no time zone.
        """
        with self.selecting(as_of, snapshot=snapshot, since=since, until=until, ids=ids, columns=columns) as (
            connection,
            query,
        ):
            table = arrow(connection, f"{query} ORDER BY opened_at, source, ticket_id")
        return table.cast(pa.schema([TICKETS.field(name) for name in table.column_names]))

    @contextmanager
    def selecting(
        self,
        as_of: datetime | None = None,
        *,
        snapshot: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        ids: Sequence[tuple[str, str]] | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[tuple[Any, str]]:
        """Yield a DuckDB connection and the SELECT of what `tickets` returns, for readers that count there.

        Raises:
            LakeInputError: A column does not exist, or a moment has no time zone.
        """
        wanted = list(columns or VISIBLE)
        unknown = [name for name in wanted if name not in VISIBLE]
        if unknown:
            raise LakeInputError(f"no columns {', '.join(unknown)} in the lake", hint=f"it has {', '.join(VISIBLE)}")
        for name, moment in (("as_of", as_of), ("since", since), ("until", until)):
            if moment is not None and moment.tzinfo is None:
                raise LakeInputError(f"{name} needs a time zone", hint="give an aware datetime")
        where = [f"opened_at >= {instant(since)}"] if since else []
        where += [f"opened_at < {instant(until)}"] if until else []
        scan = self.store.scan(snapshot)
        again = superseded(scan, self.precedence, as_of=as_of) if ids is None else ""
        with duck() as connection:
            if ids is not None:
                # Narrowing the versions before comparing them is right: all versions of a ticket share its id.
                scan = _only(connection, scan, ids)
            elif where:
                scan = _within(connection, scan, " AND ".join(where))
            yield (
                connection,
                as_of_query(scan, wanted, as_of=as_of, where=" AND ".join(where) or "true", superseded=again),
            )

    def news(self, since: datetime, until: datetime, *, snapshot: int | None = None) -> pa.Table:
        """Return `source, ticket_id, known_at` of every version that became known after `since` and by `until`.

        Args:
            since: Aware moment, excluded.
            until: Aware moment, included.
            snapshot: Version of the lake; the newest when None.

        Raises:
            LakeInputError: A moment has no time zone.
        """
        if since.tzinfo is None or until.tzinfo is None:
            raise LakeInputError("since and until need a time zone", hint="give aware datetimes")
        where = f"known_at > {instant(since)} AND known_at <= {instant(until)}"
        with duck() as connection:
            rows = f"SELECT source, ticket_id, known_at FROM {self.store.scan(snapshot)} WHERE {where}"
            return arrow(connection, f"{rows} ORDER BY known_at, source, ticket_id")

    def sources(self, as_of: datetime | None = None, *, snapshot: int | None = None) -> list[SourceState]:
        """Return what the lake knows about each source, by name."""
        with duck(threads=1) as connection:
            return source_states(connection, self.loads_store.scan(), as_of=as_of, snapshot=snapshot)

    def quarantine(self, *, source: str | None = None) -> pa.Table:
        """Return the refused rows, newest first."""
        where = f"WHERE source = {literal(source)}" if source else ""
        with duck(threads=1) as connection:
            columns = ", ".join(f'"{name}"' for name in QUARANTINE.names)
            query = f'SELECT {columns} FROM {self.quarantine_store.scan()} {where} ORDER BY quarantined_at DESC, "row"'
            return arrow(connection, query).cast(QUARANTINE)


def _rows(file: Path) -> int:
    return int(pq.ParquetFile(file).metadata.num_rows)


def _within(connection: Any, scan: str, span: str) -> str:
    """Return the versions of the tickets opened within a span: those in it, and all of tickets whose opening moved."""
    moved = f"SELECT DISTINCT key FROM {scan} WHERE flags IS NOT NULL AND contains(flags, '{MOVED}')"
    connection.execute(f"CREATE TEMP TABLE moved AS {moved}")
    if not connection.execute("SELECT count(*) FROM moved").fetchall()[0][0]:
        return f"(SELECT * FROM {scan} WHERE {span})"
    return (
        f"(SELECT * FROM {scan} ANTI JOIN moved USING (key) WHERE {span} "
        f"UNION ALL SELECT * FROM {scan} SEMI JOIN moved USING (key))"
    )


def _only(connection: Any, scan: str, ids: Sequence[tuple[str, str]]) -> str:
    from features.lake.keys import key_sql

    wanted = pa.table(
        {
            "source": pa.array([source for source, _ in ids], pa.string()),
            "ticket_id": pa.array([ticket for _, ticket in ids], pa.string()),
        }
    )
    connection.register("wanted_ids", wanted)
    connection.execute(
        f"CREATE TEMP TABLE wanted AS SELECT DISTINCT source, ticket_id, {key_sql()} AS key FROM wanted_ids"
    )
    # Materialised: an as-of view looks at its versions three times, and the table is large.
    connection.execute(
        f"CREATE TEMP TABLE narrowed AS SELECT * FROM {scan} SEMI JOIN wanted USING (key, source, ticket_id)"
    )
    return "narrowed"
