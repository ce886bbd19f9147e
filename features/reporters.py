"""Who speaks through a ticket: a caller, the hotline's own staff, or one hand that typed in a list.

Every ticket is kept, shown and forecast. What detectors count are reports: entries of channels that are not citizens'
count for nothing, a list typed in by one hand counts once, several tickets of one caller count once, and any other
ticket counts by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

from features.lake.duck import arrow, duck, literal
from features.series import ONE_HAND

OwnChannels = Mapping[str, Sequence[str]]
"""Source -> its channels that are not citizens' (`own_channels` of its mapping)."""

NEEDED: Final = ("source", "channel", "category1", "category2", "category", "caller", "opened_local")
"""Columns of a ticket that say who speaks."""

_GAP_SECONDS: Final = 180
"""A list: each entry within so long of the one before..."""
_LEAST: Final = 6
"""... at least so many of one category in one channel and day..."""
_UNEVEN: Final = 0.6
"""... with a standard deviation of the gaps of at most so much of their mean: calls that come by themselves have 1."""


def own_entry(own: OwnChannels) -> str:
    """Return the SQL of whether a ticket is an own entry."""
    listed = [
        f"(source = {literal(source)} AND channel IN ({', '.join(map(literal, channels))}))"
        for source, channels in sorted(own.items())
        if channels
    ]
    return f"coalesce({' OR '.join(listed)}, false)" if listed else "false"


def reported(tickets: str, own: OwnChannels) -> str:
    """Return the SQL of tickets with `own` added, and `caller` filled where one hand typed in a list.

    Lists are looked for where the source names neither a caller nor only a day.

    Args:
        tickets: A SELECT or a table, with the columns `NEEDED`.
        own: Channels that are not citizens'.
    """
    path = "category1, category2, category"
    part = f"PARTITION BY source, channel, {path}, opened_local::DATE, caller IS NULL"
    run = f"{part}, run"
    before = f"lag(opened_local) OVER ({part} ORDER BY opened_local)"
    gaps = f"SELECT *, epoch(opened_local - {before}) AS gap FROM ({tickets})"
    runs = f"""SELECT *, sum(CASE WHEN gap <= {_GAP_SECONDS} THEN 0 ELSE 1 END)
        OVER ({part} ORDER BY opened_local ROWS UNBOUNDED PRECEDING) AS run FROM ({gaps})"""
    within = f"CASE WHEN gap <= {_GAP_SECONDS} THEN gap END"
    measured = f"""SELECT *, count(*) OVER ({run}) AS entries, avg({within}) OVER ({run}) AS usual,
        coalesce(stddev_pop({within}) OVER ({run}), 0) AS spread FROM ({runs})"""
    listed = f"""caller IS NULL AND channel IS NOT NULL AND opened_local <> opened_local::DATE
        AND entries >= {_LEAST} AND spread <= {_UNEVEN} * usual"""
    hand = f"concat_ws('/', {literal(ONE_HAND)}, source, channel, {path}, opened_local::DATE, run::BIGINT)"
    return f"""SELECT * EXCLUDE (gap, run, entries, usual, spread) REPLACE (
        CASE WHEN {listed} THEN {hand} ELSE caller END AS caller), {own_entry(own)} AS own FROM ({measured})"""


def reports(tickets: pa.Table, own: OwnChannels) -> pa.Table:
    """Return the tickets that count, in their order: own entries left out, the entries of one hand under one caller.

    Args:
        tickets: Tickets with the columns `NEEDED`.
        own: Channels that are not citizens'.
    """
    with duck(threads=1) as connection:
        blank = "nullif(caller, '') AS caller, nullif(channel, '') AS channel"
        numbered = tickets.append_column("position", pa.array(range(tickets.num_rows), pa.int64()))
        connection.register("given", numbered)
        query = reported(f"SELECT * REPLACE ({blank}) FROM given", own)
        kept = arrow(connection, f"SELECT position, caller FROM ({query}) WHERE NOT own ORDER BY position")
    left = tickets.take(kept["position"])
    place = left.column_names.index("caller")
    return left.set_column(place, pa.field("caller", pa.string()), kept["caller"].cast(pa.string()))
