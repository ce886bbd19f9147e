"""A lake with some more tickets in the eyes of its readers: nothing is written to it."""

from __future__ import annotations

from pathlib import Path

from features.lake.lake import Lake
from features.lake.storage import DeltaStore


def overlaid(lake: Lake, file: Path) -> Lake:
    """Return a lake whose readers see a Parquet file of ticket versions besides what `lake` holds.

    Args:
        lake: The lake; it stays as it is.
        file: Columns of `features.lake.schema.TICKETS`; sources that the lake knows, or their periods count as never
            complete.
    """
    seen = Lake.open(str(lake.path), timezone=lake.timezone, precedence=lake.precedence)
    seen.store = _Overlay(lake.store, file)
    return seen


class _Overlay(DeltaStore):
    def __init__(self, store: DeltaStore, file: Path) -> None:
        super().__init__(store.path, store.schema)
        self._file = str(file)

    def files(self, version: int | None = None) -> list[str]:
        """Return the table's files and the one on top."""
        return [*super().files(version), self._file]
