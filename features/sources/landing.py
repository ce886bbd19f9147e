"""Take tickets that are handed in, a batch at a time: what `POST /v1/tickets` does with its body."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from features.errors import BadInputError
from features.lake import Lake
from features.lake.ledger import mend
from features.lake.loads import Loaded
from features.mappings import Mapping
from features.sources.feeds import as_table
from features.sources.staging import Privacy, Staging

_LISTED: Final = 100


class LandingError(BadInputError):
    """The batch cannot be taken: it is empty."""


class KeyUsedError(LandingError):
    """The idempotency key was used for other rows."""


@dataclass(frozen=True)
class Refused:
    """A row that went to quarantine: its place in the batch from 1, the field at fault, and why."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True)
class Receipt:
    """What became of a batch.

    Attributes:
        read: Rows handed in.
        kept: New tickets.
        updated: New versions of known tickets.
        unchanged: Rows that said nothing new.
        quarantined: Rows refused.
        waiting: Those of them that named a time in the future: they come in by themselves when it has come.
        replayed: This very batch had been taken before; nothing was done again.
        refused: The first hundred rows that were refused.
    """

    read: int
    kept: int
    updated: int
    unchanged: int
    quarantined: int
    replayed: bool
    refused: tuple[Refused, ...] = ()
    waiting: int = 0


def accept(
    lake: Lake,
    rows: Sequence[dict[str, Any]],
    mapping: Mapping,
    *,
    idempotency_key: str,
    privacy: Privacy,
    now: datetime,
    known_through: datetime | None = None,
) -> Receipt:
    """Add a batch to the lake, once.

    Args:
        lake: The lake.
        rows: Objects with the columns that the mapping names.
        mapping: How to read them.
        idempotency_key: The sender's name for this batch: sending it again returns the same receipt.
        privacy: Masking and hashing.
        now: The present, aware UTC: the arrival.
        known_through: The sender has sent everything up to this moment; None if it does not say.

    Raises:
        LandingError: No rows.
        KeyUsedError: The key was used for other rows.
        QuarantineError: Too many rows are bad; nothing was kept.
    """
    if not rows:
        raise LandingError("no tickets in the batch", hint="send a list of at least one")
    body = hashlib.sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest()[:16]
    name, digest = f"landing:{body}", hashlib.sha256(idempotency_key.encode()).hexdigest()
    mend(lake)
    before = lake.loaded_before(source=mapping.source, digest=digest, mapping=mapping.fingerprint)
    if before:
        return _again(before, name, lake.quarantine(source=mapping.source))
    with lake.staging() as (load_id, folder):
        how: dict[str, Any] = {"threads": 1, "is_behind": lambda: lake.loaded_after(now)}
        staging = Staging(mapping, into=folder, privacy=privacy, now=now, load_id=load_id, **how)
        batch = staging.rows(as_table(list(rows), mapping), name=name)
        result = lake.upsert(replace(batch, digest=digest, known_through=known_through))
    return Receipt(
        read=batch.read,
        kept=result.kept,
        updated=result.updated,
        unchanged=result.unchanged,
        quarantined=batch.quarantine.num_rows,
        replayed=False,
        refused=_refused(batch.quarantine),
        waiting=batch.waiting,
    )


def _refused(quarantine: pa.Table) -> tuple[Refused, ...]:
    listed = quarantine.sort_by("row").slice(0, _LISTED).select(["row", "column", "reason"]).to_pylist()
    return tuple(Refused(**row) for row in listed)


def _again(before: Loaded, name: str, quarantine: pa.Table) -> Receipt:
    if before.name != name:
        raise KeyUsedError("this idempotency key was used for other tickets", hint="use a new key for every batch")
    return Receipt(
        before.read,
        before.kept,
        before.updated,
        before.unchanged,
        before.quarantined,
        replayed=True,
        refused=_refused(quarantine.filter(pc.field("file") == name)),
    )
