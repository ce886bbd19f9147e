"""What came into the lake since a version of it, read from its own commits: nothing has to be remembered beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.lake.duck import duck, literals

if TYPE_CHECKING:
    from features.lake.lake import Lake


@dataclass(frozen=True)
class News:
    """The loads that were committed since a version.

    Attributes:
        through: The version that holds them all.
        loads: Their ids, oldest first.
        rows: Versions of tickets that they brought.
    """

    through: int
    loads: tuple[str, ...]
    rows: int


def news_since(lake: Lake, version: int) -> News:
    """Return the loads committed after a version; compaction and erasure bring no news."""
    table = lake.store.table()
    through = int(table.version())
    entries = table.history(through - version) if through > version else []
    notes = [json.loads(entry.get("weisu") or "{}") for entry in reversed(entries)]
    brought = [note for note in notes if "load" in note]
    rows = sum(note.get(count, 0) for note in brought for count in ("kept", "updated", "deleted"))
    return News(through, tuple(note["load"] for note in brought), rows)


def ticket_keys(lake: Lake, news: News) -> list[str]:
    """Return the keys ("source/ticket_id") of the tickets that the loads added to or changed."""
    if not news.loads:
        return []
    query = f"SELECT DISTINCT source || '/' || ticket_id FROM {lake.store.scan(news.through)} "
    with duck(threads=1) as connection:
        rows = connection.execute(f"{query} WHERE load_id IN {literals(news.loads)} ORDER BY 1").fetchall()
    return [key for (key,) in rows]
