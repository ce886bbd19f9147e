"""Legal erasure and retention: remove tickets from history, quarantine and every old file, and say so.

What stays is an audit row with the ticket's key (a hash), so that an old export loaded again does not bring the ticket
back. Snapshots whose files held an erased ticket cannot be read any more; `DeltaStore.scan` says which and why.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from features.errors import LakeInputError
from features.lake import waiting
from features.lake.duck import duck, instant, literal, literals, parquet
from features.lake.erasure_list import ListedErasure, caller_digest, newest_before
from features.lake.keys import key_sql
from features.lake.schema import ERASURES
from features.one_writer import writer_lock

if TYPE_CHECKING:
    from features.lake.lake import Lake

_KEYS_AT_ONCE: Final = 5_000
_ASKED: Final = pa.schema(
    [
        ("id", pa.string()),
        ("at", pa.timestamp("us", "UTC")),
        *((name, pa.string()) for name in ("source", "by", "reason")),
    ]
)
_LISTED: Final = pa.schema([("id", pa.string()), ("key", pa.int64())])


@dataclass(frozen=True)
class ErasureResult:
    """What was removed.

    Attributes:
        tickets: Tickets erased.
        versions: Versions of them.
        quarantined: Rows removed from quarantine.
        files: Old data files deleted from disk because they held one of them.
        snapshot: First version of the lake without them.
        lost: Snapshots that cannot be replayed exactly any more.
    """

    tickets: int
    versions: int
    quarantined: int
    files: int
    snapshot: int
    lost: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON document."""
        return {"schema_version": 1, **asdict(self), "lost": list(self.lost)}


def erase(
    lake: Lake,
    *,
    source: str,
    ids: Sequence[str] = (),
    callers: Sequence[str] = (),
    opened_before: datetime | None = None,
    by: str,
    reason: str,
    now: datetime,
) -> ErasureResult:
    """Erase tickets: those with one of the ids, those of a caller, or those older than a retention period.

    Args:
        lake: The lake.
        source: Their source.
        ids: Ticket ids.
        callers: Caller hashes, under the present and retired keys (`CallerHasher.hashes_of`).
        opened_before: Aware moment: everything opened before it, and what was refused before it.
        by: Who asked.
        reason: Why.
        now: The present.

    Raises:
        LakeInputError: Nothing was named.
        ErasureListError: The list of erasures cannot be written; nothing was erased.
    """
    if not ids and not callers and opened_before is None:
        raise LakeInputError("nothing to erase was named", hint="give ticket ids, a caller or an age")
    digests = tuple(map(caller_digest, callers))
    with writer_lock(lake.path), duck() as connection:
        connection.execute("CREATE TEMP TABLE named (key BIGINT)")
        if ids:
            hashed = f"SELECT {key_sql(literal(source), 'id')} FROM (SELECT unnest({literals(ids)}) AS id)"
            connection.execute(f"INSERT INTO named {hashed}")
        whom = _Whom(source, digests, opened_before, by_key=bool(ids))
        found = _find(connection, lake, whom)
        by_person = "SELECT key FROM named" + (" UNION SELECT key FROM erased" if callers else "")
        keys = tuple(key for (key,) in connection.execute(f"{by_person} ORDER BY 1").fetchall())
        entry = ListedErasure(uuid.uuid4().hex, now, source, by, reason, keys, digests, opened_before)
        if lake.erasure_list is not None:
            lake.erasure_list.append(entry)
        return _carry_out(connection, lake, whom, found, [entry])


def erase_again(lake: Lake, entries: Sequence[ListedErasure]) -> list[ErasureResult]:
    """Carry out listed erasures that a lake does not know of: those that came after the backup it was restored from.

    Tickets that are not there are noted all the same, so that a file loaded again does not bring them back.

    Returns:
        One result for each source.
    """
    with duck() as connection:
        known = connection.execute(f"SELECT DISTINCT erasure_id FROM {lake.erasures_store.scan()}").fetchall()
    ids = {one for (one,) in known}
    unknown = [entry for entry in entries if entry.id not in ids]
    return [
        _erase_listed(lake, source, [entry for entry in unknown if entry.source == source])
        for source in sorted({entry.source for entry in unknown})
    ]


def _erase_listed(lake: Lake, source: str, entries: Sequence[ListedErasure]) -> ErasureResult:
    callers = {caller for entry in entries for caller in entry.callers}
    keys = sorted({key for entry in entries for key in entry.keys})
    with writer_lock(lake.path), duck() as connection:
        connection.register("listed_keys", pa.table({"key": pa.array(keys, pa.int64())}))
        connection.execute("CREATE TEMP TABLE named AS SELECT key FROM listed_keys")
        whom = _Whom(source, tuple(sorted(callers)), newest_before(entries), by_key=bool(keys))
        return _carry_out(connection, lake, whom, _find(connection, lake, whom), entries)


def _carry_out(
    connection: Any, lake: Lake, whom: _Whom, found: _Found, entries: Sequence[ListedErasure]
) -> ErasureResult:
    quarantined = _erase_quarantine(connection, lake, whom)
    waiting.forget(lake.waiting_store, _waiting(connection, lake, whom))
    lake.store.delete(list(_rows_to_delete(connection, lake, whom, found)))
    snapshot = lake.version
    _audit(connection, lake, found, entries, snapshot=snapshot)
    files = _delete_old_files(lake, found)
    lost = lake.store.lost_versions() if files else ()
    return ErasureResult(found.tickets, found.versions, quarantined, files, snapshot, lost)


def caller_key_ids(lake: Lake, *, source: str | None = None) -> frozenset[str]:
    """Return the ids of the keys under which a source's callers, or all, are hashed in the present version."""
    where = "caller IS NOT NULL" + (f" AND source = {literal(source)}" if source else "")
    with duck() as connection:
        rows = connection.execute(
            f"SELECT DISTINCT split_part(caller, '-', 1) FROM {lake.store.scan()} WHERE {where}"
        ).fetchall()
    return frozenset(key for (key,) in rows)


def holds_older(lake: Lake, *, source: str, than: datetime) -> bool:
    """Tell whether anything of a source is older: tickets in any file, old versions included, or refused rows."""
    whom = _Whom(source, (), than)
    tickets = sorted(map(str, lake.store.path.glob("*.parquet")))
    scans = [(_scan(tickets), whom.older("opened_at"))] if tickets else []
    scans.append((lake.quarantine_store.scan(), whom.older("quarantined_at")))
    scans += [(lake.waiting_store.scan(), whom.older("held_at"))] if lake.waiting_store.exists else []
    with duck() as connection:
        return any(
            connection.execute(f"SELECT 1 FROM {scan} WHERE {older} LIMIT 1").fetchall() for scan, older in scans
        )


@dataclass(frozen=True)
class _Whom:
    """Whose tickets go: SQL conditions, each over columns whose statistics let a reader skip files.

    Keys are those of the connection's table `named`; callers are digests of their hashes, as the list keeps them.
    """

    source: str
    callers: tuple[str, ...]
    opened_before: datetime | None
    by_key: bool = False

    @property
    def of_source(self) -> str:
        return f"source = {literal(self.source)}"

    def older(self, column: str) -> str | None:
        """Return the condition of age, which names nobody; None when no age was given."""
        return f"{self.of_source} AND {column} < {instant(self.opened_before)}" if self.opened_before else None

    def tickets(self) -> list[str]:
        """Return the conditions of which a ticket has to meet one."""
        conditions = [self.older("opened_at")]
        if self.by_key:
            conditions.append(f"key IN (SELECT key FROM named) AND {self.of_source}")
        if self.callers:
            conditions.append(f"{self._by_caller()} AND {self.of_source}")
        return [condition for condition in conditions if condition]

    def persons(self) -> str:
        """Return the condition of a quarantined row that belongs to one of the tickets or callers."""
        either = [f"{key_sql()} IN (SELECT key FROM named)"] if self.by_key else []
        either += [self._by_caller()] if self.callers else []
        return f"{self.of_source} AND ({' OR '.join(either) or 'false'})"

    def _by_caller(self) -> str:
        return f"caller IS NOT NULL AND sha256(caller) IN {literals(self.callers)}"


@dataclass(frozen=True)
class _Found:
    """What is to go; its keys are the connection's table `erased`.

    Attributes:
        tickets: How many.
        versions: Versions of them.
        holding: Names of the data files, old ones included, that hold one of them.
    """

    tickets: int
    versions: int
    holding: frozenset[str]


def _find(connection: Any, lake: Lake, whom: _Whom) -> _Found:
    """Look for the tickets any version of which meets a condition, in any file, old ones included.

    The conditions skip row groups by the files' statistics; which files hold the tickets is asked of the keys alone.
    """
    everything = sorted(map(str, lake.store.path.glob("*.parquet")))
    connection.execute("CREATE TEMP TABLE erased (key BIGINT)")
    if everything:
        each = (f"SELECT key FROM {_scan(everything)} WHERE {condition}" for condition in whom.tickets())
        connection.execute(f"INSERT INTO erased SELECT DISTINCT key FROM ({' UNION ALL '.join(each)})")
    waits = [(key,) for key in _waiting(connection, lake, whom)]
    if waits:
        connection.executemany("INSERT INTO erased SELECT $1 WHERE $1 NOT IN (SELECT key FROM erased)", waits)
    tickets = connection.execute("SELECT count(*) FROM erased").fetchall()[0][0]
    if not tickets or not everything:
        return _Found(tickets, 0, frozenset())
    holding = [
        file
        for (file,) in connection.execute(
            f"SELECT filename FROM {_scan(everything)} SEMI JOIN erased USING (key) GROUP BY filename"
        ).fetchall()
    ]
    if not holding:
        return _Found(tickets, 0, frozenset())
    versions = connection.execute(f"""SELECT count(*) FROM (
        SELECT DISTINCT key, content_hash, known_at FROM {_scan(holding)} SEMI JOIN erased USING (key))""")
    return _Found(tickets, versions.fetchall()[0][0], _names(holding))


def _waiting(connection: Any, lake: Lake, whom: _Whom) -> list[int]:
    """Return the keys of the rows that wait for their time and belong to one of the tickets or callers."""
    if not lake.waiting_store.exists:
        return []
    of_whom = " OR ".join(f"({condition})" for condition in (whom.persons(), whom.older("held_at")) if condition)
    query = f"SELECT DISTINCT key FROM {lake.waiting_store.scan()} WHERE {of_whom}"
    return [key for (key,) in connection.execute(query).fetchall()]


def _scan(files: Sequence[str]) -> str:
    return parquet(files, union_by_name=True, filename=True)


def _names(files: Sequence[str]) -> frozenset[str]:
    return frozenset(Path(file).name for file in files)


def _rows_to_delete(connection: Any, lake: Lake, whom: _Whom, found: _Found) -> Iterator[str]:
    """Yield the conditions of the rows to delete: their age, and by key only those that the age does not tell.

    A condition on the opening is compared with the statistics of a file; a list of keys is compared with every row, and
    hundreds of thousands of them crash the engine. The log keeps the conditions, and neither an age nor a hash tells a
    person.
    """
    files = [file for file in lake.store.named() if _names([file]) & found.holding]
    if not files:
        return
    older, beyond = whom.older("opened_at"), "true"
    if whom.opened_before:
        beyond = f"opened_at >= {instant(whom.opened_before)} OR opened_at IS NULL OR NOT {whom.of_source}"
    rows = connection.execute(
        f"SELECT DISTINCT key FROM {_scan(files)} SEMI JOIN erased USING (key) WHERE {beyond} ORDER BY key"
    ).fetchall()
    for begin in range(0, len(rows), _KEYS_AT_ONCE):
        yield f"key IN ({', '.join(str(key) for (key,) in rows[begin : begin + _KEYS_AT_ONCE])})"
    if older:
        yield older


def _delete_old_files(lake: Lake, found: _Found) -> int:
    """Delete every file outside the present version that holds one of the tickets."""
    old = found.holding - _names(lake.store.named())
    for name in old:
        (lake.store.path / name).unlink()
    return len(old)


def _erase_quarantine(connection: Any, lake: Lake, whom: _Whom) -> int:
    """Delete matching rows of the quarantine and all its old files: nobody replays a quarantine.

    The log of the table keeps the condition of a deletion, so it names an age, loads and rows, never a person.
    """
    store = lake.quarantine_store
    older = whom.older("quarantined_at")
    rows = connection.execute(
        f'SELECT load_id, list("row") FROM {store.scan()} WHERE {whom.persons()} GROUP BY load_id'
    ).fetchall()
    named = [f'(load_id = {literal(load)} AND "row" IN ({", ".join(map(str, numbers))}))' for load, numbers in rows]
    aged = older and connection.execute(f"SELECT 1 FROM {store.scan()} WHERE {older} LIMIT 1").fetchall()
    conditions = [*named, *([f"({older})"] if aged else [])]
    if not conditions:
        return 0
    deleted = store.delete([" OR ".join(conditions)])
    store.vacuum(keep=())
    return deleted


def _audit(connection: Any, lake: Lake, found: _Found, entries: Sequence[ListedErasure], *, snapshot: int) -> None:
    """Write one row per ticket, or one without a key where none was found; straight to disk: there may be millions.

    What an age found is noted under the newest entry that names one.
    """
    aged = next((entry.id for entry in reversed(entries) if entry.opened_before is not None), None)
    said = [{"id": one.id, "at": one.at, "source": one.source, "by": one.by, "reason": one.reason} for one in entries]
    listed = [{"id": entry.id, "key": key} for entry in entries for key in entry.keys]
    connection.register("asked", pa.Table.from_pylist(said, schema=_ASKED))
    connection.register("listed", pa.Table.from_pylist(listed, schema=_LISTED))
    by_age = f"SELECT {literal(aged)} AS id, key FROM erased ANTI JOIN listed USING (key)" if aged else None
    told = " UNION ALL ".join(filter(None, ["SELECT id, key FROM listed", by_age]))
    values = {
        "erasure_id": "asked.id",
        "erased_at": "asked.at",
        "source": "asked.source",
        "key": "told.key",
        "by": "asked.by",
        "reason": "asked.reason",
        "versions": f"{found.versions}::BIGINT",
        "snapshot": f"{snapshot}::BIGINT",
    }
    columns = ", ".join(f'{values[name]} AS "{name}"' for name in ERASURES.names)
    lake.erasures_store.table()
    file = lake.erasures_store.path / f"{uuid.uuid4().hex}.parquet"
    rows = f"SELECT {columns} FROM asked LEFT JOIN ({told}) AS told ON asked.id = told.id ORDER BY told.key"
    connection.execute(f"COPY ({rows}) TO {literal(str(file))} (COMPRESSION zstd)")
    lake.erasures_store.append([file], note={"erased": found.tickets})
