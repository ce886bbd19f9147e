"""Bring in what waited: rows that named a time in the future, when that time has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from features.clock import SKEW
from features.lake.duck import duck, instant, literal, literals, parquet
from features.lake.schema import AHEAD, TICKETS, WAITED
from features.lake.staged import StagedBatch
from features.lake.upsert import UpsertResult
from features.lake.waiting import next_due
from features.mappings import KnownAt, Mapping
from features.one_writer import writer_lock

if TYPE_CHECKING:
    from features.lake.lake import Lake
    from features.lake.loads import SourceState


@dataclass(frozen=True)
class CameIn:
    """What became of the rows of a source that had waited: new tickets, new versions, and what was known already."""

    source: str
    kept: int
    updated: int
    unchanged: int


def release(lake: Lake, now: datetime) -> list[CameIn]:
    """Bring the rows whose time has come into the lake, and take them out of the quarantine.

    A row of a live feed is known from now on, any other from the moment that it names. Killed at any moment, the next
    call does the same; rows whose ticket was erased meanwhile are dropped.

    Args:
        lake: The lake.
        now: The present, aware UTC.
    """
    if not is_due(lake, now):
        return []
    found: dict[str, CameIn] = {}
    with writer_lock(lake.path):
        for state in lake.sources():
            for known_by in KnownAt:
                result = _release(lake, state, known_by, now)
                if result:
                    before = found.get(state.source, CameIn(state.source, 0, 0, 0))
                    counts = {
                        name: getattr(before, name) + getattr(result, name) for name in ("kept", "updated", "unchanged")
                    }
                    found[state.source] = CameIn(state.source, **counts)
    return list(found.values())


def is_due(lake: Lake, now: datetime) -> bool:
    """Tell whether any row has waited long enough; without rows that wait this costs a look at a folder."""
    due_at = next_due(lake.waiting_store)
    return due_at is not None and due_at <= now + SKEW


def count(lake: Lake) -> int:
    """Return how many rows wait."""
    if not lake.waiting_store.exists:
        return 0
    with duck(threads=1) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {lake.waiting_store.scan()}").fetchall()[0][0])


def _release(lake: Lake, state: SourceState, known_by: KnownAt, now: datetime) -> UpsertResult | None:
    """Bring in what a source has waiting that is to be known by one of its times; None where that is nothing."""
    due = f"source = {literal(state.source)} AND known_by = {literal(known_by)} AND due_at <= {instant(now + SKEW)}"
    with lake.staging() as (load_id, folder), duck() as connection:
        file, waiting = folder / "staged.parquet", lake.waiting_store.scan()
        known_at = instant(now) if known_by is KnownAt.ARRIVAL else "known_at"
        replaced = f"""{known_at} AS known_at, {literal(load_id)} AS load_id,
            concat_ws(',', nullif(flags, ''), {literal(WAITED)}) AS flags"""
        connection.execute(f"""COPY (SELECT {", ".join(TICKETS.names)}, NULL::VARCHAR AS problem,
                NULL::TIMESTAMPTZ AS due_at
            FROM (SELECT * REPLACE ({replaced}) FROM {waiting} WHERE {due}))
            TO {literal(str(file))} (FORMAT parquet, COMPRESSION zstd)""")
        rows = connection.execute(f"SELECT ticket_id FROM {parquet(file)}").fetchall()
        if not rows:
            return None
        mapping = _mapping(state, known_by)
        name = f"rows that waited until {now:%Y-%m-%d %H:%M:%S} UTC"
        batch = StagedBatch(file, mapping, load_id, now, len(rows), lake.quarantine_store.schema.empty_table(), name)
        result = lake.upsert_locked(batch)
        _leave_quarantine(lake, state.source, [ticket for (ticket,) in rows])
    return result


def _leave_quarantine(lake: Lake, source: str, tickets: list[str]) -> None:
    """Take the refusals of rows that are in the lake now out of the quarantine; its log names rows, never a person."""
    store = lake.quarantine_store
    with duck(threads=1) as connection:
        rows = connection.execute(
            f"""SELECT load_id, list("row") FROM {store.scan()} WHERE source = {literal(source)}
            AND reason = {literal(AHEAD)} AND ticket_id IN {literals(tickets)} GROUP BY load_id"""
        ).fetchall()
    named = [f'(load_id = {literal(load)} AND "row" IN ({", ".join(map(str, numbers))}))' for load, numbers in rows]
    if named:
        store.delete([" OR ".join(named)])


def _mapping(state: SourceState, known_by: KnownAt) -> Mapping:
    """Return what an upsert asks of a mapping, from what the lake knows of a source."""
    return Mapping(
        source=state.source,
        timezone=state.timezone,
        known_at=known_by,
        date_only=state.date_only,
        covers_from=state.covers_from,
        complete_through=state.complete_through,
        ended=state.ended,
        columns={field: (field,) for field in ("ticket_id", "opened_at", "updated_at")},
    )
