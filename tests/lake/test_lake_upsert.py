"""The lake from outside: what an upsert keeps, and what each moment sees."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from features.lake import Lake, LakeInputError
from features.mappings import Mapping
from features.sources.staging import Privacy, Staging

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
COLUMNS = {
    "ticket_id": "id",
    "opened_at": "opened",
    "closed_at": "closed",
    "category": "kind",
    "district": "place",
    "status": "status",
    "caller": "caller",
    "text": "text",
    "deleted": "gone",
}
PRIVACY = Privacy(
    mask_text=lambda values: pa.array(["*" if v.is_valid else None for v in values], pa.string()),
    hash_caller=lambda values: pa.array([f"h{v}" if v.is_valid else None for v in values], pa.string()),
)


def mapping(known_at: str = "opened_at", **more) -> Mapping:
    columns = COLUMNS | ({"updated_at": "updated"} if known_at == "updated_at" else {})
    return Mapping(source="city", timezone="Asia/Shanghai", known_at=known_at, columns=columns, **more)


def row(ticket: str | None = "A1", opened: str | None = "2026-03-02 09:00:00", **more) -> dict:
    empty = dict.fromkeys(["closed", "kind", "place", "status", "caller", "text", "gone", "updated"])
    return empty | {"id": ticket, "opened": opened, "kind": "噪声", "place": "美兰区"} | more


def load(lake: Lake, how: Mapping, *rows: dict, now: datetime = datetime(2026, 4, 1, tzinfo=UTC)):
    schema = pa.schema([(name, pa.string()) for name in row()])
    with lake.staging() as (load_id, folder):
        table = pa.Table.from_pylist(list(rows), schema=schema)
        staging = Staging(how, into=folder, privacy=PRIVACY, now=now, load_id=load_id)
        return lake.upsert(staging.rows(table, name="rows"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")


def at(day: int, hour: int = 0, month: int = 3) -> datetime:
    """A moment by Shanghai's clock."""
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=8)


def test_an_empty_lake_has_no_tickets(lake):
    assert lake.tickets().num_rows == 0
    assert lake.sources() == []


def test_times_are_kept_as_instant_and_as_wall_clock(lake):
    load(lake, mapping(), row())
    ticket = lake.tickets().to_pylist()[0]
    assert ticket["opened_at"] == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert ticket["opened_local"] == datetime(2026, 3, 2, 9)  # noqa: DTZ001


def test_the_same_rows_again_change_nothing(lake):
    first = load(lake, mapping(), row("A1"), row("A2"))
    again = load(lake, mapping(), row("A1"), row("A2"))
    assert (first.kept, again.kept, again.updated, again.unchanged) == (2, 0, 0, 2)
    assert again.version == first.version == lake.version


def test_a_closing_is_not_visible_before_it_happened(lake):
    load(lake, mapping(), row(closed="2026-03-05 10:00:00", status="已办结"))
    before = lake.tickets(at(4)).to_pylist()[0]
    after = lake.tickets(at(6)).to_pylist()[0]
    assert (before["closed_at"], before["status"]) == (None, "open")
    assert (after["closed_at"], after["status"]) == (at(5, 10), "已办结")


def test_a_ticket_is_not_visible_before_it_was_known(lake):
    load(lake, mapping(), row())
    assert lake.tickets(at(2, 8)).num_rows == 0
    assert lake.tickets(at(2, 9)).num_rows == 1


def test_a_ticket_with_only_a_date_is_known_at_the_end_of_its_day(lake):
    load(lake, mapping(date_only=True), row(opened="2026-03-02"))
    assert lake.tickets(at(2, 23)).num_rows == 0
    assert lake.tickets(at(3)).num_rows == 1


def test_a_recategorisation_is_seen_from_its_update_on(lake):
    how = mapping("updated_at")
    load(lake, how, row(updated="2026-03-02 09:00:00"))
    result = load(lake, how, row(updated="2026-03-04 09:00:00", kind="油烟"))
    assert (result.kept, result.updated) == (0, 1)
    assert lake.tickets(at(3))["category"].to_pylist() == ["噪声"]
    assert lake.tickets(at(5))["category"].to_pylist() == ["油烟"]


def test_an_older_state_that_arrives_late_does_not_win(lake):
    how = mapping("updated_at")
    load(lake, how, row(updated="2026-03-04 09:00:00", kind="油烟"))
    load(lake, how, row(updated="2026-03-02 09:00:00", kind="噪声"))
    assert lake.tickets()["category"].to_pylist() == ["油烟"]
    assert lake.tickets(at(3))["category"].to_pylist() == ["噪声"]


def test_a_correction_in_a_later_export_counts_from_its_arrival(lake):
    load(lake, mapping(), row(), now=at(1, month=4))
    load(lake, mapping(), row(kind="油烟"), now=at(1, month=5))
    assert lake.tickets(at(20, month=4))["category"].to_pylist() == ["噪声"]
    assert lake.tickets(at(2, month=5))["category"].to_pylist() == ["油烟"]


def test_a_later_export_that_brings_the_closing_counts_from_the_closing(lake):
    load(lake, mapping(), row(), now=at(3))
    load(lake, mapping(), row(closed="2026-03-05 10:00:00"), now=at(1, month=5))
    assert lake.tickets(at(5, 9))["closed_at"].to_pylist() == [None]
    assert lake.tickets(at(5, 11))["closed_at"].to_pylist() == [at(5, 10)]


def test_an_older_export_loaded_again_brings_nothing_back(lake):
    load(lake, mapping(), row())
    load(lake, mapping(), row(kind="油烟"))
    again = load(lake, mapping(), row())
    assert again.unchanged == 1
    assert lake.tickets()["category"].to_pylist() == ["油烟"]


def test_a_live_feed_may_return_to_an_earlier_state(lake):
    for day, status in enumerate(["处理中", "已办结", "处理中"], start=3):
        load(lake, mapping("arrival"), row(status=status), now=at(day))
    seen = [lake.tickets(at(day, 1))["status"].to_pylist()[0] for day in (3, 4, 5)]
    assert seen == ["处理中", "已办结", "处理中"]


def test_an_id_repeated_in_a_batch_later_wins_and_both_are_kept(lake):
    result = load(lake, mapping(), row(closed="2026-03-03 10:00:00"), row(closed="2026-03-09 10:00:00"), row("B2"))
    assert (result.kept, result.updated, result.repeated) == (2, 1, 1)
    assert lake.tickets(ids=[("city", "A1")])["closed_at"].to_pylist() == [at(9, 10)]
    assert lake.tickets(at(4), ids=[("city", "A1")])["closed_at"].to_pylist() == [at(3, 10)]


def test_a_deletion_hides_the_ticket_from_then_on(lake):
    load(lake, mapping("arrival"), row(), now=at(3))
    load(lake, mapping("arrival"), row(gone="1"), now=at(5))
    assert lake.tickets(at(4)).num_rows == 1
    assert lake.tickets(at(6)).num_rows == 0


@pytest.mark.parametrize("known_at", ["opened_at", "updated_at", "arrival"])
def test_a_full_export_hides_what_it_no_longer_holds(lake, known_at):
    how = mapping(known_at, full_export=True)
    load(lake, how, row("A1"), row("B2"), now=at(3))
    result = load(lake, how, row("A1"), now=at(5))
    load(lake, how, row("A1"), row("B2"), now=at(9))
    assert (result.unchanged, result.deleted) == (1, 1)
    seen = {day: sorted(lake.tickets(at(day))["ticket_id"].to_pylist()) for day in (4, 6, 10)}
    assert seen == {4: ["A1", "B2"], 6: ["A1"], 10: ["A1", "B2"]}


def test_nothing_private_reaches_the_disk(lake):
    load(lake, mapping(), row(caller="13907551234", text="我叫王小明"), row(None, text="我叫王小明"))
    everything = b"".join(path.read_bytes() for path in lake.path.rglob("*.parquet"))
    ticket = lake.tickets().to_pylist()[0]
    assert (ticket["caller"], ticket["text"]) == ("h13907551234", "*")
    assert "王小明".encode() not in everything


def test_blank_category_and_district_are_unclassified_and_flagged(lake):
    load(lake, mapping(), row(kind="  ", place=None))
    ticket = lake.tickets().to_pylist()[0]
    assert (ticket["category"], ticket["category1"], ticket["district"]) == ("未分类",) * 3
    assert ticket["flags"] == "no_category,no_district"


def test_an_old_snapshot_stays_readable(lake):
    first = load(lake, mapping(), row())
    load(lake, mapping(), row("B2"))
    assert lake.tickets(snapshot=first.version).num_rows == 1
    assert lake.tickets().num_rows == 2


def test_tickets_by_id_time_and_column(lake):
    load(lake, mapping(), row("A1"), row("B2", opened="2026-03-08 09:00:00"), row("C3", opened="2026-03-20 09:00:00"))
    table = lake.tickets(since=at(5), until=at(10), columns=["ticket_id"])
    assert table.to_pydict() == {"ticket_id": ["B2"]}
    assert lake.tickets(ids=[("city", "C3"), ("other", "A1")])["ticket_id"].to_pylist() == ["C3"]
    assert lake.tickets(ids=[]).num_rows == 0


@pytest.mark.parametrize("together", [False, True])
def test_a_ticket_whose_opening_moved_is_found_where_it_is_now(lake, together):
    how = mapping("updated_at")
    versions = [
        row(opened="2026-03-02 09:00:00", updated="2026-03-02 09:00:00"),
        row(opened="2026-03-12 09:00:00", updated="2026-03-13 09:00:00"),
    ]
    for part in [versions] if together else [[version] for version in versions]:
        load(lake, how, *part)
    assert lake.tickets(until=at(5)).num_rows == 0
    assert lake.tickets(at(4), until=at(5)).num_rows == 1
    assert lake.tickets(since=at(10))["flags"].to_pylist() == ["opening_moved"]


def test_unknown_columns_and_naive_moments_are_refused(lake):
    with pytest.raises(LakeInputError, match="no columns key"):
        lake.tickets(columns=["key"])
    with pytest.raises(LakeInputError, match="as_of needs a time zone"):
        lake.tickets(datetime(2026, 3, 1))  # noqa: DTZ001


def test_news_are_the_versions_known_after_one_moment_and_by_another(lake):
    load(lake, mapping("updated_at"), row("A1", updated="2026-03-02 09:00:00"))
    load(lake, mapping("updated_at"), row("A1", updated="2026-03-03 09:00:00", kind="油烟"))
    load(lake, mapping("updated_at"), row("B1", updated="2026-03-03 10:00:00"))
    heard = lake.news(at(2, 9), at(3, 10)).to_pylist()
    assert [(version["source"], version["ticket_id"], version["known_at"]) for version in heard] == [
        ("city", "A1", at(3, 9)),
        ("city", "B1", at(3, 10)),
    ], "the start is left out and the end is in"
    assert [version["ticket_id"] for version in lake.news(at(1), at(3, 9)).to_pylist()] == ["A1", "A1"]
    assert lake.news(at(3, 10), at(9)).num_rows == 0
    with pytest.raises(LakeInputError, match="need a time zone"):
        lake.news(at(1), at(2).replace(tzinfo=None))
