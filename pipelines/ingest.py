"""Bring tickets into the lake: find, read, mask, compare, commit, count."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import structlog

from features.clock import Clock
from features.configuration import BoundsConfig
from features.digests import file_digest
from features.errors import SourceError
from features.lake import Lake, StagedBatch, UpsertResult
from features.lake.caller_keys import key_for
from features.lake.ledger import mend
from features.lake.loads import Loaded
from features.lake.release import is_due, release
from features.mappings import Mapping, load_mapping
from features.reasons import Reason, ReasonCode, Reasons, Value, documents, to_json
from features.settings import Settings
from features.sources.feeds import Bookmark, as_table, gathered, read_pages, split_waiting
from features.sources.files import find_files
from features.sources.http import JsonFeed
from features.sources.staging import Privacy, Staging

_log = structlog.get_logger(__name__)

SCHEMA_VERSION = 1
HARMLESS: Final = frozenset(
    {
        ReasonCode.IDS_WRITTEN_TWICE,
        ReasonCode.SHEETS_READ,
        ReasonCode.SHEETS_LEFT,
        ReasonCode.WEB_PAGE,
        ReasonCode.LINES_ABOVE,
        ReasonCode.WRITTEN_ANEW,
        ReasonCode.ENCODING_GUESSED,
        ReasonCode.ROWS_WAIT,
    }
)
"""What is said of a file without making its load less than it should be."""


@dataclass(frozen=True)
class IngestSummary:
    """What became of the rows.

    `read` = `kept` + `updated` + `unchanged` + `quarantined`; `repeated` rows are among the first three.

    Attributes:
        source: Name of the source.
        read: Rows read.
        kept: Rows that are the first version of a ticket.
        updated: Rows that are a further version of a ticket.
        unchanged: Rows that say what the lake held already.
        quarantined: Rows that were refused.
        waiting: Those of them that named a time in the future: they come in by themselves when it has come.
        came_in: Rows of any source, of earlier loads, whose time has come; not among `read`.
        repeated: Rows whose ticket id came before in the same file.
        moved: Those of them that state another opening than the first one.
        deleted: Tickets that a full export no longer holds.
        batches: Files or pages committed, one after the other.
        awaiting_id: Requests of a feed that have a token and no id yet; not among `read`, a later run brings them.
        skipped: Files of which the very bytes had been loaded before.
        snapshot: Version of the lake afterwards.
        degraded: Why the result is less than it should be.
        notices: What else was guessed, left out or taken together.
    """

    source: str
    read: int = 0
    kept: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    waiting: int = 0
    came_in: int = 0
    repeated: int = 0
    moved: int = 0
    deleted: int = 0
    batches: int = 0
    awaiting_id: int = 0
    skipped: int = 0
    snapshot: int = 0
    degraded: Reasons = ()
    notices: Reasons = ()

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON document."""
        said = {**to_json(self.degraded), "notices": documents(self.notices)}
        return {"schema_version": SCHEMA_VERSION, **asdict(replace(self, degraded=(), notices=())), **said}

    def plus(self, result: UpsertResult, batch: StagedBatch) -> IngestSummary:
        """Return the summary with one more batch counted."""
        read, quarantined, notices = batch.read, batch.quarantine.num_rows, batch.notices
        if result.moved > batch.mapping.repeat_warning * read:
            repeats: dict[str, Value] = {"file": batch.name, "rows": result.moved, "read": read}
            notices = (*notices, Reason(ReasonCode.IDS_REPEAT, repeats))
        return replace(
            self,
            read=self.read + read,
            kept=self.kept + result.kept,
            updated=self.updated + result.updated,
            unchanged=self.unchanged + result.unchanged,
            quarantined=self.quarantined + quarantined,
            waiting=self.waiting + batch.waiting,
            repeated=self.repeated + result.repeated,
            moved=self.moved + result.moved,
            deleted=self.deleted + result.deleted,
            batches=self.batches + 1,
            snapshot=result.version,
            degraded=self.degraded + tuple(one for one in notices if one.code not in HARMLESS),
            notices=self.notices + tuple(one for one in notices if one.code in HARMLESS),
        )


@dataclass(frozen=True)
class AskedSpan:
    """What to ask a remote source for.

    Attributes:
        since: Aware moment: what was opened from then on. None: the last `LOOK_BACK` before the present, so that
            changes to recent tickets are seen.
        until: Aware moment; the present when None.
        query: The SELECT for a database.
    """

    since: datetime | None = None
    until: datetime | None = None
    query: str | None = None


LOOK_BACK = timedelta(days=90)
COMMIT_ROWS = 5_000
"""Rows of a feed's pages that are committed at once: a commit costs about as much as some thousand rows."""


def ingest(
    paths: Sequence[str | Path],
    mapping: str | Path | Mapping,
    settings: Settings,
    clock: Clock,
    *,
    span: AskedSpan | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> IngestSummary:
    """Load tickets into the lake, one commit for each file, page or chunk of a query.

    Args:
        paths: Files, folders, globs, addresses (http, https) or SQLAlchemy URLs.
        mapping: A mapping, the name of a shipped one, or a TOML file.
        settings: Where the lake lies, and the key of the caller hash.
        clock: The present: arrival of live rows, and what counts as the future.
        span: What to ask remote sources for.
        sleep: How to wait between attempts to reach a remote source.

    Raises:
        SourceError, MappingError: A source cannot be read, or does not fit the mapping.
        QuarantineError: Too many rows of a batch are bad; of that batch nothing was kept.
        FeedError: A remote source does not answer; running again goes on where this run was.
    """
    chosen = mapping if isinstance(mapping, Mapping) else load_mapping(mapping)
    lake = Lake.of(settings)
    lake.sweep()
    mend(lake)
    key = key_for(lake, settings)
    lake.keep_own_channels(chosen.source, chosen.own_channels)
    remote = [str(path) for path in paths if "://" in str(path)]
    summary = IngestSummary(source=chosen.source, came_in=come_in(settings, clock), snapshot=lake.version)
    with Privacy.on_all_cores(key) as privacy:
        load = Loading(lake=lake, mapping=chosen, privacy=privacy, clock=clock, bounds=settings.bounds)
        for path in find_files(path for path in paths if str(path) not in remote):
            summary = load.file(path, summary)
        for address in remote:
            if address.startswith(("http://", "https://")):
                summary = _ingest_feed(address, load, summary, span or AskedSpan(), settings, sleep)
            else:
                summary = _ingest_query(address, load, summary, span or AskedSpan())
    return summary


def come_in(settings: Settings, clock: Clock) -> int:
    """Bring in what named a time in the future that has come; returns how many tickets were added or changed."""
    return sum(source.kept + source.updated for source in release(Lake.of(settings), clock.now()))


def anything_waited(settings: Settings, clock: Clock) -> bool:
    """Tell whether `come_in` has something to bring in."""
    return is_due(Lake.of(settings), clock.now())


@dataclass(frozen=True)
class Loading:
    """Everything a run needs to bring one batch after the other into the lake."""

    lake: Lake
    mapping: Mapping
    privacy: Privacy
    clock: Clock
    bounds: BoundsConfig

    def file(self, path: Path, summary: IngestSummary) -> IngestSummary:
        """Load a file, unless its very bytes were loaded before."""
        digest = file_digest(path)
        before = self.lake.loaded_before(source=self.mapping.source, digest=digest, mapping=self.mapping.fingerprint)
        if before:
            return _skipped(summary, before)
        return self._batch(lambda staging: replace(staging.file(path), digest=digest), summary)

    def rows(
        self, rows: pa.Table, name: str, summary: IngestSummary, *, known_through: datetime | None = None
    ) -> IngestSummary:
        """Load rows in memory; `known_through` says how far the feed has now been read."""
        return self._batch(lambda staging: replace(staging.rows(rows, name=name), known_through=known_through), summary)

    def _batch(self, stage: Callable[[Staging], StagedBatch], summary: IngestSummary) -> IngestSummary:
        with self.lake.staging() as (load_id, folder):
            now = self.clock.now()
            how: dict[str, Any] = {"now": now, "bounds": self.bounds, "is_behind": lambda: self.lake.loaded_after(now)}
            staging = Staging(self.mapping, into=folder, privacy=self.privacy, load_id=load_id, **how)
            batch = stage(staging)
            result = self.lake.upsert(batch)
        return summary.plus(result, batch)


def _ingest_feed(
    address: str,
    load: Loading,
    summary: IngestSummary,
    span: AskedSpan,
    settings: Settings,
    sleep: Callable[[float], None],
) -> IngestSummary:
    """Read an address page by page; after a cut, go on with the first page that is not in the lake."""
    now = load.clock.now()
    since = span.since or (now - LOOK_BACK).replace(hour=0, minute=0, second=0, microsecond=0)
    if since >= (span.until or now):
        raise SourceError(
            f"nothing lies between {since:%Y-%m-%d %H:%M} and {span.until or now:%Y-%m-%d %H:%M} UTC",
            hint="--since must be a day before --until, and before the present",
        )
    path = load.lake.path / "bookmarks" / f"{load.mapping.source}.json"
    bookmark = Bookmark(path, url=address, mapping=load.mapping, since=since, until=span.until)
    kept = bookmark.read()
    place, until = kept or (None, span.until or now)
    known = settings.sources.get(load.mapping.source)
    token = known.token.get_secret_value() if known else ""
    headers = {"X-App-Token": token} if token else None
    feed = JsonFeed(address, headers=headers, sleep=sleep, bounds=settings.bounds)
    pages = read_pages(feed, load.mapping, since=since, until=until, at=place)
    for page in gathered(pages, rows=COMMIT_ROWS):
        through = None if page.next else until
        rows, waiting = split_waiting(page.rows, load.mapping)
        summary = replace(summary, awaiting_id=summary.awaiting_id + waiting)
        if rows or through:
            name = f"{feed.name} {page.name}"
            summary = load.rows(as_table(rows, load.mapping), name, summary, known_through=through)
            _log.info("page loaded", page=page.name, read=summary.read, kept=summary.kept)
        bookmark.write(page.next, end=until)
    return summary


def _ingest_query(address: str, load: Loading, summary: IngestSummary, span: AskedSpan) -> IngestSummary:
    if not span.query:
        raise SourceError("a database needs a query", hint='--query "SELECT ... FROM ..."')
    from features.sources.sql import read_query

    for number, rows in enumerate(read_query(address, span.query), start=1):
        # Not the address: it may hold a password.
        summary = load.rows(rows, f"query, chunk {number}", summary)
    return summary


def _skipped(summary: IngestSummary, before: Loaded) -> IngestSummary:
    return replace(
        summary,
        read=summary.read + before.read,
        unchanged=summary.unchanged + before.read - before.quarantined,
        quarantined=summary.quarantined + before.quarantined,
        repeated=summary.repeated + before.repeated,
        skipped=summary.skipped + 1,
    )
