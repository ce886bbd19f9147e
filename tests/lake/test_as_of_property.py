"""As-of never sees later knowledge: whatever arrives later, the past stays as it was seen."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.lake import Lake
from features.mappings import Mapping
from features.sources.staging import Staging

START = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = ["id", "opened", "updated", "closed", "kind", "place", "gone"]
HOURS = st.integers(0, 40)
ROW = st.fixed_dictionaries(
    {
        "id": st.sampled_from("ABC"),
        "opened": HOURS,
        "after": st.integers(0, 30),
        "closing": st.one_of(st.none(), st.integers(0, 60)),
        "kind": st.sampled_from(["噪声", "油烟", None]),
        "place": st.sampled_from(["美兰区", None]),
        "gone": st.sampled_from([None, None, "1"]),
    }
)


def mapping(known_at: str) -> Mapping:
    columns = {
        "ticket_id": "id",
        "opened_at": "opened",
        "updated_at": "updated",
        "closed_at": "closed",
        "category": "kind",
        "district": "place",
        "deleted": "gone",
    }
    return Mapping(source="s", timezone="UTC", known_at=known_at, columns=columns)


def stated(row: dict, base: datetime = START) -> dict:
    opened = base + timedelta(hours=row["opened"])
    closed = None if row["closing"] is None else opened + timedelta(hours=row["closing"])
    return {
        "id": row["id"],
        "opened": opened.isoformat(sep=" ").removesuffix("+00:00"),
        "updated": (opened + timedelta(hours=row["after"])).isoformat(sep=" ").removesuffix("+00:00"),
        "closed": closed and closed.isoformat(sep=" ").removesuffix("+00:00"),
        "kind": row["kind"],
        "place": row["place"],
        "gone": row["gone"],
    }


def load(lake: Lake, how: Mapping, rows: list[dict], now: datetime) -> None:
    schema = pa.schema([(name, pa.string()) for name in NAMES])
    with lake.staging() as (load_id, folder):
        staging = Staging(how, into=folder, privacy=None, now=now, load_id=load_id, threads=1)
        lake.upsert(staging.rows(pa.Table.from_pylist(rows, schema=schema), name="rows"))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    known_at=st.sampled_from(["opened_at", "updated_at", "arrival"]),
    past=st.lists(ROW, min_size=1, max_size=6),
    later=st.lists(ROW, min_size=1, max_size=6),
)
def test_what_arrives_later_never_changes_what_was_known(known_at, past, later):
    """The later rows are opened after `as_of`, or arrive after it: both are the future."""
    as_of, now = START + timedelta(days=7), START + timedelta(days=14)
    how = mapping(known_at)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake.open(folder, timezone="UTC")
        load(lake, how, [stated(row) for row in past], now=as_of if known_at == "arrival" else now)
        seen = lake.tickets(as_of)
        future = [stated(row, START + timedelta(days=8)) for row in later]
        load(lake, how, future, now=now + timedelta(days=1))
        assert lake.tickets(as_of) == seen


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(ROW, min_size=1, max_size=8), hour=st.integers(0, 80))
def test_nothing_visible_is_later_than_as_of(rows, hour):
    as_of = START + timedelta(hours=hour)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake.open(folder, timezone="UTC")
        load(lake, mapping("opened_at"), [stated(row) for row in rows], now=START + timedelta(days=14))
        for ticket in lake.tickets(as_of).to_pylist():
            assert ticket["known_at"] <= as_of
            assert ticket["opened_at"] <= as_of
            assert ticket["closed_at"] is None or ticket["closed_at"] <= as_of


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(ROW, min_size=1, max_size=8),
    cut=st.integers(0, 8),
    known_at=st.sampled_from(["opened_at", "updated_at"]),
)
def test_one_file_or_two_the_same_tickets_and_nothing_twice(rows, cut, known_at):
    now = START + timedelta(days=14)
    texts = [stated(row) for row in rows]
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        whole, parts = Lake.open(first, timezone="UTC"), Lake.open(second, timezone="UTC")
        load(whole, mapping(known_at), texts, now)
        for part in (texts[:cut], texts[cut:], texts):
            if part:
                load(parts, mapping(known_at), part, now)
        columns = ["ticket_id", "category", "district", "opened_at"]
        if known_at == "updated_at":
            assert set(whole.tickets(columns=columns)["ticket_id"].to_pylist()) == set(
                parts.tickets(columns=columns)["ticket_id"].to_pylist()
            )
        found = parts.tickets(columns=["ticket_id"])["ticket_id"].to_pylist()
        assert len(found) == len(set(found))
