"""The one shape of tickets that every detector over tickets reads: as known at a moment, nothing missing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from features.errors import BadInputError
from features.series import UNCLASSIFIED
from features.text.street_names import street_names

TEXT_COLUMNS: Final = (
    "category1",
    "category2",
    "category",
    "district",
    "street",
    "department",
    "caller",
    "title",
    "text",
    "address",
)
"""Columns of a ticket that are empty strings, never missing, in a clean frame."""

READ_COLUMNS: Final = ("source", "ticket_id", "known_at", "opened_local", *TEXT_COLUMNS, "lat", "lon")
"""Columns of the lake that a detector may read."""

_CLASSIFIED: Final = ("category1", "category2", "category", "district")


def local_now(as_of: datetime, timezone: str) -> pd.Timestamp:
    """Return the naive civil time of the hotline at an aware moment.

    >>> from datetime import UTC
    >>> local_now(datetime(2026, 11, 23, tzinfo=UTC), "Asia/Shanghai")
    Timestamp('2026-11-23 08:00:00')
    """
    if as_of.tzinfo is None:
        raise BadInputError(f"as_of {as_of} has no time zone", hint="pass an aware datetime, in UTC")
    return pd.Timestamp(as_of.astimezone(ZoneInfo(timezone)).replace(tzinfo=None))


def clean_tickets(tickets: Any, *, as_of: datetime | None = None) -> pd.DataFrame:
    """Return tickets as detectors read them: known by `as_of`, sorted by opening, without holes.

    A ticket without a caller counts as a caller of its own, because the source cannot say that two are one.

    Args:
        tickets: A pandas frame or an Arrow table with the ticket columns of the lake; `source`, `ticket_id` and
            `opened_local` (naive civil time) are needed, the rest may be absent. A frame that this function returned is
            only cut at `as_of`.
        as_of: Aware moment; a row with a later `known_at` is dropped. None keeps all rows.

    Returns:
        The same columns, `TEXT_COLUMNS` filled, `key` ("source/ticket_id") added, and `lat`, `lon` as floats.

    Raises:
        BadInputError: A needed column is absent, or `as_of` is given and `known_at` is absent.
    """
    frame = tickets.to_pandas() if hasattr(tickets, "to_pandas") else tickets
    needed = {"source", "ticket_id", "opened_local"} | ({"known_at"} if as_of is not None else set())
    if absent := sorted(needed - set(frame.columns)):
        raise BadInputError(f"tickets lack the columns {', '.join(absent)}", hint="pass rows of features.lake")
    if as_of is not None:
        known = pd.to_datetime(frame["known_at"], utc=True) <= pd.Timestamp(as_of)
        frame = frame if known.all() else frame[known]
    if "key" in frame:
        return frame.reset_index(drop=True)
    frame = frame.assign(
        opened_local=pd.to_datetime(frame["opened_local"]).dt.as_unit("us"),
        key=frame["source"].astype(str) + "/" + frame["ticket_id"].astype(str),
        **{name: _filled(frame, name) for name in TEXT_COLUMNS},
        **{name: pd.to_numeric(frame[name]) if name in frame else float("nan") for name in ("lat", "lon")},
    )
    for name in _CLASSIFIED:
        frame[name] = frame[name].mask(frame[name] == "", UNCLASSIFIED)
    frame["caller"] = frame["caller"].mask(frame["caller"] == "", frame["key"])
    return frame.dropna(subset=["opened_local"]).sort_values(["opened_local", "key"], ignore_index=True)


def between(tickets: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Return the clean tickets opened in [start, end), by binary search."""
    first, last = tickets["opened_local"].searchsorted([start, end])
    return tickets.iloc[first:last]


def _filled(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series("", index=frame.index, dtype="str")
    return frame[name].astype("str").fillna("")


def with_streets(tickets: pd.DataFrame) -> pd.DataFrame:
    """Return clean tickets with the street that their address names where they have none."""
    without = (tickets["street"] == "") & (tickets["address"] != "")
    if not without.any():
        return tickets
    street = tickets["street"].astype(object)
    street[without] = street_names(tickets.loc[without, "address"])
    return tickets.assign(street=street.astype("str"))
