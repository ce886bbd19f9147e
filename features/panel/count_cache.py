"""Counts kept between runs: only the weeks about which something new became known are counted again.

Nine years of 52 million tickets are counted once; a morning later a few blocks of four weeks have changed. A block
holds the tickets of every cell, source and day, and the callers with several tickets in a day or a week. What is
kept belongs to one moment and one snapshot of one lake; it is counted anew when the lake lost rows since, and never
serves an earlier moment.
"""

from __future__ import annotations

import json
import logging
import shutil
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from features.clock import SystemClock, is_ahead
from features.durable import write_whole
from features.errors import LakeError
from features.lake import Lake
from features.lake.asof import as_of_query
from features.lake.duck import instant, literal, parquet
from features.lake.schema import MOVED
from features.one_writer import writer_lock
from features.panel.complete_periods import Edges, edges
from features.reporters import NEEDED, OwnChannels, reported
from features.vocabulary import Frequency

_LOG: Final = logging.getLogger(__name__)

KEYS: Final = ("category1", "category2", "category", "district", "department")
_SCHEMA: Final = 7
"""Of the blocks and their state; another one is counted anew."""
_BLOCK_DAYS: Final = 28
_EPOCH: Final = datetime(1900, 1, 1)  # noqa: DTZ001 - a Monday, civil time
_DAY: Final = f"date_diff('day', TIMESTAMP '{_EPOCH}', opened_local)"
_BLOCK: Final = f"({_DAY} // {_BLOCK_DAYS})"
_NAMES: Final = ("source", *KEYS)
_TABLES: Final = {
    "label_keys": f"label_key UBIGINT, {', '.join(f'{name} VARCHAR' for name in _NAMES)}",
    "counts": "label_key UBIGINT, day INTEGER, n INTEGER",
    "repeats": "freq VARCHAR, label_key UBIGINT, period INTEGER, caller UBIGINT, n INTEGER",
}
"""Each block has names of its own: how they are hashed may change with DuckDB, and old blocks stay."""
_CHUNK_ROWS: Final = 8_000_000


@dataclass(frozen=True)
class _State:
    """What the blocks of a folder say: as known at `as_of`, from a snapshot of a lake, with the ends of its sources.

    `files` has the checksum of each file by its name: what is no longer as it was written counts for nothing.
    """

    as_of: str
    snapshot: int
    lake: str
    edges: Mapping[str, Edges]
    files: Mapping[str, int]
    own: str = "{}"
    schema: int = _SCHEMA


OWN: Final = 0
"""The caller under whom own entries are kept apart: they count as tickets, and as no report."""


def caller_number() -> str:
    """Return the SQL of the number of a caller, for tickets as `features.reporters.reported` returns them."""
    return f"CASE WHEN own THEN {OWN} ELSE hash(caller) END"


def day_number(moment: datetime) -> int:
    """Return the number of a naive local midnight, as `day` and `period` count them."""
    return (moment - _EPOCH).days


def bring_cache_up(
    folder: Path, lake: Lake, connection: Any, *, as_of: datetime, snapshot: int
) -> Mapping[str, Edges] | None:
    """Bring the kept counts up to a moment and leave them on the connection; None where they cannot serve it.

    They cannot serve a moment or a snapshot before their own, nor a lake in which one source has the word over another:
    what one says of a ticket then depends on what the other knew.

    Args:
        folder: Where they are kept, this function's own.
        lake: The ticket lake.
        connection: DuckDB; gets the tables `kept_label_keys` (number, source, KEYS), `kept_counts` (number, day, n) and
            `kept_repeats` (freq, number, period, caller, n; `period` is the first day of a day or week).
        as_of: Aware moment.
        snapshot: Version of the lake.

    Returns:
        The ends of what is known of each source by then.
    """
    if lake.precedence:
        return None
    with writer_lock(folder):
        known = _read_state(folder, lake)
        if known and _is_of_a_wrong_clock(known, as_of):
            known = None
        if known and (as_of < datetime.fromisoformat(known.as_of) or snapshot < known.snapshot):
            return None
        moment = as_of.astimezone(UTC).isoformat()
        if known is None or (known.as_of, known.snapshot) != (moment, snapshot):
            found = _bring_up(folder, lake, connection, known, as_of=as_of, snapshot=snapshot)
            owned = _own(lake)
            known = _State(moment, snapshot, str(lake.path.resolve()), found, _checksums(folder), owned)
            write_whole(folder / "state.json", json.dumps(asdict(known), default=str).encode())
        _leave(connection, folder / "blocks")
    return known.edges


def _leave(connection: Any, blocks: Path) -> None:
    """Leave what is kept on the connection, with a small number for each label_key."""
    for name, columns in _TABLES.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE read ({columns})")
        if files := sorted((blocks / name).glob("*/*.parquet")):
            connection.execute(f"INSERT INTO read BY NAME SELECT * FROM {parquet(files)}")
        if name == "label_keys":
            query = "SELECT (row_number() OVER () - 1)::INTEGER AS number, * FROM (SELECT DISTINCT * FROM read)"
        else:
            query = "SELECT number, read.* EXCLUDE (label_key) FROM read JOIN kept_label_keys USING (label_key)"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE kept_{name} AS {query}")
    connection.execute("DROP TABLE read")


def _bring_up(
    folder: Path, lake: Lake, connection: Any, known: _State | None, *, as_of: datetime, snapshot: int
) -> Mapping[str, Edges]:
    scan = lake.store.scan(snapshot)
    added = _known_added(lake, known.snapshot, snapshot) if known else None
    # Without its state a folder is nobody's: a run that is killed in between leaves nothing that looks finished.
    (folder / "state.json").unlink(missing_ok=True)
    if known is None or added is None:
        shutil.rmtree(folder / "blocks", ignore_errors=True)
        _count(connection, folder, scan, None, as_of, lake.own_channels)
        return edges(connection, f"(SELECT * FROM {scan} WHERE known_at <= {instant(as_of)})")
    since = datetime.fromisoformat(known.as_of)
    if blocks := _touched(connection, lake, scan, added, since=since, until=as_of):
        _count(connection, folder, scan, blocks, as_of, lake.own_channels)
    new = edges(connection, "news")
    return {**known.edges, **{name: edge.joined(known.edges.get(name, edge)) for name, edge in new.items()}}


def _read_state(folder: Path, lake: Lake) -> _State | None:
    try:
        said = json.loads((folder / "state.json").read_text())
        ends = {
            name: Edges(**{**edge, "first_opened": datetime.fromisoformat(edge["first_opened"])})
            for name, edge in said["edges"].items()
        }
        state = _State(**{**said, "edges": ends})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if (state.schema, state.lake, state.own) != (_SCHEMA, str(lake.path.resolve()), _own(lake)):
        return None
    if state.files != _checksums(folder):
        _LOG.warning("the stored counts are not as they were written, and are counted anew: %s", folder)
        return None
    return state


def _is_of_a_wrong_clock(known: _State, as_of: datetime) -> bool:
    """Tell whether the counts are of a moment still to come: they would serve nobody until it has come."""
    kept = datetime.fromisoformat(known.as_of)
    return as_of < kept and is_ahead(kept, SystemClock().now())


def _checksums(folder: Path) -> dict[str, int]:
    """Return the checksum of every file of the blocks, by its name within the folder."""
    blocks = sorted((folder / "blocks").glob("*/*/*.parquet"))
    return {str(file.relative_to(folder)): zlib.crc32(file.read_bytes()) for file in blocks}


def _own(lake: Lake) -> str:
    """Return which channels are not citizens', as text: counts under another answer are counted anew."""
    return json.dumps(lake.own_channels, ensure_ascii=False, sort_keys=True)


def _known_added(lake: Lake, since: int, until: int) -> list[str] | None:
    """Return what `_added` does; None too where a version can no longer be read."""
    try:
        return _added(lake, since, until)
    except LakeError:
        return None


def _added(lake: Lake, since: int, until: int) -> list[str] | None:
    """Return the files that commits after one version and by another added; None when rows were removed.

    A compaction removes files and adds others with the same rows: it changes nothing.
    """
    compacted = _compactions(lake, since, until)
    if compacted is None:
        return None
    added: set[str] = set()
    at = since
    # Compactions cut the span: on both sides of one, files are those of the commits in between.
    for stop in (*(version - 1 for version in compacted), until):
        if stop > at:
            before, after = _files(lake, at), _files(lake, stop)
            if before - after:
                return None
            added |= after - before
        at = stop + 1
    # A file that a later compaction took up is not there any more; its rows are in a file that no one can tell apart.
    return sorted(added) if _files(lake, until) >= added else None


def _compactions(lake: Lake, since: int, until: int) -> list[int] | None:
    """Return the versions between two that only merged files; None where the history does not reach back so far."""
    table = lake.store.table(until)
    operations = {commit["version"]: commit.get("operation") for commit in table.history(until - since)}
    if not set(range(since + 1, until + 1)) <= set(operations):
        return None
    return sorted(version for version, name in operations.items() if name == "OPTIMIZE" and since < version <= until)


def _files(lake: Lake, version: int) -> set[str]:
    return set(lake.store.named(version))


def _touched(
    connection: Any, lake: Lake, scan: str, added: Sequence[str], *, since: datetime, until: datetime
) -> set[int]:
    """Return the blocks of tickets of which a version became known after one moment and by another, or was added."""
    between = f"known_at > {instant(since)} AND known_at <= {instant(until)}"
    columns = "source, key, flags, known_at, opened_at, opened_local"
    sources = [f"SELECT {columns} FROM {scan} WHERE {between}"]
    if added:
        late = f"known_at <= {instant(until)}"
        sources.append(f"SELECT {columns} FROM {lake.store.scan_files(added)} WHERE {late}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE news AS {' UNION ALL '.join(sources)}")
    blocks = {
        block
        for (block,) in connection.execute(
            f"SELECT DISTINCT {_BLOCK} FROM news WHERE opened_local IS NOT NULL"
        ).fetchall()
    }
    moved = f"SELECT key FROM news WHERE contains(flags, '{MOVED}')"
    if connection.execute(f"SELECT count(*) FROM ({moved})").fetchall()[0][0]:
        elsewhere = f"SELECT DISTINCT {_BLOCK} FROM {scan} WHERE opened_local IS NOT NULL AND key IN ({moved})"
        blocks |= {block for (block,) in connection.execute(elsewhere).fetchall()}
    return blocks


def _count(
    connection: Any,
    folder: Path,
    scan: str,
    blocks: Collection[int] | None,
    as_of: datetime,
    own: OwnChannels,
) -> None:
    """Count some blocks anew, all of them when None."""
    versions = scan if blocks is None else _versions(connection, scan, blocks)
    inside = "opened_local IS NOT NULL" if blocks is None else f"{_BLOCK} IN ({', '.join(map(str, blocks))})"
    columns = list(dict.fromkeys([*KEYS, *NEEDED]))
    state = reported(as_of_query(versions, columns, as_of=as_of, where=inside), own)
    names = ", ".join(_NAMES)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE counted AS
        SELECT hash({names}) AS label_key, {caller_number()} AS caller, {_DAY}::INTEGER AS day,
        caller IS NULL AND NOT own AS nobody FROM ({state})""")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE label_keys AS
        SELECT DISTINCT hash({names}) AS label_key, {names} FROM {versions}""")
    fresh = folder / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    for name in _TABLES:
        (fresh / name).mkdir(parents=True)
    for low, high in _chunks(connection):
        queries = {"label_keys": _label_keys(low, high), "counts": _counts(low, high), "repeats": _repeats(low, high)}
        for name, query in queries.items():
            connection.execute(f"""COPY ({query}) TO {literal(str(fresh / name))}
                (FORMAT parquet, PARTITION_BY (block), OVERWRITE_OR_IGNORE true)""")
    for name in _TABLES:
        _replace(folder / "blocks" / name, fresh / name, blocks)
    connection.execute("DROP TABLE counted")
    connection.execute("DROP TABLE label_keys")


def _chunks(connection: Any) -> Iterator[tuple[int, int]]:
    """Yield spans of days, whole blocks each, that bound the memory of grouping."""
    query = f"SELECT day // {_BLOCK_DAYS}, count(*) FROM counted GROUP BY ALL ORDER BY ALL"
    low, size = None, 0
    for block, count in connection.execute(query).fetchall():
        low = block if low is None else low
        size += count
        if size >= _CHUNK_ROWS:
            yield low * _BLOCK_DAYS, (block + 1) * _BLOCK_DAYS
            low, size = None, 0
        last = block
    if low is not None:
        yield low * _BLOCK_DAYS, (last + 1) * _BLOCK_DAYS


def _label_keys(low: int, high: int) -> str:
    return f"""SELECT * FROM (SELECT DISTINCT day // {_BLOCK_DAYS} AS block, label_key FROM counted
        WHERE day >= {low} AND day < {high}) JOIN label_keys USING (label_key)"""


def _counts(low: int, high: int) -> str:
    return f"""SELECT day // {_BLOCK_DAYS} AS block, label_key, day, count(*)::INTEGER AS n FROM counted
        WHERE day >= {low} AND day < {high} GROUP BY label_key, day"""


def _repeats(low: int, high: int) -> str:
    """Return the query of callers with several tickets in a day or in a week: only these tell callers from tickets."""
    parts = (
        f"""WITH part AS (SELECT label_key, {period}::INTEGER AS period, caller FROM counted
            WHERE NOT nobody AND day >= {low} AND day < {high}),
        again AS (SELECT period, caller FROM part GROUP BY period, caller HAVING count(*) > 1 OR caller = {OWN})
        SELECT period // {_BLOCK_DAYS} AS block, '{freq}' AS freq, label_key, period, caller, count(*)::INTEGER AS n
        FROM part SEMI JOIN again USING (period, caller) GROUP BY label_key, period, caller"""
        for freq, period in ((Frequency.DAILY, "day"), (Frequency.WEEKLY, "(day // 7 * 7)"))
    )
    return " UNION ALL ".join(f"({part})" for part in parts)


def _versions(connection: Any, scan: str, blocks: Collection[int]) -> str:
    """Leave the versions that count for some blocks on the connection: those in them, and all of moved tickets."""
    low, high = (_EPOCH + timedelta(days=_BLOCK_DAYS * block) for block in (min(blocks), max(blocks) + 1))
    wanted = f"""opened_local >= TIMESTAMP '{low}' AND opened_local < TIMESTAMP '{high}'
        AND {_BLOCK} IN ({", ".join(map(str, blocks))})"""
    moved = f"SELECT DISTINCT key FROM {scan} WHERE contains(flags, '{MOVED}')"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE moved AS {moved}")
    query = f"SELECT * FROM {scan} ANTI JOIN moved USING (key) WHERE {wanted}"
    if connection.execute("SELECT count(*) FROM moved").fetchall()[0][0]:
        query += f" UNION ALL SELECT * FROM {scan} SEMI JOIN moved USING (key)"
    columns = ", ".join(dict.fromkeys(["ticket_id", "key", "revision", "known_at", "deleted", *KEYS, *NEEDED]))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE versions AS SELECT {columns} FROM ({query})")
    return "versions"


def _replace(kept: Path, fresh: Path, blocks: Collection[int] | None) -> None:
    """Put fresh blocks where the old ones were; a block without any ticket left is gone."""
    kept.mkdir(parents=True, exist_ok=True)
    for block in blocks or ():
        shutil.rmtree(kept / f"block={block}", ignore_errors=True)
    for counted in fresh.iterdir():
        counted.replace(kept / counted.name)
