"""Who speaks through a ticket: a caller, the hotline's own staff, or one hand that wrote several.

Every ticket is kept, shown and forecast. What detectors count are reports: entries of channels that are not citizens'
count for nothing; a list typed in by one hand, or the walk of one app user along streets, counts once; several tickets
of one caller count once, and any other ticket counts by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

from features.lake.duck import arrow, duck, literal
from features.series import ONE_HAND

OwnChannels = Mapping[str, Sequence[str]]
"""Source -> its channels that are not citizens' (`own_channels` of its mapping)."""

NEEDED: Final = (
    *("source", "channel", "category1", "category2", "category", "district", "caller", "opened_local", "lat", "lon"),
)
"""Columns of a ticket that say who speaks."""

_LEAST: Final = 6
"""A list or a walk has at least so many entries of one category in one channel and day."""
_GAP_SECONDS: Final = 180
"""A list: each entry within so long of the one before..."""
_UNEVEN: Final = 0.6
"""... with a standard deviation of the gaps of at most so much of their mean: calls that come by themselves have 1."""
_STEP_SECONDS: Final = 900
"""A walk: each entry of a district within so long of the one before..."""
_SPREAD: Final = 0.0003
"""... they lie further than so many degrees (30 m) around their centre..."""
_STEPS: Final = 0.4
"""... and von Neumann's ratio of their points, in the order of time, is at most so much. It is the sum of the squared
steps, as a share of twice that of the squared distances from their centre: 1 where order and place have nothing to do
with each other, as of people who do not know of each other, and near 0 where somebody goes along a street."""


def own_entry(own: OwnChannels) -> str:
    """Return the SQL of whether a ticket is an own entry."""
    listed = [
        f"(source = {literal(source)} AND channel IN ({', '.join(map(literal, channels))}))"
        for source, channels in sorted(own.items())
        if channels
    ]
    return f"coalesce({' OR '.join(listed)}, false)" if listed else "false"


def reported(tickets: str, own: OwnChannels) -> str:
    """Return the SQL of tickets with `own` added, and `caller` filled where one hand wrote several.

    One hand typed in a list (even gaps of minutes), or went along streets with an app. Both are looked for where the
    source names neither a caller nor only a day.

    Args:
        tickets: A SELECT or a table, with the columns `NEEDED`.
        own: Channels that are not citizens'.
    """
    unnamed = "caller IS NULL AND channel IS NOT NULL AND opened_local IS NOT NULL"
    hands = _with_hands(f"SELECT * FROM given WHERE {unnamed} AND opened_local <> opened_local::DATE")
    return f"""WITH given AS MATERIALIZED (FROM ({tickets}))
        SELECT *, {own_entry(own)} AS own FROM (
            SELECT * FROM given WHERE ({unnamed} AND opened_local <> opened_local::DATE) IS NOT true
            UNION ALL BY NAME ({hands}))"""


def _with_hands(unnamed: str) -> str:
    """Return the SQL of tickets without a caller, with one where one hand wrote several."""
    matter = "source, channel, category1, category2, category, opened_local::DATE"
    district = f"{matter}, district"
    # Of what came in the same second the order is nobody's: any, but always the same.
    order = "ORDER BY opened_local, hash(lat, lon)"
    gaps = f"""SELECT *, {_since_last("epoch(opened_local)", matter, order)} AS list_gap,
        {_since_last("epoch(opened_local)", district, order)} AS walk_gap FROM ({unnamed})"""
    runs = f"""SELECT *, {_run("list_gap", _GAP_SECONDS, matter, order)} AS list,
        {_run("walk_gap", _STEP_SECONDS, district, order)} AS walk FROM ({gaps})"""
    north, east = "lat", "lon * cos(radians(lat))"
    steps = (f"pow({_since_last(side, f'{district}, walk', order)}, 2)" for side in (north, east))
    measured = f"""SELECT * REPLACE (CASE WHEN list_gap <= {_GAP_SECONDS} THEN list_gap END AS list_gap),
        {" + ".join(steps)} AS step FROM ({runs})"""
    of_list, of_walk = f"OVER (PARTITION BY {matter}, list)", f"OVER (PARTITION BY {district}, walk)"
    listed = f"""count(*) {of_list} >= {_LEAST}
        AND coalesce(stddev_pop(list_gap) {of_list}, 0) <= {_UNEVEN} * avg(list_gap) {of_list}"""
    spread = f"count(*) {of_walk} * (var_pop({north}) {of_walk} + var_pop({east}) {of_walk})"
    walked = f"""count(lat) {of_walk} = count(*) {of_walk} AND count(*) {of_walk} >= {_LEAST}
        AND {spread} > {_SPREAD**2} * count(*) {of_walk} AND sum(step) {of_walk} <= {2 * _STEPS} * {spread}"""
    one = f"{literal(ONE_HAND)}, source, channel, category1, category2, category, opened_local::DATE"
    hand = f"""CASE WHEN {listed} THEN concat_ws('/', {one}, list::BIGINT)
        WHEN {walked} THEN concat_ws('/', {one}, district, walk::BIGINT) END"""
    return f"SELECT * EXCLUDE (list_gap, walk_gap, list, walk, step) REPLACE ({hand} AS caller) FROM ({measured})"


def _since_last(value: str, part: str, order: str) -> str:
    """Return the SQL of by how much a value differs from that of the entry before."""
    return f"({value}) - lag({value}) OVER (PARTITION BY {part} {order})"


def _run(gap: str, seconds: int, part: str, order: str) -> str:
    """Return the SQL that numbers the runs of entries of which each is within so long of the one before."""
    over = f"OVER (PARTITION BY {part} {order} ROWS UNBOUNDED PRECEDING)"
    return f"sum(CASE WHEN {gap} <= {seconds} THEN 0 ELSE 1 END) {over}"


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
