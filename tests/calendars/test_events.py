from datetime import UTC, datetime

import pandas as pd
import pytest

from features.calendars import EventError, events_as_of, events_for, read_events, validate_events
from features.settings import Settings

REGISTER = """name,kind,start,end,registered_at,category,district
海口马拉松,event,2026-02-22,2026-02-22,2026-02-01T09:00,交通,海口市
垃圾分类新规,policy,2026-03-01,,2026-02-20T00:00:00+00:00,,
"""


def register(tmp_path, text=REGISTER):
    path = tmp_path / "events.csv"
    path.write_text(text, encoding="utf-8-sig")
    return read_events(path, timezone="Asia/Shanghai")


def test_register_is_read_with_local_and_aware_moments(tmp_path):
    events = register(tmp_path)
    assert events["name"].tolist() == ["海口马拉松", "垃圾分类新规"]
    assert events["registered_at"].tolist() == [
        pd.Timestamp("2026-02-01T01:00Z"),
        pd.Timestamp("2026-02-20T00:00Z"),
    ]
    assert pd.isna(events["end"].iloc[1])


def test_register_of_an_installation_is_the_configured_one(tmp_path):
    register(tmp_path)
    section = {"calendar": {"events": str(tmp_path / "events.csv")}}
    assert len(events_for(Settings(timezone="Asia/Shanghai", **section))) == 2
    assert events_for(Settings()) is None


def test_event_entered_later_is_not_known_yet(tmp_path):
    events = register(tmp_path)
    assert events_as_of(events, datetime(2026, 1, 31, tzinfo=UTC)).empty
    assert events_as_of(events, datetime(2026, 2, 1, 1, tzinfo=UTC))["name"].tolist() == ["海口马拉松"]
    assert len(events_as_of(events, datetime(2026, 3, 1, tzinfo=UTC))) == 2


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (",event,2026-01-01,2026-01-01,2026-01-01", "line 2 has no name"),
        ("a,festival,2026-01-01,2026-01-01,2026-01-01", "line 2 has an unknown kind"),
        ("a,event,soon,2026-01-01,2026-01-01", "line 2 has no valid start"),
        ("a,event,2026-01-01,,2026-01-01", "line 2 has no valid end"),
        ("a,event,2026-01-02,2026-01-01,2026-01-01", "line 2 ends before it starts"),
        ("a,event,2026-01-01,2026-01-01,yesterday", "line 2 has no valid registered_at"),
    ],
)
def test_wrong_rows_are_named(tmp_path, row, message):
    with pytest.raises(EventError, match=message):
        register(tmp_path, f"name,kind,start,end,registered_at\n{row}\n")


def test_missing_column_and_missing_file_are_named(tmp_path):
    with pytest.raises(EventError, match=r"missing columns \['registered_at'\]"):
        validate_events(pd.DataFrame({"name": [], "kind": [], "start": [], "end": []}), timezone="UTC")
    with pytest.raises(EventError, match=r"none\.csv cannot be read"):
        read_events(tmp_path / "none.csv", timezone="UTC")
