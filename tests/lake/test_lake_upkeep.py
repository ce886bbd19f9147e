"""Erasure, vacuum, optimize, check: what goes, what stays, and what says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from features.lake import Lake, LakeError, LakeInputError
from features.lake.erasure import erase
from features.lake.schema import TICKETS
from features.lake.upkeep import check, history, optimize, vacuum
from features.mappings import Mapping
from features.sources.staging import Privacy, Staging

NOW = datetime(2026, 4, 1, tzinfo=UTC)
MAPPING = Mapping(
    source="city",
    timezone="Asia/Shanghai",
    known_at="opened_at",
    columns={"ticket_id": "id", "opened_at": "opened", "category": "kind", "caller": "caller", "text": "text"},
)
PRIVACY = Privacy(mask_text=lambda values: values, hash_caller=lambda values: values)


def load(lake: Lake, *rows: tuple):
    names = ["id", "opened", "kind", "caller", "text"]
    table = pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    )
    with lake.staging() as (load_id, folder):
        return lake.upsert(
            Staging(MAPPING, into=folder, privacy=PRIVACY, now=NOW, load_id=load_id).rows(table, name="x")
        )


def ticket(number: int, *, kind: str = "噪声", caller: str | None = None, text: str = "") -> tuple:
    return f"T{number}", f"2026-03-{number % 28 + 1:02d} 09:00:00", kind, caller, text


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")
    load(
        lake,
        ticket(1, caller="xanthippe", text="secret-of-xanthippe"),
        ticket(2, caller="bob"),
        (None, "x", "k", "xanthippe", "bad"),
    )
    load(
        lake,
        ticket(1, caller="xanthippe", text="another-of-xanthippe", kind="油烟"),
        ticket(3, caller="xanthippe"),
        ticket(4),
    )
    load(lake, ticket(5, caller="bob"))
    return lake


def on_disk(lake: Lake) -> bytes:
    columns = []
    for path in sorted(lake.path.rglob("*")):
        if path.suffix == ".parquet" and "_delta_log" not in path.parts:
            columns.append(str(pa.parquet.read_table(path).to_pydict()).encode())
        elif path.is_file():
            columns.append(path.read_bytes())
    return b"".join(columns)


def ids(lake: Lake, **more) -> list[str]:
    return lake.tickets(columns=["ticket_id"], **more)["ticket_id"].to_pylist()


def test_a_callers_tickets_leave_history_quarantine_and_old_files(lake):
    assert b"of-xanthippe" in on_disk(lake)
    result = erase(lake, source="city", callers=["xanthippe"], by="office", reason="request", now=NOW)
    assert (result.tickets, result.versions, result.quarantined) == (2, 3, 1)
    assert ids(lake) == ["T2", "T4", "T5"]
    assert b"xanthippe" not in on_disk(lake)


def test_erased_snapshots_say_that_they_cannot_be_replayed(lake):
    result = erase(lake, source="city", ids=["T1"], by="office", reason="request", now=NOW)
    assert result.lost == (1, 2, 3)
    with pytest.raises(LakeError, match="version 2 can no longer be read exactly"):
        lake.tickets(snapshot=2)


def test_an_old_export_does_not_bring_an_erased_ticket_back(lake):
    erase(lake, source="city", ids=["T2"], by="office", reason="request", now=NOW)
    result = load(lake, ticket(2, caller="bob"), ticket(6))
    assert (result.kept, result.unchanged) == (1, 1)
    assert "T2" not in ids(lake)
    assert check(lake, now=NOW) == []


def test_retention_erases_what_is_too_old(lake):
    result = erase(lake, source="city", opened_before=datetime(2026, 3, 4, tzinfo=UTC), by="a", reason="b", now=NOW)
    assert result.tickets == 2
    assert ids(lake) == ["T3", "T4", "T5"][-len(ids(lake)) :]


def versions(*rows: tuple[str, int, datetime, int]) -> pa.Table:
    """Versions as the lake stores them: ticket id, key, opening, revision."""
    known = {
        "source": "city",
        "deleted": False,
        "load_id": "x",
    }
    stored = [
        dict.fromkeys(TICKETS.names)
        | known
        | {"ticket_id": name, "key": key, "opened_at": opened, "known_at": opened, "revision": n, "content_hash": n}
        for name, key, opened, n in rows
    ]
    return pa.Table.from_pylist(stored, schema=TICKETS)


CUTOFF = datetime(2026, 3, 4, tzinfo=UTC)


def test_age_deletes_by_condition_and_leaves_other_files_alone(tmp_path):
    lake = Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")
    just_before, later = CUTOFF - timedelta(microseconds=1), CUTOFF + timedelta(days=9)
    mixed = versions(("old", 1, just_before, 1), ("new", 2, CUTOFF, 1), ("moved", 3, just_before, 1))
    lake.store.append_rows(mixed, name="mixed", note={})
    lake.store.append_rows(versions(("late", 4, later, 1)), name="late", note={})
    lake.store.append_rows(versions(("moved", 3, later, 2), ("later", 5, later, 1)), name="again", note={})
    result = erase(lake, source="city", opened_before=CUTOFF, by="a", reason="b", now=NOW)
    assert (result.tickets, result.versions, result.files) == (2, 3, 2)
    assert sorted(ids(lake)) == ["late", "later", "new"]
    assert "late.parquet" in {Path(uri).name for uri in lake.store.table().file_uris()}
    predicates = [entry["operationParameters"]["predicate"] for entry in lake.store.table().history(2)]
    assert ["opened_at <" in predicate for predicate in predicates] == [True, False]
    assert predicates[1] == "key = 3"


def test_age_erases_more_tickets_than_a_list_of_keys_can_hold(tmp_path):
    lake = Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")
    count = 60_000
    one = versions(("old", 1, CUTOFF - timedelta(days=1), 1)).to_pydict()
    many = pa.table({name: pa.array(values * count, TICKETS.field(name).type) for name, values in one.items()})
    many = many.set_column(TICKETS.names.index("key"), "key", pa.array(range(count), pa.int64()))
    lake.store.append_rows(many, name="many", note={})
    lake.store.append_rows(versions(("new", count, CUTOFF, 1)), name="new", note={})
    assert erase(lake, source="city", opened_before=CUTOFF, by="a", reason="b", now=NOW).tickets == count
    assert ids(lake) == ["new"]
    audit = pa.parquet.read_table(lake.erasures_store.table().file_uris()[0])
    assert audit.select(["key", "versions", "erased_at"]).slice(count - 1).to_pylist() == [
        {"key": count - 1, "versions": count, "erased_at": NOW}
    ]


def test_a_killed_erasure_has_its_audit_and_is_finished_by_the_next(lake, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("features.lake.erasure._delete_old_files", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(lake, source="city", callers=["xanthippe"], by="office", reason="request", now=NOW)
    load(lake, ticket(1, caller="xanthippe", text="secret-of-xanthippe"))
    assert ids(lake) == ["T2", "T4", "T5"]
    result = erase(lake, source="city", callers=["xanthippe"], by="office", reason="request", now=NOW)
    assert (result.tickets, result.versions, result.files) == (2, 3, 2)
    assert b"xanthippe" not in on_disk(lake)


def test_age_takes_refused_rows_by_condition_and_a_caller_by_name(lake):
    load(lake, (None, "x", "k", "carol", "bad"), ticket(8), ticket(9))
    result = erase(lake, source="city", opened_before=NOW, callers=["zoe"], by="a", reason="b", now=NOW)
    assert (result.tickets, result.quarantined) == (7, 0)
    tomorrow = NOW + timedelta(days=1)
    result = erase(lake, source="city", opened_before=tomorrow, callers=["carol"], by="a", reason="b", now=NOW)
    assert (result.tickets, result.quarantined) == (0, 2)
    assert lake.quarantine().num_rows == 0


def test_erasing_needs_a_name(lake):
    with pytest.raises(LakeInputError, match="nothing to erase was named"):
        erase(lake, source="city", by="office", reason="request", now=NOW)


def test_erasing_nobody_changes_nothing(lake):
    before = lake.version
    result = erase(lake, source="city", callers=["zoe"], by="office", reason="request", now=NOW)
    assert (result.tickets, result.lost, lake.version) == (0, (), before)


def test_optimize_merges_files_and_changes_nothing_else(lake):
    before = lake.tickets()
    done = optimize(lake)
    assert done["files_removed"] > done["files_added"]
    assert lake.tickets() == before
    assert check(lake, now=NOW) == []


def test_vacuum_keeps_retained_versions_and_drops_the_rest(lake):
    optimize(lake)
    assert vacuum(lake, retained=[2], dry_run=True)
    vacuum(lake, retained=[2])
    assert ids(lake, snapshot=2) == ["T1", "T2", "T3", "T4"]
    with pytest.raises(LakeError, match="version 3 can no longer be read exactly"):
        lake.tickets(snapshot=3)
    assert len(ids(lake)) == 5


def test_vacuum_refuses_versions_that_the_lake_does_not_have(lake):
    with pytest.raises(LakeError, match="names version 99, but the lake ends at 3"):
        vacuum(lake, retained=[99])


def test_writing_goes_on_after_optimize_and_vacuum(lake):
    optimize(lake)
    vacuum(lake, retained=[])
    load(lake, ticket(7))
    assert len(ids(lake)) == 6


def test_history_names_every_load(lake):
    notes = [(entry["version"], entry.get("kept")) for entry in history(lake)]
    assert notes == [(3, 1), (2, 2), (1, 2), (0, None)]


def test_check_finds_a_version_stated_twice(lake):
    rows = pa.parquet.read_table(lake.store.table().file_uris()[0])
    twice = rows.select(lake.store.schema.names)
    lake.store.append_rows(twice, name="again", note={})
    assert "tickets with several versions" in check(lake, now=NOW)[-1].what
