"""The memory of topics, learnt from a real lake: as known then, and anew after a change of schema."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.configuration import TextConfig
from features.knowledge import Knowledge
from features.lake import Lake
from features.mappings import Mapping
from features.settings import Settings
from features.sources.staging import Staging
from models.hotspots.textgroups import TopicMemory
from pipelines.topic_memory import load_or_learn, load_topic_memory

AS_OF = datetime(2026, 3, 31, 16, tzinfo=UTC)
COLUMNS = {"ticket_id": "id", "opened_at": "opened", "updated_at": "updated", "title": "title", "text": "text"}
HOW = Mapping(source="city", timezone="Asia/Shanghai", known_at="updated_at", columns=COLUMNS)


def load(lake: Lake, rows: list[dict[str, str]]) -> None:
    with lake.staging() as (load_id, folder):
        table = pa.Table.from_pylist(rows)
        staging = Staging(HOW, into=folder, privacy=None, now=datetime(2026, 5, 1, tzinfo=UTC), load_id=load_id)
        lake.upsert(staging.rows(table, name="rows"))


def ticket(number: int, said: str, *, day: int, known_after: float = 0) -> dict[str, str]:
    opened = datetime(2026, 3, 1, 12) + timedelta(days=day)  # noqa: DTZ001
    updated = opened + timedelta(days=known_after)
    return {"id": str(number), "opened": str(opened), "updated": str(updated), "title": said, "text": ""}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    opened = Lake.open(str(tmp_path / "lake"), timezone="Asia/Shanghai")
    load(opened, [ticket(day, "搅拌站扰民", day=day) for day in range(27)])
    return opened


def learnt(settings: Settings, lake: Lake) -> TopicMemory:
    for kept in (settings.home / "topics").glob("*.npz"):
        kept.unlink()
    return load_or_learn(Knowledge.at(settings, AS_OF, lake=lake), TextConfig(), days=27)


def test_days_are_learnt_from_what_was_known_by_then(settings: Settings, lake: Lake) -> None:
    before = learnt(settings, lake)
    assert (before.tickets > 20, str(before.through)[:10]) == (True, "2026-03-28")
    # Told after the moment: new tickets of learnt days, and other words for tickets that are known.
    load(lake, [ticket(100 + day, "小区电梯停运", day=day, known_after=40) for day in range(27)])
    load(lake, [ticket(day, "电梯故障", day=day, known_after=40) for day in range(27)])
    assert learnt(settings, lake).to_bytes() == before.to_bytes()


def test_learning_goes_on_where_it_stopped(settings: Settings, lake: Lake) -> None:
    whole = learnt(settings, lake)
    for kept in (settings.home / "topics").glob("*.npz"):
        kept.unlink()
    load_or_learn(Knowledge.at(settings, AS_OF - timedelta(days=12), lake=lake), TextConfig(), days=15)
    again = load_or_learn(Knowledge.at(settings, AS_OF, lake=lake), TextConfig(), days=27)
    words = ["搅拌站", "电梯"]
    assert (again.through, again.days) == (whole.through, whole.days)
    assert again.said(words) == pytest.approx(whole.said(words), rel=1e-5)
    assert again.days_absent(words, AS_OF.replace(tzinfo=None)).tolist()[0] == 4


def test_a_memory_of_another_schema_is_learnt_anew(settings: Settings, lake: Lake) -> None:
    good = learnt(settings, lake)
    kept = settings.home / "topics" / "2026-03-28.npz"
    buffer = io.BytesIO()
    np.savez_compressed(buffer, span=np.array([1, 0, 0]))
    kept.write_bytes(buffer.getvalue())
    assert load_topic_memory(Knowledge.at(settings, AS_OF, lake=lake), TextConfig()).through is None
    assert load_or_learn(Knowledge.at(settings, AS_OF, lake=lake), TextConfig(), days=27).to_bytes() == good.to_bytes()
    assert load_topic_memory(Knowledge.at(settings, AS_OF, lake=lake), TextConfig()).through == good.through
