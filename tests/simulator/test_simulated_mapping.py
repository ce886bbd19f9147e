from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features.clock import FixedClock
from features.lake import Lake
from features.series import UNCLASSIFIED
from features.simulator import SimulatorConfig, simulate, write_city
from pipelines.ingest import ingest

CITY = SimulatorConfig(tickets=2000, start=date(2026, 9, 1), end=date(2026, 11, 23))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 16, 0, tzinfo=UTC))  # midnight in Shanghai: the export


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_every_row_is_kept_and_a_second_ingest_changes_nothing(settings, clock, tmp_path, format_):
    export = write_city(CITY, tmp_path / "city", format=format_)
    first = ingest([export.tickets_path], "simulated", settings, clock)
    assert (first.read, first.quarantined) == (export.rows, 0)
    assert first.kept + first.updated == export.rows
    again = ingest([export.tickets_path], "simulated", settings, clock)
    assert (again.kept, again.updated, again.unchanged) == (0, 0, export.rows)


def test_the_lake_knows_at_any_moment_what_the_city_knew(settings, clock, tmp_path):
    export = write_city(CITY, tmp_path / "city")
    ingest([export.tickets_path], "simulated", settings, clock)
    lake = Lake.open(settings.lake_path, timezone=settings.timezone)
    as_of = datetime(2026, 10, 20, 1, 30, tzinfo=UTC)
    known = lake.tickets(as_of=as_of).to_pandas().set_index("ticket_id").sort_index()

    local = as_of.astimezone(settings.zone).replace(tzinfo=None)
    feed = SimulatorConfig(tickets=2000, start=date(2026, 9, 1), end=date(2026, 11, 23), changes="all")
    rows = pa.Table.from_batches(list(simulate(feed)))
    rows = rows.filter(pc.less_equal(rows["更新时间"], pa.scalar(local, pa.timestamp("s")))).to_pandas()
    then = rows.drop_duplicates("工单编号", keep="last").set_index("工单编号").sort_index()

    assert list(known.index) == list(then.index)
    assert (known["category"] == then["三级事项"].astype(object).fillna(UNCLASSIFIED)).all()
    assert (known["closed_at"].notna() == then["办结时间"].notna()).all()
    assert 0.02 < known["closed_at"].isna().mean() < 0.3


def test_nothing_personal_reaches_the_lake(settings, clock, tmp_path):
    export = write_city(CITY, tmp_path / "city")
    ingest([export.tickets_path], "simulated", settings, clock)
    tickets = Lake.open(settings.lake_path, timezone=settings.timezone).tickets().to_pandas()
    personal = r"1[3-9]\d{9}|460199\d{8}|琼Z|\d+栋\d+单元|\d+号楼(?:\d|盘)"
    for column in ("title", "text", "address"):
        assert not tickets[column].str.contains(personal).any(), column
    assert not tickets["caller"].dropna().str.contains(r"^1[3-9]\d{9}$").any()
    assert tickets["caller"].notna().mean() > 0.95
