"""Rows that name a time in the future: they wait, come in by themselves, and leave no trace when they must not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from features.errors import QuarantineError
from features.lake import Lake
from features.lake.erasure import erase, holds_older
from features.lake.release import count, is_due, release
from features.lake.upkeep import check, optimize, vacuum
from features.lake.waiting import next_due
from features.mappings import Mapping
from features.panel import build_panel
from features.sources.landing import accept
from features.sources.staging import Privacy
from pipelines.ingest import ingest
from pipelines.schedule.jobs import JobContext, ingest_incoming
from pipelines.schedule.plan import read_schedule
from serve.store import Store

NOW = datetime(2026, 4, 1, tzinfo=UTC)
COLUMNS = {"ticket_id": "id", "opened_at": "opened", "category": "kind", "caller": "caller", "text": "text"}
PRIVACY = Privacy.with_key(b"a key for tests")


def mapping(known_at: str = "opened_at", **more) -> Mapping:
    columns = COLUMNS | ({"updated_at": "updated"} if known_at == "updated_at" else {})
    return Mapping(source="city", timezone="UTC", known_at=known_at, columns=columns, **more)


def row(ticket: str, opened: datetime, kind: str = "噪声", **more) -> dict:
    at = f"{opened:%Y-%m-%d %H:%M:%S}"
    return {"id": ticket, "opened": at, "updated": at, "kind": kind, "caller": None, "text": "x"} | more


def load(lake: Lake, how: Mapping, *rows: dict, now: datetime = NOW, name: str = ""):
    key = name or f"{now}{rows}"
    return accept(lake, list(rows), how, idempotency_key=key, privacy=PRIVACY, now=now)


def usual(now: datetime = NOW, many: int = 4) -> list[dict]:
    return [row(f"U{i}", now - timedelta(days=9, hours=i)) for i in range(many)]


def state(lake: Lake) -> list[tuple]:
    rows = lake.tickets(columns=["ticket_id", "opened_at", "category"]).to_pylist()
    return sorted(tuple(one.values()) for one in rows)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "lake"), timezone="UTC")


@pytest.mark.parametrize("known_at", ["opened_at", "updated_at", "arrival"])
def test_a_row_comes_in_when_its_time_has_come(lake, known_at):
    due = NOW + timedelta(hours=3)
    receipt = load(lake, mapping(known_at), *usual(), row("A", due))
    assert (receipt.kept, receipt.quarantined, receipt.waiting, receipt.refused[0].reason) == (
        4,
        1,
        1,
        "time in the future",
    )
    assert (count(lake), next_due(lake.waiting_store), release(lake, NOW + timedelta(hours=2))) == (1, due, [])
    (came,) = release(lake, due)
    assert (came.source, came.kept, came.updated, came.unchanged) == ("city", 1, 0, 0)
    assert release(lake, due) == []
    assert (count(lake), lake.quarantine().num_rows, lake.tickets(due).num_rows) == (0, 0, 5)
    assert lake.tickets(due - timedelta(minutes=1)).num_rows == 4
    assert check(lake, now=due) == []
    assert lake.tickets(columns=["flags"])["flags"].to_pylist().count("no_district,waited") == 1


def test_nothing_is_read_where_nothing_waits(lake):
    load(lake, mapping(), *usual())
    assert (lake.waiting_store.path.exists(), is_due(lake, NOW), len(lake.stores)) == (False, False, 4)


def test_what_a_ticket_said_since_counts(lake):
    load(lake, mapping(), *usual(), row("A", NOW + timedelta(days=300)))
    load(lake, mapping(), row("A", NOW - timedelta(days=65), kind="油烟"), now=NOW + timedelta(days=1))
    assert (count(lake), release(lake, NOW + timedelta(days=400))) == (0, [])
    assert [one[2] for one in state(lake) if one[0] == "A"] == ["油烟"]


def test_a_ticket_that_is_corrected_back_stays_as_it_was(lake):
    first = row("A", NOW - timedelta(days=2))
    load(lake, mapping(), *usual(), first)
    load(lake, mapping(), *usual(), row("A", NOW + timedelta(days=300)), now=NOW + timedelta(hours=1))
    assert count(lake) == 1
    load(lake, mapping(), first, now=NOW + timedelta(hours=2))
    assert (count(lake), release(lake, NOW + timedelta(days=400))) == (0, [])


def test_the_later_row_of_a_file_counts(lake):
    ahead, right = row("A", NOW + timedelta(days=1)), row("A", NOW - timedelta(days=1), kind="油烟")
    load(lake, mapping(), *usual(), ahead, right)
    assert count(lake) == 0


def test_the_same_row_waits_once_and_leaves_the_quarantine_whole(lake):
    ahead = row("A", NOW + timedelta(hours=5))
    for hour in range(3):
        load(lake, mapping("arrival"), *usual(), ahead, now=NOW + timedelta(hours=hour), name=f"{hour}")
    assert (count(lake), lake.quarantine().num_rows) == (1, 1)
    release(lake, NOW + timedelta(hours=6))
    assert (lake.quarantine().num_rows, len(state(lake))) == (0, 5)


def test_what_a_full_export_no_longer_holds_does_not_come_in(lake):
    how = mapping(full_export=True)
    load(lake, how, *usual(), row("A", NOW + timedelta(hours=5)))
    load(lake, how, *usual(), row("B", NOW - timedelta(days=1)), now=NOW + timedelta(hours=1))
    assert count(lake) == 0


def test_too_many_rows_ahead_are_a_wrong_clock(lake):
    rows = [row(f"A{i}", NOW + timedelta(hours=8)) for i in range(20)]
    with pytest.raises(QuarantineError, match="20 of 24 rows are bad") as refused:
        load(lake, mapping(), *usual(), *rows)
    assert "is the clock of this machine right" in str(refused.value.hint)
    assert not lake.waiting_store.exists


def test_a_clock_that_was_set_back_loses_nothing(lake):
    later = NOW + timedelta(days=3)
    load(lake, mapping("arrival"), *usual(later), now=later)
    rows = [row(f"A{i}", later + timedelta(minutes=i)) for i in range(20)]
    assert load(lake, mapping("arrival"), *rows).waiting == 20
    release(lake, later + timedelta(hours=1))
    assert len(state(lake)) == 24


@pytest.mark.parametrize("how", ["id", "caller", "age"])
def test_erasure_reaches_what_waits(lake, how):
    hashed = PRIVACY.hash_caller(_array(["13907551234"]))[0].as_py()
    ahead = row("A", NOW + timedelta(days=1), caller="13907551234", text="secret-of-xanthippe 13907551234")
    load(lake, mapping(), *usual(), ahead)
    assert _holds(lake, b"A", "ticket_id")
    assert not _anywhere(lake, b"13907551234")
    whom = {"id": {"ids": ["A"]}, "caller": {"callers": [hashed]}, "age": {"opened_before": NOW + timedelta(hours=1)}}
    if how == "age":
        assert holds_older(lake, source="city", than=NOW + timedelta(hours=1))
    erase(lake, source="city", by="x", reason="y", now=NOW, **whom[how])
    assert (count(lake), lake.quarantine().num_rows) == (0, 0)
    assert not list(lake.waiting_store.path.glob("*.parquet"))
    load(lake, mapping(), *usual(), ahead, now=NOW + timedelta(hours=2))
    assert release(lake, NOW + timedelta(days=2)) == []
    assert "A" not in [one[0] for one in state(lake)]


def test_upkeep_keeps_what_waits(lake):
    for hour in range(3):
        load(lake, mapping(), *usual(), row(f"A{hour}", NOW + timedelta(days=1)), now=NOW + timedelta(hours=hour))
    optimize(lake)
    vacuum(lake, retained=())
    assert count(lake) == 3
    assert len(state(lake)) == 4


def test_a_killed_release_is_done_by_the_next(lake, monkeypatch):
    load(lake, mapping("arrival"), *usual(), row("A", NOW + timedelta(hours=1)))
    monkeypatch.setattr("features.lake.waiting.forget", _killed)
    with pytest.raises(KeyboardInterrupt):
        release(lake, NOW + timedelta(hours=2))
    monkeypatch.undo()
    assert count(lake) == 1
    (came,) = release(lake, NOW + timedelta(hours=3))
    assert (came.kept, came.unchanged, count(lake), len(state(lake))) == (0, 1, 0, 5)


def test_what_waited_does_not_tell_how_far_a_dead_feed_was_read(lake):
    feed = [row(f"F{i}", NOW - timedelta(days=28) + timedelta(hours=6 * i)) for i in range(112)]
    load(lake, mapping("arrival"), *feed, row("A", NOW + timedelta(days=20, hours=5)))
    late = NOW + timedelta(days=21)
    before = build_panel(lake, as_of=late, freq="D").data_through
    release(lake, late - timedelta(hours=12))
    assert build_panel(lake, as_of=late, freq="D").data_through == before


STATES = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(-5, 40), st.sampled_from(["噪声", "油烟"])), min_size=1, max_size=4
)


@hypothesis_settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(batches=st.lists(STATES, min_size=1, max_size=3), known_at=st.sampled_from(["opened_at", "arrival"]))
def test_in_the_end_the_lake_says_what_was_said_last(tmp_path_factory, batches, known_at):
    """Whatever was ahead when: once all has come, each ticket stands as its last row says."""
    lake = Lake.open(str(tmp_path_factory.mktemp("lake")), timezone="UTC")
    last: dict[str, tuple] = {}
    for hour, batch in enumerate(batches):
        now = NOW + timedelta(hours=hour)
        rows = [row(ticket, NOW + timedelta(hours=offset), kind) for ticket, offset, kind in batch]
        release(lake, now)
        load(lake, mapping(known_at, repeat_limit=1), *usual(many=20), *rows, now=now, name=str(hour))
        last |= {one["id"]: one for one in rows}
    end = NOW + timedelta(hours=50)
    for hour in range(len(batches), 51):
        release(lake, NOW + timedelta(hours=hour))
    assert count(lake) == 0
    assert check(lake, now=end) == []
    found = {one[0]: one for one in state(lake)}
    assert set(last) <= set(found)
    if known_at == "arrival":
        assert {key: found[key][2] for key in last} == {key: one["kind"] for key, one in last.items()}


def test_the_command_and_the_scheduler_bring_it_in(tmp_path, settings, clock):
    header, good = "工单编号,受理时间,三级事项,区县", [f"H{i},2026-11-22 09:0{i}:00,噪声,美兰区" for i in range(5)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *good, "H9,2026-11-23 09:30:00,油烟,美兰区"]))
    summary = ingest([path], "zh_12345", settings, clock)
    assert (summary.kept, summary.quarantined, summary.waiting, summary.degraded) == (5, 1, 1, ())
    assert [str(one.code) for one in summary.notices] == ["rows_wait"]
    clock.advance(timedelta(hours=2))
    assert ingest([path], "zh_12345", settings, clock).came_in == 1
    assert ingest([path], "zh_12345", settings, clock).came_in == 0

    path.write_text("\n".join([header, *good, "H10,2026-11-23 12:30:00,油烟,美兰区"]))
    ingest([path], "zh_12345", settings, clock)
    store = Store.open(settings.store_url)
    schedule = read_schedule(settings)
    assert ingest_incoming(JobContext(settings, store, clock, schedule, clock.now())).summary["came_in"] == 0
    clock.advance(timedelta(hours=3))
    from pipelines.schedule.jobs import WORK

    context = JobContext(settings, store, clock, schedule, clock.now())
    assert WORK["ingest"].ready(context)
    assert ingest_incoming(context).summary["came_in"] == 1
    assert not WORK["ingest"].ready(context)


def _array(values: list[str]):
    import pyarrow as pa

    return pa.array(values)


def _killed(*_args, **_more) -> None:
    raise KeyboardInterrupt


def _holds(lake: Lake, value: bytes, column: str) -> bool:
    import pyarrow.parquet as pq

    files = lake.waiting_store.path.glob("*.parquet")
    return any(value.decode() in pq.read_table(file)[column].to_pylist() for file in files)


def _anywhere(lake: Lake, needle: bytes) -> bool:
    import pyarrow.parquet as pq

    for file in lake.path.rglob("*.parquet"):
        if re.search(needle, repr(pq.read_table(file).to_pylist()).encode()):
            return True
    return any(needle in file.read_bytes() for file in lake.path.rglob("*.json"))
