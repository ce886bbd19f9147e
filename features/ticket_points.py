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

from features.branches import AS_FILED, PATH, Branches
from features.lake import Lake
from features.lake.duck import arrow, duck
from features.reporters import OwnChannels, reported
from features.series import UNCLASSIFIED

_DAY_US: Final = 86_400_000_000
_NOBODY: Final = 0
_POINT: Final = " AND isfinite(lat) AND isfinite(lon)"
_READ: Final = ("source", "ticket_id", "opened_local", "district", "channel", *PATH, "caller", "lat", "lon")
_DEFAULT_POINT: Final = (100, 0.01)
"""A point that so many tickets and such a share of all have is where tickets without a place are put: no place."""
PLACED_COLUMNS: Final = (*_READ, "known_at")
"""Columns of tickets that `placed_tickets` needs, besides the one that says what a ticket is about."""


@dataclass(frozen=True)
class PlacedTickets:
    """Tickets as known at a moment, in no order.

    Attributes:
        label: Index into `labels`, the values of the column asked for.
        district: Index into `districts`; both empty where only points were asked for.
        lat, lon: Degrees, WGS 84; NaN where unknown.
        age: Whole days between opening and the moment.
        again: Whether the ticket repeats its caller's last one on the same label.
        key: "source/ticket_id" of the tickets younger than asked for, None for the others.
        now: The moment, naive local.
    """

    label: NDArray[np.int32]
    labels: tuple[str, ...]
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
    snapshot: int | None = None,
    own: OwnChannels | None = None,
    branches: Branches = AS_FILED,
) -> PlacedTickets:
    """Return the reports opened in the last days, as known at a moment.

    Args:
        source: The ticket lake, or tickets with its columns (a frame or an Arrow table).
        as_of: Aware moment; days are the 24-hour spans before it.
        timezone: Zone of `opened_local`.
        by: The column that says what a ticket is about.
        days: How many days.
        merge_days: A caller's ticket at most so many days after the last one on the same label repeats it. A ticket
            without a caller counts as a caller of its own.
        keyed_days: Tickets younger than so many days keep their keys.
        points_only: Leave out tickets without coordinates, and the districts.
        snapshot: Version of the lake; the newest when None.
        own: Channels of each source that are not citizens': their tickets are left out.
        branches: What the lake's paths of categories are called.
    """
    columns = list(dict.fromkeys([*_READ, by]))
    now = pd.Timestamp(as_of.astimezone(ZoneInfo(timezone)).replace(tzinfo=None))

    said = _said(by, now, keyed_days=keyed_days, points_only=points_only)
    opened = f"opened_local >= TIMESTAMP '{now}' - INTERVAL {days} DAY AND opened_local < TIMESTAMP '{now}'"
    where = f"{opened}{_POINT if points_only else ''}"

    if isinstance(source, Lake):
        # A day more than asked for: civil days can be longer than 24 hours.
        since = as_of - timedelta(days=days + 1)
        with source.selecting(as_of, snapshot=snapshot, since=since, columns=columns) as (connection, tickets):
            counted = _counted(connection, f"SELECT * FROM ({tickets}) WHERE {where}", own or {})
            named = branches.sql(connection, f"SELECT * FROM {counted}")
            return _packed(arrow(connection, f"SELECT {said} FROM ({named})"), now, merge_days)
    frame = source.to_pandas() if hasattr(source, "to_pandas") else source
    frame = frame[pd.to_datetime(frame["known_at"], utc=True) <= pd.Timestamp(as_of)]
    known = pd.DataFrame({name: frame.get(name) for name in columns}, index=frame.index)
    with duck() as connection:
        connection.register("given", pa.Table.from_pandas(known, preserve_index=False))
        counted = _counted(connection, f"SELECT * FROM given WHERE {where}", own or {})
        return _packed(arrow(connection, f"SELECT {said} FROM {counted}"), now, merge_days)


def _counted(connection: Any, tickets: str, own: OwnChannels) -> str:
    """Leave the reports on the connection, without a point where it is a default one, and return the table's name."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE counted AS {reported(tickets, own)}")
    most, share = _DEFAULT_POINT
    total = connection.execute("SELECT count(*) FROM counted WHERE lat IS NOT NULL").fetchall()[0][0]
    connection.execute(f"""DELETE FROM counted WHERE own OR (round(lat, 5), round(lon, 5)) IN (
        SELECT (round(lat, 5), round(lon, 5)) FROM counted WHERE lat IS NOT NULL AND lon IS NOT NULL
        GROUP BY ALL HAVING count(*) >= {max(most, share * total)})""")
    return "counted"


def _said(by: str, now: pd.Timestamp, *, keyed_days: int, points_only: bool) -> str:
    """Return the SQL of what is asked of a ticket."""
    label = f"coalesce(nullif({by}, ''), '{UNCLASSIFIED}')"
    young = f"opened_local > TIMESTAMP '{now}' - INTERVAL {keyed_days} DAY"
    asked = [
        f"{label} AS label",
        "coalesce(lat, 'nan')::DOUBLE AS lat",
        "coalesce(lon, 'nan')::DOUBLE AS lon",
        "epoch_us(opened_local) AS opened",
        f"CASE WHEN coalesce(caller, '') = '' THEN {_NOBODY} ELSE hash(caller, {label}) END AS caller",
        f"CASE WHEN {young} THEN source || '/' || ticket_id END AS key",
    ]
    if not points_only:
        asked.append(f"coalesce(nullif(district, ''), '{UNCLASSIFIED}') AS district")
    return ", ".join(asked)


def _packed(rows: pa.Table, now: pd.Timestamp, merge_days: int) -> PlacedTickets:
    label, labels = _coded(rows, "label")
    district, districts = _coded(rows, "district")
    lat, lon, opened, caller = (rows[name].to_numpy() for name in ("lat", "lon", "opened", "caller"))
    age = ((now - pd.Timestamp(0)) // pd.Timedelta(1, "us") - opened) // _DAY_US
    again = _repeats(caller, opened, lat, lon, merge_days * _DAY_US)
    keys = rows["key"].combine_chunks()
    return PlacedTickets(label, labels, district, districts, lat, lon, age.astype(np.int32), again, key=keys, now=now)


def _repeats(
    caller: NDArray[np.uint64], opened: NDArray[np.int64], lat: NDArray[Any], lon: NDArray[Any], within: int
) -> NDArray[np.bool_]:
    """Return which tickets follow another of the same `caller` (and label) within so many microseconds.

    Hardly any caller calls twice, so that the order in time is asked for among the few; of two tickets of one moment
    the place decides, never the order in which they were read.
    """
    rows = np.argsort(caller)
    same = np.append(False, caller[rows[1:]] == caller[rows[:-1]]) & (caller[rows] != _NOBODY)
    rows = rows[same | np.append(same[1:], False)]
    rows = rows[np.lexsort((lon[rows], lat[rows], opened[rows], caller[rows]))]
    again = np.zeros(caller.size, dtype=bool)
    again[rows[1:]] = (caller[rows[1:]] == caller[rows[:-1]]) & (np.diff(opened[rows]) <= within)
    return again


def _coded(rows: pa.Table, name: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    if name not in rows.column_names:
        return np.empty(0, dtype=np.int32), ()
    column = rows[name].combine_chunks().dictionary_encode()
    return column.indices.to_numpy(), tuple(column.dictionary.to_pylist())
