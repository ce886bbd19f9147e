"""A file of the lake whose columns are called otherwise: every reader answers as before, or says that it cannot."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from features.errors import LakeError
from features.knowledge import Knowledge
from features.lake import Lake
from features.vocabulary import Frequency
from pipelines.ingest import ingest

READERS = {
    "panels": lambda known: known.panels({Frequency.WEEKLY: None})[Frequency.WEEKLY].panel.y["y"].sum(),
    "branches": lambda known: known.branches.as_filed,
    "tickets": lambda known: known.tickets().num_rows,
    "some columns": lambda known: known.tickets(columns=["ticket_id", "category", "opened_local"]).num_rows,
    "reports": lambda known: known.reports(columns=["ticket_id"]).num_rows,
    "placed": lambda known: known.placed(by="category", days=400, points_only=False).label.size,
    "arrivals": lambda known: known.arrivals(known.as_of - timedelta(days=400), known.as_of).num_rows,
    "as filed": lambda known: len(known.counts_as_filed("category")),
}
COLUMNS = ("source", "ticket_id", "known_at", "opened_local", "category1", "content_hash")
RENAMED = {"another letter": 0x01, "another case": 0x20, "no text": 0x80}


@pytest.fixture
def file(settings, clock, tmp_path) -> Path:
    lines = ["工单编号,受理时间,一级事项,三级事项,区县,诉求内容"]
    lines += [f"T{i},2026-11-{1 + i % 20:02d} 08:00:00,水务,停水,龙华区,搅拌站扰民{i}" for i in range(90)]
    (tmp_path / "1.csv").write_text("\n".join(lines), encoding="utf-8")
    ingest([tmp_path / "1.csv"], "zh_12345", settings, clock)
    return Path(Lake.of(settings).store.files()[0])


@pytest.mark.parametrize("how", RENAMED)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_of_another_name_is_said_or_read_as_before(file, settings, clock, column, how):
    def read(name: str) -> object:
        return READERS[name](Knowledge.at(settings, clock.now()))

    before = {name: read(name) for name in READERS}
    content = file.read_bytes()
    renamed = column[:-1].encode() + bytes([ord(column[-1]) ^ RENAMED[how]])
    file.write_bytes(content.replace(column.encode(), renamed))
    for name, answer in before.items():
        with suppress(LakeError):
            assert read(name) == answer, name
