"""Read Open311 and Socrata page by page, window by window, and go on where a cut run was."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from features.durable import write_whole
from features.errors import FeedError, FeedNotFoundError, SourceError
from features.mappings import Mapping, MappingError, Protocol, SourceClock
from features.privacy import quoted_columns
from features.sources.answers import Row, awaits_id, identity, rows_of
from features.sources.http import JsonFeed, said

_LOG: Final = logging.getLogger(__name__)
_FEWEST: Final = 10
"""No server is known that gives at most fewer rows at once: so few on a page are all there are."""


@dataclass(frozen=True)
class FeedPosition:
    """Where in a feed a run is: the window's first moment, the page within it from 1, and the rows before that page."""

    window: datetime
    page: int = 1
    offset: int = 0

    def turned(self, rows: int) -> FeedPosition:
        """Return the place of the next page after one of so many rows."""
        return FeedPosition(self.window, self.page + 1, self.offset + rows)


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
    asking = _Asking(feed, mapping, answered=at is not None)
    missing: FeedNotFoundError | None = None
    while place is not None:
        end = min(place.window + timedelta(days=mapping.window_days), until)
        following = FeedPosition(end) if end < until else None
        try:
            yield from _window(asking, place, end, following)
        except FeedNotFoundError as error:
            # Some servers say so of a quiet window, all of a wrong address: nothing counts until one window is there.
            missing = missing or error
            if following is None:
                raise missing from None
        place = following


@dataclass
class _Asking:
    """Asks a feed for rows, and knows whether the address ever gave any answer but "not found"."""

    feed: JsonFeed
    mapping: Mapping
    answered: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns of the id."""
        return self.mapping.columns["ticket_id"]

    def rows(self, place: FeedPosition, end: datetime) -> list[Row]:
        """Return the rows of a page; a page that is not there is empty, once it is known that the address is right."""
        try:
            answer = self.feed.answer(_query(self.mapping, place, end))
            rows = rows_of(answer, known=(*self.ids, *self.mapping.columns["opened_at"]))
            if rows is None or _is_complaint(rows, self.mapping):
                kind = FeedNotFoundError if rows and str(rows[0]["code"]) == "404" else FeedError
                hint = "check the address: it ends in requests.json (Open311) or resource/xxxx-xxxx.json (Socrata)"
                raise kind(f"{self.feed.name}: the answer is not a list of requests{said(answer)}", hint=hint)
        except FeedNotFoundError:
            if not self.answered and place.page == 1:
                raise
            return []
        self.answered = True
        return rows

    def identities(self, rows: list[Row]) -> set[str]:
        """Return what tells the rows from others."""
        return {identity(row, self.ids) for row in rows}

    def without(self, rows: list[Row], seen: set[str]) -> list[Row]:
        """Return the rows that were not seen."""
        return [row for row in rows if identity(row, self.ids) not in seen]


def _is_complaint(rows: list[Row], mapping: Mapping) -> bool:
    """Return whether the only row is GeoReport's way of saying what is wrong, sent with HTTP 200."""
    known = {*mapping.columns["ticket_id"], *mapping.columns["opened_at"]}
    return len(rows) == 1 and "code" in rows[0] and not known & set(rows[0])


def _window(asking: _Asking, place: FeedPosition, end: datetime, following: FeedPosition | None) -> Iterator[Page]:
    """Yield the pages of a window until one brings no row that was not there before.

    Servers say the end in many ways: an empty page, a shorter one, the last or the first one once more. What tells them
    from a server that does not turn pages is whether a second page ever brought mostly new rows; nothing is handed out
    before that is known.
    """
    seen: set[str] = set()
    held: list[Page] = []
    # A run goes on within a window only where an earlier one saw its pages turn.
    turns = place.page > 1
    while rows := asking.rows(place, end):
        here = asking.identities(rows)
        fresh = here - seen
        if not fresh:
            break
        turns = turns or (bool(held) and len(fresh) > len(here) // 2)
        after = place.turned(len(rows))
        held.append(Page(rows if turns else asking.without(rows, seen), place, place, after))
        if turns:
            yield from held
            held = []
        seen |= fresh
        place = after
    if rows and not turns:
        _check_whole(asking, held[0], seen, end)
    yield from held
    yield Page([], place, place, following)


def _check_whole(asking: _Asking, first: Page, seen: set[str], end: datetime) -> None:
    """Refuse a window whose second page is the first one, unless its halves show that there was only one page.

    A half that brings fewer rows than a page can hold is whole; two whole halves without a new row are the window.
    """
    most = len(first.rows)
    if most < min(asking.mapping.page_size, _FEWEST):
        return
    middle = _middle(first.rows, asking.mapping)
    halves = [(first.here.window, middle), (middle, end)] if middle else []
    for begin, stop in halves:
        rows = asking.rows(FeedPosition(begin), stop) if begin < stop else []
        if len(rows) >= most or not asking.identities(rows) <= seen:
            halves = []
            break
    if not halves:
        raise FeedError(
            f"{asking.feed.name}: page 2 of the window from {first.here.window.date()} is page 1 once more, so the "
            f"server does not turn pages and rows beyond the first {most:,} would be lost",
            hint="set page_size in the mapping to the server's limit, and window_days so low that a window holds fewer",
        )


def _middle(rows: list[Row], mapping: Mapping) -> datetime | None:
    """Return the moment that halves the rows by their opening, None where their times cannot be read."""
    try:
        opened = sorted(_moment(row, mapping) for row in rows)
    except (StopIteration, ValueError):
        return None
    return opened[len(opened) // 2].replace(microsecond=0)


def _moment(row: Row, mapping: Mapping) -> datetime:
    told = datetime.fromisoformat(next(str(row[name]) for name in mapping.columns["opened_at"] if row.get(name)))
    zone = mapping.zone if mapping.clock is SourceClock.LOCAL else UTC
    return told if told.tzinfo else told.replace(tzinfo=zone)


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


def split_waiting(rows: list[Row], mapping: Mapping) -> tuple[list[Row], int]:
    """Return the rows that have an id, or should, and how many requests have only a token so far."""
    ids = mapping.columns["ticket_id"]
    ready = [row for row in rows if not awaits_id(row, ids)]
    return ready, len(rows) - len(ready)


def as_table(rows: list[dict[str, Any]], mapping: Mapping) -> pa.Table:
    """Return JSON rows as text columns: the mapping's, present or not, and nothing else.

    Raises:
        MappingError: No row has the id or the opening time under the mapping's name.
    """
    for field in ("ticket_id", "opened_at") if rows else ():
        if not any(column in row for row in rows for column in mapping.columns[field]):
            names = " or ".join(map(repr, mapping.columns[field]))
            has = list(dict.fromkeys(str(name) for row in rows[:100] for name in row))
            raise MappingError(
                f"mapping {mapping.source}: none of {len(rows):,} rows has {names} (for {field})",
                hint=quoted_columns(has, says="they have"),
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
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if {name: kept.get(name) for name in self._run} != self._run:
                return None
            place = FeedPosition(datetime.fromisoformat(kept["window"]), int(kept["page"]), int(kept["offset"]))
            return place, datetime.fromisoformat(kept["end"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            # The feed is read from the beginning, and what is known already changes nothing.
            _LOG.warning("the bookmark is unreadable, and the feed is read from the beginning: %s", self._path)
            return None

    def write(self, place: FeedPosition | None, *, end: datetime) -> None:
        """Remember a place, or forget the run when it is through."""
        if place is None:
            self._path.unlink(missing_ok=True)
            return
        kept = self._run | asdict(place) | {"window": place.window.isoformat(), "end": end.isoformat()}
        write_whole(self._path, json.dumps(kept).encode())
