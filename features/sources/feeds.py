"""Read Open311 and Socrata page by page, window by window, and go on where a cut run was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.mappings import Mapping, Protocol
from features.sources.errors import SourceError
from features.sources.http import JsonFeed


@dataclass(frozen=True)
class Place:
    """Where in a feed a run is: the window's first moment, and the page within it, counted from 1."""

    window: datetime
    page: int = 1


@dataclass(frozen=True)
class Page:
    """Some rows of a feed; `next` is where to go on, None after the last page of the last window."""

    rows: list[dict[str, Any]]
    here: Place
    next: Place | None


def read_pages(
    feed: JsonFeed, mapping: Mapping, *, since: datetime, until: datetime, at: Place | None = None
) -> Iterator[Page]:
    """Yield everything opened from `since` until before `until` (aware), from `at` on.

    Raises:
        SourceError: The mapping does not say what the address speaks.
        FeedError: The address does not answer.
    """
    if mapping.protocol is None:
        raise SourceError(
            f"mapping {mapping.source} does not say what {feed.url} speaks",
            hint='set protocol = "open311" or "socrata"',
        )
    place: Place | None = at or Place(since)
    while place is not None:
        end = min(place.window + timedelta(days=mapping.window_days), until)
        rows = feed.rows(_query(mapping, place, end))
        if len(rows) >= mapping.page_size:
            following: Place | None = Place(place.window, place.page + 1)
        else:
            following = Place(end) if end < until else None
        yield Page(rows, place, following)
        place = following


def _query(mapping: Mapping, place: Place, end: datetime) -> dict[str, str]:
    if mapping.protocol is Protocol.OPEN311:
        return {
            "start_date": _iso(place.window),
            "end_date": _iso(end),
            "page": str(place.page),
            "page_size": str(mapping.page_size),
        }
    opened, ticket = mapping.columns["opened_at"][0], mapping.columns["ticket_id"][0]
    start_local, end_local = (
        moment.astimezone(mapping.zone).strftime("%Y-%m-%dT%H:%M:%S") for moment in (place.window, end)
    )
    return {
        "$where": f"{opened} >= '{start_local}' AND {opened} < '{end_local}'",
        # Without an order Socrata may show a row on two pages and another on none.
        "$order": f"{opened}, {ticket}",
        "$limit": str(mapping.page_size),
        "$offset": str((place.page - 1) * mapping.page_size),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_table(rows: list[dict[str, Any]], mapping: Mapping) -> pa.Table:
    """Return JSON rows as text columns: the mapping's, present or not, and nothing else."""
    wanted = list(dict.fromkeys(column for columns in mapping.columns.values() for column in columns))
    return pa.table({name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in wanted})


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


class Bookmark:
    """Remembers, in a small file, where a run through a feed was cut.

    Args:
        path: The file.
        url: The address; a bookmark of another address or span does not count.
        since: First moment of the run.
        until: End of the run.
    """

    def __init__(self, path: Path, *, url: str, since: datetime, until: datetime | None) -> None:
        self._path = path
        self._run = {"url": url, "since": since.isoformat(), "until": until.isoformat() if until else None}

    def read(self) -> tuple[Place, datetime] | None:
        """Return where to go on and the end of the cut run, None if there is nothing to go on with."""
        if not self._path.exists():
            return None
        kept = json.loads(self._path.read_text(encoding="utf-8"))
        if {name: kept.get(name) for name in ("url", "since", "until")} != self._run:
            return None
        place = Place(datetime.fromisoformat(kept["window"]), kept["page"])
        return place, datetime.fromisoformat(kept["end"])

    def write(self, place: Place | None, *, end: datetime) -> None:
        """Remember a place, or forget the run when it is through."""
        if place is None:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = self._run | asdict(place) | {"window": place.window.isoformat(), "end": end.isoformat()}
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(kept), encoding="utf-8")
        part.replace(self._path)
