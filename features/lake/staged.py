"""A batch that is ready for the lake: canonical columns in a Parquet file, and the rows that were refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from features.mappings import Mapping
from features.reasons import Reasons


@dataclass(frozen=True)
class StagedBatch:
    """One load before it is compared with what the lake holds.

    Attributes:
        file: Parquet file with the lake's columns plus `problem` (null for good rows) and `problem_value`.
        mapping: How the source was read; decides when versions count as known.
        load_id: Name of the load.
        now: The moment of the load, aware UTC.
        read: Rows read, bad ones included.
        quarantine: The bad rows, schema `features.lake.schema.QUARANTINE`.
        waiting: How many of them are only ahead of the present, and come in by themselves.
        name: What the source calls itself: a file name or an address.
        digest: Hash of the source's bytes, '' where there is no file.
        known_through: A live feed was read up to this moment.
        notices: What was guessed, left out or taken together while it was read.
    """

    file: Path
    mapping: Mapping
    load_id: str
    now: datetime
    read: int
    quarantine: pa.Table
    name: str = ""
    digest: str = ""
    known_through: datetime | None = None
    notices: Reasons = ()
    waiting: int = 0
