"""Read every file of the lake: whether it is there, whether it is what was written, whether it can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from features.digests import file_digest

if TYPE_CHECKING:
    from features.lake.lake import Lake
    from features.lake.storage import DeltaStore

_NAMED: Final = 3


@dataclass(frozen=True)
class FileDamage:
    """What is wrong with the files of one table.

    Attributes:
        table: Name of the table.
        what: `gone` (the whole table), `missing` or `damaged` files, `old` ones of earlier versions that are damaged.
        files: Their names.
    """

    table: str
    what: str
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.what == "gone":
            return f"table {self.table}/ is gone"
        named = ", ".join(self.files[:_NAMED]) + (", ..." if len(self.files) > _NAMED else "")
        said = "damaged, of earlier versions only," if self.what == "old" else self.what
        return f"{said} files of {self.table}/: {named}"


def damaged_files(lake: Lake) -> list[FileDamage]:
    """Return what is wrong with the files of the lake; makes no table that is not there.

    Raises:
        LakeError: The log of a table cannot be read.
    """
    if not lake.store.exists:
        return []
    found: list[FileDamage] = []
    for store in lake.stores:
        if store.exists:
            found += _damage(store)
        elif store is not lake.quarantine_store and lake.version > 0:
            # Whoever writes tickets makes both of the others; a quarantine is made by the first bad row.
            found.append(FileDamage(store.path.name, "gone"))
    return found


def _damage(store: DeltaStore) -> Iterator[FileDamage]:
    table, written = store.path.name, store.checksums.read()
    present = [Path(file).name for file in store.named()]
    missing = tuple(name for name in present if not (store.path / name).exists())
    damaged = tuple(name for name in present if name not in missing and not _is_whole(store.path / name, written))
    old = [name for name in written if name not in present and (store.path / name).exists()]
    of_old = tuple(name for name in old if not _is_whole(store.path / name, written))
    for what, files in (("missing", missing), ("damaged", damaged), ("old", of_old)):
        if files:
            yield FileDamage(table, what, files)


def _is_whole(file: Path, written: dict[str, str]) -> bool:
    """Compare a file with its checksum; one of an earlier release has none, and every value of it is read."""
    if file.name in written:
        return file_digest(file) == written[file.name]
    return is_readable(file)


def is_readable(file: Path) -> bool:
    """Return whether every column of a Parquet file can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches():
                batch.validate(full=True)
    except (OSError, pa.ArrowException, UnicodeDecodeError, EOFError):
        return False
    return True
