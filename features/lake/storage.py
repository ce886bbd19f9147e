"""Delta tables on disk: read their files, append a Parquet file in one commit, and lose no race."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from features.durable import make_folder, sync
from features.errors import LakeError
from features.foreign_paths import delta_can_read, file_of_uri, plain_folder, stand_in
from features.lake.checksums import Checksums
from features.lake.duck import parquet

_KINDS: Final = ("json", "checkpoint.parquet")
RESTORE: Final = "bring the lake back from a backup: `weisu restore FILE`"
"""The way out of damage that handing files in again does not mend."""

_KEEP_LOG: Final = "interval 36500 days"
"""Delta forgets old versions after 30 days by default; a training must be repeatable on its snapshot for years."""


class DeltaStore:
    """One Delta table, made on first use.

    Args:
        path: Folder of the table.
        schema: Its columns.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.schema = schema
        self.checksums = Checksums(path)

    @property
    def log(self) -> Path:
        """The folder of its commits."""
        return self.path / "_delta_log"

    def table(self, version: int | None = None) -> Any:
        """Return the `DeltaTable` at a version, the newest one by default.

        Raises:
            LakeError: The version does not exist any more, or never did.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if not self.exists:
            self._create()
        try:
            return DeltaTable(self._place(), version=version)
        except DeltaError as error:
            if version is None and (broken := self.broken_commit()):
                raise LakeError(
                    f"{self.path}: the newest commit, {broken.name}, is half written, and what it held is lost",
                    hint="hand in again what was loaded last: `weisu ingest` sets the broken commit aside",
                ) from error
            said = str(error).splitlines()[0]
            if version is None:
                raise LakeError(f"{self.path}: the log cannot be read: {said}", hint=RESTORE) from error
            raise LakeError(
                f"{self.path}: version {version} cannot be read: {said}",
                hint="`weisu lake history` lists the versions that are there",
            ) from error

    @property
    def exists(self) -> bool:
        """Whether anything was ever committed; a run killed while it made the table leaves an empty folder."""
        return self.log.is_dir() and any(entry.suffix == ".json" for entry in self.log.iterdir())

    def _create(self) -> None:
        from deltalake import DeltaTable

        make_folder(self.log)
        configuration = {
            "delta.logRetentionDuration": _KEEP_LOG,
            "delta.deletedFileRetentionDuration": "interval 0 days",
            "delta.checkpointInterval": "50",
            # Minima and maxima of texts and callers would outlive an erasure in the log.
            "delta.dataSkippingStatsColumns": self.schema.names[0],
        }
        DeltaTable.create(self._place(), self.schema, mode="ignore", configuration=configuration)
        self._sync_log(0)

    def _place(self) -> str:
        """Return where deltalake finds the log of the table."""
        return str(self.path if delta_can_read(self.path) else stand_in(self.path.resolve()))

    @contextmanager
    def _working(self) -> Iterator[Any]:
        """Yield the newest `DeltaTable` for a call that reads and writes data files.

        Where deltalake cannot read the folder's name, it works on a copy of the log with links to the files, in a
        folder with a plain name; what it wrote is then brought here, files first, and its commits one by one.
        """
        from deltalake import DeltaTable

        table = self.table()
        before, here = int(table.version()), {file.name for file in self.path.glob("*.parquet")}
        if delta_can_read(self.path):
            with _in_our_words(self.path):
                yield table
            new = [file for file in self.path.glob("*.parquet") if file.name not in here]
            sync([*new, self.path])
            self.checksums.write(new)
            self._sync_log(before + 1)
            return
        copy = plain_folder()
        try:
            shutil.copytree(self.log, copy / "_delta_log")
            for name in here:
                (copy / name).symlink_to(self.path.resolve() / name)
            with _in_our_words(self.path):
                yield DeltaTable(str(copy))
            self._bring_home(copy, here)
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def _bring_home(self, copy: Path, before: set[str]) -> None:
        now = {file.name for file in copy.glob("*.parquet")}
        for name in sorted(now - before):
            shutil.copyfile(copy / name, self.path / f"{name}.part")
            (self.path / f"{name}.part").replace(self.path / name)
        sync([*(self.path / name for name in now - before), self.path])
        self.checksums.write(self.path / name for name in sorted(now - before))
        log, first = self.log, None
        for commit in sorted((copy / "_delta_log").glob("*.json")):
            if not (log / commit.name).exists():
                shutil.copyfile(commit, log / f".{commit.name}.part")
                # A link, not a rename: of two writers of one version only the first may win.
                (log / commit.name).hardlink_to(log / f".{commit.name}.part")
                (log / f".{commit.name}.part").unlink()
                first = _commit_of(commit) if first is None else first
        if first is not None:
            self._sync_log(first)
        for name in before - now:
            (self.path / name).unlink()

    def compact(self) -> dict[str, int]:
        """Merge small files into large ones, and return how many were added and removed."""
        with self._working() as table:
            metrics: dict[str, int] = table.optimize.compact(target_size=1 << 28)
        return metrics

    def delete(self, conditions: Sequence[str]) -> int:
        """Delete the rows that meet any of some SQL conditions, one commit for each, and return how many."""
        if not conditions:
            return 0
        with self._working() as table:
            return sum(int(table.delete(condition)["num_deleted_rows"]) for condition in conditions)

    def scan(self, version: int | None = None) -> str:
        """Return the SQL of the table at a version: what follows FROM."""
        return self.scan_files(self.files(version))

    def files(self, version: int | None = None) -> list[str]:
        """Return the files of the table at a version.

        Raises:
            LakeError: One of them is gone.
        """
        files = self.named(version)
        gone = [file for file in files if not Path(file).exists()]
        if gone and version in (None, int(self.table().version())):
            raise LakeError(
                f"{self.path}: {len(gone)} of the {len(files)} files of the newest version are missing", hint=RESTORE
            )
        if gone:
            raise LakeError(
                f"{self.path}: version {version} can no longer be read exactly: {len(gone)} of its {len(files)} files "
                "were removed by an erasure or a vacuum",
                hint="use a later snapshot; `weisu lake history` lists them",
            )
        return files

    def named(self, version: int | None = None) -> list[str]:
        """Return the files that the log names for a version, there or not."""
        return [str(self.path / file_of_uri(uri)) for uri in self.table(version).file_uris()]

    def scan_files(self, files: Sequence[str]) -> str:
        """Return the SQL of some files of the table, with a column `filename` besides the table's own."""
        if not files:
            empty = ", ".join(f'NULL::{_duckdb_type(field.type)} AS "{field.name}"' for field in self.schema)
            return f"(SELECT {empty}, NULL::VARCHAR AS filename WHERE false)"
        # By name: a file may carry more columns than the table, and then `*` would not read it beside the others.
        # As the table calls them: DuckDB finds a column in any case and would answer in the case of the file.
        columns = ", ".join(f'"{field.name}" AS "{field.name}"' for field in self.schema)
        return f"(SELECT {columns}, filename FROM {parquet(files, filename=True)})"

    def append(self, files: list[Path], *, note: dict[str, Any], guard: int | None = None) -> int:
        """Commit Parquet files that already lie in the table's folder and return the new version.

        Args:
            files: The files; their columns are the table's.
            note: Kept with the commit, shown by `weisu lake history`.
            guard: The version the caller compared with. Any other guarded commit since then makes this one fail, so
                that two writers never both add what each found missing.

        Raises:
            ConflictError: Another writer was faster.
        """
        from deltalake import CommitProperties, Transaction
        from deltalake.exceptions import CommitFailedError

        table = self.table(guard)
        before = int(table.version())
        sync([*files, self.path])
        self.checksums.write(files)
        transactions = None if guard is None else [Transaction("upsert", guard + 1)]
        try:
            with _in_our_words(self.path, but=CommitFailedError):
                table.create_write_transaction(
                    [_add_action(file) for file in files],
                    mode="append",
                    schema=self.schema,
                    commit_properties=CommitProperties(
                        custom_metadata={"weisu": json.dumps(note, ensure_ascii=False, default=str)},
                        app_transactions=transactions,
                    ),
                )
        except CommitFailedError as error:
            raise CommitConflictError(f"{self.path}: another writer was faster: {error}") from error
        table.update_incremental()
        version = int(table.version())
        self._sync_log(before + 1, version)
        return version

    def _sync_log(self, since: int, through: int | None = None) -> None:
        """Wait until the commits from a version on are on the disk: only then may anybody be told of them."""
        through = int(self.table().version()) if through is None else through
        names = [f"{version:020}.{kind}" for version in range(since, through + 1) for kind in _KINDS]
        sync([*(self.log / name for name in (*names, "_last_checkpoint")), self.log])

    def commit_text(self, version: int) -> str | None:
        """Return what the log says of a commit; '' when it is empty or half written, None when it is not there."""
        try:
            text = (self.log / f"{version:020}.json").read_bytes().decode()
            for line in text.splitlines():
                json.loads(line)
        except FileNotFoundError:
            return None
        except ValueError:
            return ""
        return text.strip()

    def broken_commit(self) -> Path | None:
        """Return the newest commit where it is empty or half written, as a power cut leaves it."""
        newest = max((file for file in self.log.glob("*.json") if file.stem.isdigit()), default=None)
        return newest if newest is not None and not self.commit_text(int(newest.stem)) else None

    def lost_versions(self) -> tuple[int, ...]:
        """Return the versions of which a file is gone."""
        lost = []
        for version in range(self.table().version() + 1):
            try:
                self.scan(version)
            except LakeError:
                lost.append(version)
        return tuple(lost)

    def vacuum(self, *, keep: Sequence[int], dry_run: bool = False) -> list[str]:
        """Delete the files that neither the present version nor those of `keep` need; returns them.

        Only under the writer's lock: the files of a commit in the making are nobody's yet.
        """
        how = {"retention_hours": 0, "enforce_retention_duration": False, "full": True, "keep_versions": list(keep)}
        with self._working() as table:
            removed = sorted(table.vacuum(dry_run=dry_run, **how))
        if not dry_run:
            self.checksums.forget_deleted()
        return removed

    def append_rows(self, rows: pa.Table, *, name: str, note: dict[str, Any]) -> int:
        """Commit rows in memory as one file called after `name`."""
        self.table()
        file = self.path / f"{name}.parquet"
        pq.write_table(rows.cast(self.schema), file, compression="zstd")
        return self.append([file], note=note)


@contextmanager
def _in_our_words(folder: Path, *, but: type[Exception] | None = None) -> Iterator[None]:
    """Say what deltalake says as an error of the lake; errors of the type `but` pass."""
    from deltalake.exceptions import DeltaError

    try:
        yield
    except DeltaError as error:
        if but is not None and isinstance(error, but):
            raise
        said = next(iter(str(error).splitlines()), type(error).__name__)
        full = "No space left" in str(error)
        hint = "make room; `weisu doctor` says how much is free" if full else "`weisu lake check` reads every file"
        raise LakeError(f"{folder}: {said}", hint=hint) from error


class CommitConflictError(LakeError):
    """Another writer committed between reading and writing; read again and retry."""


def _add_action(file: Path) -> Any:
    from deltalake.transaction import AddAction

    return AddAction(
        path=file.name,
        size=file.stat().st_size,
        partition_values={},
        modification_time=int(time.time() * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": pq.ParquetFile(file).metadata.num_rows}),
    )


def _commit_of(file: Path) -> int:
    """Return the version of a file of the log, -1 of what belongs to none."""
    number = file.name.partition(".")[0]
    return int(number) if number.isdigit() else -1


def move_into(file: Path, folder: Path, name: str) -> Path:
    """Rename a finished file into the table's folder."""
    target = folder / name
    file.replace(target)
    return target


def _duckdb_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ" if kind.tz else "TIMESTAMP"
    names = {"string": "VARCHAR", "int64": "BIGINT", "int32": "INTEGER", "double": "DOUBLE", "bool": "BOOLEAN"}
    return names.get(str(kind), "DATE")
