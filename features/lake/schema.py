"""Columns of the lake: one row is one version of a ticket, as it was known from `known_at` on."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

_UTC: Final = pa.timestamp("us", "UTC")
_CIVIL: Final = pa.timestamp("us")

TICKETS: Final = pa.schema(
    [
        ("source", pa.string()),
        ("ticket_id", pa.string()),
        ("key", pa.int64()),  # hash of source and ticket id: what an upsert looks up
        ("revision", pa.int32()),  # 1 for the first version of a ticket
        ("known_at", _UTC),
        ("opened_at", _UTC),
        ("opened_local", _CIVIL),
        ("closed_at", _UTC),
        ("outcome_known_at", _UTC),  # from when OUTCOME holds, if later than known_at
        ("category1", pa.string()),
        ("category2", pa.string()),
        ("category", pa.string()),
        ("category_code", pa.string()),
        ("district", pa.string()),
        ("street", pa.string()),
        ("department", pa.string()),
        ("channel", pa.string()),
        ("request_type", pa.string()),
        ("status", pa.string()),
        ("caller", pa.string()),  # keyed hash, never a number or a name
        ("title", pa.string()),
        ("text", pa.string()),
        ("address", pa.string()),
        ("lat", pa.float64()),
        ("lon", pa.float64()),
        ("is_repeat", pa.bool_()),
        ("satisfaction", pa.string()),
        ("flags", pa.string()),  # quality flags, joined by commas
        ("deleted", pa.bool_()),
        ("content_hash", pa.int64()),  # of everything the source states about the ticket
        ("load_id", pa.string()),
    ]
)

QUARANTINE: Final = pa.schema(
    [
        ("load_id", pa.string()),
        ("source", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),  # 1 is the first row after the header
        ("column", pa.string()),
        ("reason", pa.string()),
        ("value", pa.string()),  # masked
        ("ticket_id", pa.string()),  # these two so that a person can be erased from here too
        ("caller", pa.string()),
        ("quarantined_at", _UTC),
    ]
)

WAITING: Final = pa.schema(
    [
        *TICKETS,
        ("due_at", _UTC),  # the latest of its times: from then on it is no longer in the future
        ("held_at", _UTC),
        ("known_by", pa.string()),  # the mapping's known_at
    ]
)
"""Rows that named a time in the future, one for each ticket: what its source said last."""

LOADS: Final = pa.schema(
    [
        ("load_id", pa.string()),
        ("source", pa.string()),
        ("mapping", pa.string()),  # fingerprint of the mapping that read it
        ("file", pa.string()),
        ("digest", pa.string()),  # of the file's bytes; with the mapping it says whether this was loaded before
        ("loaded_at", _UTC),
        ("snapshot", pa.int64()),  # version of the ticket table that holds the load
        ("read", pa.int64()),
        ("kept", pa.int64()),
        ("updated", pa.int64()),
        ("unchanged", pa.int64()),
        ("quarantined", pa.int64()),
        ("repeated", pa.int64()),
        ("timezone", pa.string()),
        ("date_only", pa.bool_()),
        ("covers_from", pa.date32()),
        ("complete_through", pa.date32()),
        ("ended", pa.bool_()),
        ("known_through", _UTC),  # a live feed was read up to this moment
    ]
)

ERASURES: Final = pa.schema(
    [
        ("erasure_id", pa.string()),
        ("erased_at", _UTC),
        ("source", pa.string()),
        ("key", pa.int64()),  # what stays of an erased ticket: enough to refuse it when an old file comes back
        ("by", pa.string()),
        ("reason", pa.string()),
        ("versions", pa.int64()),  # versions of the ticket that were removed
        ("snapshot", pa.int64()),  # first version of the lake without it
    ]
)

OUTCOME: Final = ("closed_at", "status", "satisfaction")
"""Facts of the ending: in a historic file they count from `outcome_known_at`, not from `known_at`."""

MOVED: Final = "opening_moved"
"""Flag of a version that states another opening than the one before. All versions of a ticket without it share their
opening, which is why a reader of a span of time need not look outside it."""

WAITED: Final = "waited"
"""Flag of a version whose time lay in the future when it came: it does not tell how far its feed was read."""

AHEAD: Final = "time in the future"
"""Why a row was refused whose time had not come yet."""

OPEN: Final = "open"
"""Status shown while the outcome of a historic row lies in the future of `as_of`."""

INTERNAL: Final = ("key", "revision", "outcome_known_at", "deleted", "content_hash", "load_id")
"""Columns of the table that are not facts about a ticket."""

STATED: Final = tuple(
    name
    for name in TICKETS.names
    if name not in {"source", "ticket_id", "key", "revision", "known_at", "outcome_known_at", "content_hash", "load_id"}
)
"""Columns that the content hash covers, in a fixed order."""

VISIBLE: Final = tuple(name for name in TICKETS.names if name not in INTERNAL)
"""Columns that `Lake.tickets` hands out."""
