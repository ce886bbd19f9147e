"""Read Open311 and Socrata page by page, window by window, and go on where a cut run was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.errors import FeedError, SourceError
from features.mappings import Mapping, MappingError, Protocol
from features.sources.http import JsonFeed


@dataclass(frozen=True)
class FeedPosition:
    """Where in a feed a run is: the window's first moment, the page within it from 1, and the rows before that page."""

    window: datetime
    page: int = 1
    offset: int = 0


@dataclass(frozen=True)
class Page:
    """Some rows of a feed, from page `here` to page `last`.

    `next` is where to go on, None after the last page of the last window.
    """

    rows: list[dict[str, Any]]
    here: FeedPosition
    last: FeedPosition
    next: FeedPosition | None

    @property
    def name(self) -> str:
        """Where the rows are found: the window's day and the page, or pages."""
        first, last = (f"{place.window.date()} page {place.page}" for place in (self.here, self.last))
        return first if first == last else f"{first} to {last}"


def read_pages(
    feed: JsonFeed, mapping: Mapping, *, since: datetime, until: datetime, at: FeedPosition | None = None
) -> Iterator[Page]:
    """Yield everything opened from `since` until before `until` (aware), from `at` on.

    Raises:
        SourceError: The mapping does not say what the address speaks.
        FeedError: The address does not answer.
    """
    if mapping.protocol is None:
        raise SourceError(
            f"mapping {mapping.source} does not say what {feed.name} speaks",
            hint='set protocol = "open311" or "socrata"',
        )
    place: FeedPosition | None = at or FeedPosition(since)
    before: list[dict[str, Any]] = []
    while place is not None:
        end = min(place.window + timedelta(days=mapping.window_days), until)
        rows = feed.rows(_query(mapping, place, end))
        if rows == before:
            _check_turned(rows, place, feed, mapping)
            rows = []
        # Only an empty or a repeated page is the end: a server may give fewer rows than it was asked for.
        if rows:
            following: FeedPosition | None = FeedPosition(place.window, place.page + 1, place.offset + len(rows))
        else:
            following = FeedPosition(end) if end < until else None
        yield Page(rows, place, place, following)
        before = rows
        place = following


def _check_turned(rows: list[dict[str, Any]], place: FeedPosition, feed: JsonFeed, mapping: Mapping) -> None:
    """Refuse a full first page that came twice; beyond the last page some servers repeat it, which is harmless."""
    if place.page == 2 and len(rows) >= mapping.page_size:  # noqa: PLR2004 - the first page once more
        raise FeedError(
            f"{feed.name}: page 2 of the window from {place.window.date()} is page 1 once more, so the server does not "
            f"turn pages and rows beyond the first {len(rows):,} would be lost",
            hint="set page_size in the mapping to the server's limit, and window_days so low that a window holds fewer",
        )


def gathered(pages: Iterator[Page], *, rows: int) -> Iterator[Page]:
    """Yield pages put together until they hold `rows` rows; what was read before a feed broke off comes out too."""
    held: list[Page] = []
    try:
        for page in pages:
            held.append(page)
            if sum(len(one.rows) for one in held) >= rows:
                yield _joined(held)
                held = []
    except FeedError:
        if held:
            yield _joined(held)
        raise
    if held:
        yield _joined(held)


def _joined(pages: list[Page]) -> Page:
    rows = [row for page in pages for row in page.rows]
    return Page(rows, pages[0].here, pages[-1].last, pages[-1].next)


def _query(mapping: Mapping, place: FeedPosition, end: datetime) -> dict[str, str]:
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
        "$offset": str(place.offset),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_table(rows: list[dict[str, Any]], mapping: Mapping) -> pa.Table:
    """Return JSON rows as text columns: the mapping's, present or not, and nothing else.

    Raises:
        MappingError: No row has the id or the opening time under the mapping's name.
    """
    for field in ("ticket_id", "opened_at") if rows else ():
        if not any(column in row for row in rows for column in mapping.columns[field]):
            names = " or ".join(map(repr, mapping.columns[field]))
            has = ", ".join(dict.fromkeys(str(name) for row in rows[:100] for name in row))
            raise MappingError(
                f"mapping {mapping.source}: none of {len(rows):,} rows has {names} (for {field})",
                hint=f"they have {has[:500]}",
            )
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
        url: The address; a bookmark of another address, mapping or span does not count.
        mapping: How the feed is read: a page of another size begins elsewhere.
        since: First moment of the run.
        until: End of the run.
    """

    def __init__(self, path: Path, *, url: str, mapping: Mapping, since: datetime, until: datetime | None) -> None:
        self._path = path
        # Not the address itself: its query may hold a key.
        address = hashlib.sha256(url.encode()).hexdigest()[:16]
        self._run = {"address": address, "mapping": mapping.fingerprint, "since": since.isoformat()}
        self._run["until"] = until.isoformat() if until else ""

    def read(self) -> tuple[FeedPosition, datetime] | None:
        """Return where to go on and the end of the cut run, None if there is nothing to go on with."""
        if not self._path.exists():
            return None
        kept = json.loads(self._path.read_text(encoding="utf-8"))
        if {name: kept.get(name) for name in self._run} != self._run:
            return None
        place = FeedPosition(datetime.fromisoformat(kept["window"]), kept["page"], kept["offset"])
        return place, datetime.fromisoformat(kept["end"])

    def write(self, place: FeedPosition | None, *, end: datetime) -> None:
        """Remember a place, or forget the run when it is through."""
        if place is None:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = self._run | asdict(place) | {"window": place.window.isoformat(), "end": end.isoformat()}
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(kept), encoding="utf-8")
        part.replace(self._path)
