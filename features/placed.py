"""The tickets of a year as columns of numbers: what about, where, how long ago, and whether a caller's repeat.

A city's year is eight million tickets, of which a scan in space and time needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.lake import Lake
from features.lake.engine import arrow, duck
from features.series import UNCLASSIFIED

_DAY_US: Final = 86_400_000_000
_POINT: Final = " AND isfinite(lat) AND isfinite(lon)"
_READ: Final = ("source", "ticket_id", "opened_local", "district", "caller", "lat", "lon")


@dataclass(frozen=True)
class PlacedTickets:
    """Tickets as known at a moment, in no order.

    Attributes:
        matter: Index into `matters`, the values of the column asked for.
        district: Index into `districts`; both empty where only points were asked for.
        lat, lon: Degrees, WGS 84; NaN where unknown.
        age: Whole days between opening and the moment.
        again: Whether the ticket repeats its caller's last one on the same matter.
        key: "source/ticket_id" of the tickets younger than asked for, None for the others.
        now: The moment, naive local.
    """

    matter: NDArray[np.int32]
    matters: tuple[str, ...]
    district: NDArray[np.int32]
    districts: tuple[str, ...]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    age: NDArray[np.int32]
    again: NDArray[np.bool_]
    key: pa.Array
    now: pd.Timestamp


def placed_tickets(
    source: Lake | Any,
    *,
    as_of: datetime,
    timezone: str,
    by: str,
    days: int,
    merge_days: int = 7,
    keyed_days: int = 14,
    points_only: bool = True,
) -> PlacedTickets:
    """Return the tickets opened in the last days, as known at a moment.

    Args:
        source: The ticket lake, or tickets with its columns (a frame or an Arrow table).
        as_of: Aware moment; days are the 24-hour spans before it.
        timezone: Zone of `opened_local`.
        by: The column that says what a ticket is about.
        days: How many days.
        merge_days: A caller's ticket at most so many days after the last one on the same matter repeats it. A ticket
            without a caller counts as a caller of its own.
        keyed_days: Tickets younger than so many days keep their keys.
        points_only: Leave out tickets without coordinates, and the districts.
    """
    columns = [*_READ, by]
    now = pd.Timestamp(as_of.astimezone(ZoneInfo(timezone)).replace(tzinfo=None))

    said = _said(by, now, merge_days=merge_days, keyed_days=keyed_days, points_only=points_only)
    opened = f"opened_local >= TIMESTAMP '{now}' - INTERVAL {days} DAY AND opened_local < TIMESTAMP '{now}'"
    where = f"{opened}{_POINT if points_only else ''}"

    if isinstance(source, Lake):
        # A day more than asked for: civil days can be longer than 24 hours.
        since = as_of - timedelta(days=days + 1)
        with source.selecting(as_of, since=since, columns=columns) as (connection, tickets):
            return _packed(arrow(connection, f"SELECT {said} FROM ({tickets}) WHERE {where}"), now)
    frame = source.to_pandas() if hasattr(source, "to_pandas") else source
    frame = frame[pd.to_datetime(frame["known_at"], utc=True) <= pd.Timestamp(as_of)]
    known = pd.DataFrame({name: frame.get(name) for name in columns}, index=frame.index)
    with duck() as connection:
        connection.register("given", pa.Table.from_pandas(known, preserve_index=False))
        return _packed(arrow(connection, f"SELECT {said} FROM given WHERE {where}"), now)


def _said(by: str, now: pd.Timestamp, *, merge_days: int, keyed_days: int, points_only: bool) -> str:
    """Return the SQL of what is asked of a ticket."""
    key, matter = "source || '/' || ticket_id", f"coalesce(nullif({by}, ''), '{UNCLASSIFIED}')"
    age = f"date_diff('microsecond', opened_local, TIMESTAMP '{now}') // {_DAY_US}"
    own = f"OVER (PARTITION BY hash(coalesce(nullif(caller, ''), {key}), {matter}) ORDER BY opened_local, hash({key}))"
    asked = [
        f"{matter} AS matter",
        "coalesce(lat, 'nan')::DOUBLE AS lat",
        "coalesce(lon, 'nan')::DOUBLE AS lon",
        f"({age})::INTEGER AS age",
        f"coalesce(opened_local - lag(opened_local) {own} <= INTERVAL {merge_days} DAY, false) AS again",
        f"CASE WHEN {age} < {keyed_days} THEN {key} END AS key",
    ]
    if not points_only:
        asked.append(f"coalesce(nullif(district, ''), '{UNCLASSIFIED}') AS district")
    return ", ".join(asked)


def _packed(rows: pa.Table, now: pd.Timestamp) -> PlacedTickets:
    matter, matters = _coded(rows, "matter")
    district, districts = _coded(rows, "district")
    numbers = {name: rows[name].to_numpy() for name in ("lat", "lon", "age", "again")}
    keys = rows["key"].combine_chunks()
    return PlacedTickets(matter, matters, district, districts, **numbers, key=keys, now=now)


def _coded(rows: pa.Table, name: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    if name not in rows.column_names:
        return np.empty(0, dtype=np.int32), ()
    column = rows[name].combine_chunks().dictionary_encode()
    return column.indices.to_numpy(), tuple(column.dictionary.to_pylist())
