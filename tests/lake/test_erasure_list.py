"""The list of erasures outlives the lake: written first, and carried out again where it is unknown."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from features.lake import Lake
from features.lake.erasure import erase, erase_again
from features.lake.erasure_list import ErasureList, ErasureListError, ListedErasure, NotedBackup, caller_digest
from features.lake.upkeep import check
from features.privacy import CallerHasher
from pipelines.ingest import ingest

HEADER = "工单编号,受理时间,三级事项,区县,来电人"
AT = datetime(2026, 11, 23, tzinfo=UTC)
ENTRIES = [
    ListedErasure("e1", AT, "zh_12345", "office", "law", keys=(1, -2), callers=("ab",)),
    NotedBackup("b1", AT, "周一.weisu"),
    ListedErasure("e2", AT, "open311", "retention", "90d", opened_before=AT - timedelta(days=90)),
]


def export(folder, name: str, tickets: dict[str, tuple[str, str]]):
    lines = [f"{one},{day} 08:00:00,停水,海口,{caller}" for one, (day, caller) in tickets.items()]
    (folder / name).write_text("\n".join([HEADER, *lines]), "utf-8")
    return [folder / name]


OLD = {"T1": ("2026-03-01", "13800000001"), "T2": ("2026-03-02", "13800000002"), "T3": ("2026-11-01", "13800000002")}
BAD = {"Q1": ("no day", "13800000001"), "Q2": ("no day", "13800000003")}
NEW = {"N1": ("2026-11-20", "13800000001"), "N2": ("2026-11-21", "13800000009")}


@pytest.fixture
def lake(settings, clock, tmp_path) -> Lake:
    filling = {f"F{i}": ("2026-11-02", "") for i in range(40)}
    ingest(export(tmp_path, "old.csv", {**OLD, **filling, **BAD}), "zh_12345", settings, clock)
    return Lake.of(settings)


def ids(lake: Lake) -> set[str]:
    return {one for one in lake.tickets(columns=["ticket_id"])["ticket_id"].to_pylist() if not one.startswith("F")}


def test_what_was_erased_since_a_copy_is_erased_from_the_copy_again(lake, settings, clock, tmp_path):
    hashed = CallerHasher(settings.secret_key()).hashes_of("13800000001")
    shutil.copytree(lake.path, tmp_path / "copy")
    ingest(export(tmp_path, "new.csv", NEW), "zh_12345", settings, clock)
    erase(lake, source="zh_12345", callers=hashed, by="office", reason="law", now=clock.now())
    erase(lake, source="zh_12345", opened_before=datetime(2026, 3, 3, tzinfo=UTC), by="r", reason="p", now=clock.now())
    assert ids(lake) == {"T3", "N2"}

    shutil.rmtree(lake.path)
    shutil.copytree(tmp_path / "copy", lake.path)
    assert ids(lake) == set(OLD)
    (result,) = erase_again(lake, lake.erasure_list.erasures())
    assert (result.tickets, result.quarantined, ids(lake)) == (2, 1, {"T3"})
    assert {row["ticket_id"] for row in lake.quarantine().to_pylist()} == {"Q2"}
    assert check(lake, now=clock.now()) == []
    assert erase_again(lake, lake.erasure_list.erasures()) == []
    # What came after the copy comes again, but for the person who was erased meanwhile.
    ingest(export(tmp_path, "again.csv", {**NEW, **OLD}), "zh_12345", settings, clock)
    assert ids(lake) == {"T3", "N2"}


def test_the_list_is_written_before_anything_is_erased_and_names_no_caller(lake, settings, clock, monkeypatch):
    hashed = CallerHasher(settings.secret_key()).hashes_of("13800000002")

    def cut(*_args, **_more):
        raise KeyboardInterrupt("cut")

    monkeypatch.setattr(lake.store, "delete", cut)
    with pytest.raises(KeyboardInterrupt, match="cut"):
        erase(lake, source="zh_12345", callers=hashed, by="office", reason="law", now=clock.now())
    monkeypatch.undo()
    assert ids(lake) == set(OLD)
    (entry,) = lake.erasure_list.erasures()
    assert (len(entry.keys), entry.callers) == (2, (caller_digest(hashed[0]),))
    content = lake.erasure_list.path.read_text("utf-8")
    assert not any(secret in content for secret in ("13800000002", hashed[0], hashed[0].partition("-")[2], "T2"))
    erase_again(lake, [entry])
    assert ids(lake) == {"T1"}


def test_nothing_is_erased_that_cannot_be_written_down(lake, clock):
    lake.erasure_list.path.mkdir(parents=True)
    with pytest.raises(ErasureListError, match=r"cannot be written[\s\S]*nothing was erased"):
        erase(lake, source="zh_12345", ids=["T1"], by="office", reason="law", now=clock.now())
    assert ids(lake) == set(OLD)


@pytest.fixture
def listed(tmp_path) -> ErasureList:
    found = ErasureList(tmp_path / "somewhere" / "else.jsonl")
    for entry in ENTRIES:
        found.append(entry)
    return found


def test_the_list_says_what_was_written(listed, tmp_path):
    assert [*listed.erasures(), *listed.backups()] == [ENTRIES[0], ENTRIES[2], ENTRIES[1]]
    assert (ErasureList(tmp_path / "none").erasures(), ErasureList(tmp_path / "none").exists()) == ([], False)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_changed_list_is_refused_and_a_torn_end_was_never_acknowledged(listed, data):
    whole = listed.path.read_bytes()
    try:
        cut = data.draw(st.integers(0, len(whole)))
        listed.path.write_bytes(whole[:cut])
        kept = whole[:cut].count(b"\n")
        assert len(listed.erasures()) + len(listed.backups()) == kept
        listed.append(ENTRIES[1])
        assert len(listed.erasures()) + len(listed.backups()) == kept + 1
        at = data.draw(st.integers(0, len(whole) - 2).filter(lambda place: whole[place : place + 1] != b"\n"))
        listed.path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ErasureListError, match="is damaged"):
            listed.erasures()
    finally:
        listed.path.write_bytes(whole)
