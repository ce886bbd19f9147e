"""Bring files into the lake: find, read, mask, compare, commit, count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.clock import Clock
from features.lake import Lake, UpsertResult
from features.mappings import Mapping, load_mapping
from features.settings import Settings
from features.sources.files import file_digest, find_files
from features.sources.staging import Privacy, Staging

SCHEMA_VERSION = 1
OnBatch = Callable[[pa.Table], None]
"""Gets source, ticket_id and revision of every version that a batch added, after its commit."""


@dataclass(frozen=True)
class IngestSummary:
    """What became of the rows.

    `read` = `kept` + `updated` + `unchanged` + `quarantined`; `repeated` rows are among the first three.

    Attributes:
        source: Name of the source.
        read: Rows read.
        kept: Rows that are the first version of a ticket.
        updated: Rows that are a further version of a ticket.
        unchanged: Rows that say what the lake held already.
        quarantined: Rows that were refused.
        repeated: Rows whose ticket id came before in the same file.
        batches: Files or pages committed, one after the other.
        skipped: Files of which the very bytes had been loaded before.
        snapshot: Version of the lake afterwards.
        degraded: Why the result is less than it should be, '' if it is not.
    """

    source: str
    read: int = 0
    kept: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    repeated: int = 0
    batches: int = 0
    skipped: int = 0
    snapshot: int = 0
    degraded: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON document."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    def plus(self, result: UpsertResult, *, read: int, quarantined: int) -> IngestSummary:
        """Return the summary with one more batch counted."""
        return replace(
            self,
            read=self.read + read,
            kept=self.kept + result.kept,
            updated=self.updated + result.updated,
            unchanged=self.unchanged + result.unchanged,
            quarantined=self.quarantined + quarantined,
            repeated=self.repeated + result.repeated,
            batches=self.batches + 1,
            snapshot=result.version,
        )


def ingest(
    paths: Sequence[str | Path],
    mapping: str | Path | Mapping,
    settings: Settings,
    clock: Clock,
    *,
    on_batch: OnBatch | None = None,
) -> IngestSummary:
    """Load files into the lake, one commit for each.

    Args:
        paths: Files, folders or globs.
        mapping: A mapping, the name of a shipped one, or a TOML file.
        settings: Where the lake lies, and the key of the caller hash.
        clock: The present: arrival of live rows, and what counts as the future.
        on_batch: Called after each commit that added something.

    Raises:
        SourceError, MappingError: A file cannot be read, or does not fit the mapping.
        QuarantineError: Too many rows of a file are bad; of that file nothing was kept.
    """
    chosen = mapping if isinstance(mapping, Mapping) else load_mapping(mapping)
    lake = Lake.open(settings.lake_path, timezone=settings.timezone)
    privacy = privacy_of(settings)
    summary = IngestSummary(source=chosen.source, snapshot=lake.version)
    for path in find_files(paths):
        summary = _ingest_file(path, chosen, lake, privacy, clock, summary, on_batch)
    return summary


def _ingest_file(
    path: Path,
    mapping: Mapping,
    lake: Lake,
    privacy: Privacy,
    clock: Clock,
    summary: IngestSummary,
    on_batch: OnBatch | None,
) -> IngestSummary:
    digest = file_digest(path)
    before = lake.loaded_before(source=mapping.source, digest=digest, mapping=mapping.fingerprint)
    if before:
        return _skipped(summary, before)
    with lake.staging() as (load_id, folder):
        staging = Staging(mapping, into=folder, privacy=privacy, now=clock.now(), load_id=load_id)
        batch = replace(staging.file(path), digest=digest)
        result = lake.upsert(batch)
    if on_batch and result.files:
        on_batch(result.keys())
    return summary.plus(result, read=batch.read, quarantined=batch.quarantine.num_rows)


def _skipped(summary: IngestSummary, before: dict[str, int]) -> IngestSummary:
    return replace(
        summary,
        read=summary.read + before["read"],
        unchanged=summary.unchanged + before["read"] - before["quarantined"],
        quarantined=summary.quarantined + before["quarantined"],
        repeated=summary.repeated + before["repeated"],
        skipped=summary.skipped + 1,
    )


def privacy_of(settings: Settings) -> Privacy:
    """Return masking and hashing with the installation's key."""
    from features.privacy import CallerHasher, mask_column

    return Privacy(mask_text=mask_column, hash_caller=CallerHasher(settings.secret_key()).hash_column)
