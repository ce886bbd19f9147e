"""The line list behind an alert, from a real lake: masked, without address, callers as numbers."""

from __future__ import annotations

import csv

import pytest

from pipelines.ingest import ingest
from serve.alerts import intake

ROWS = [
    ("T1", "2026-11-23 06:00:00", "13800138000", "张三来电，电话13800138000，家里停水"),
    ("T2", "2026-11-23 07:00:00", "13800138000", "还是没水"),
    ("T3", "2026-11-23 07:30:00", "13912345678", "小区停水，身份证46010019900101123X"),
]


@pytest.fixture
def lake_alert(settings, store, clock, tmp_path, make_candidate, make_run) -> str:
    """An alert on three tickets of two callers that went through ingestion."""
    path = tmp_path / "tickets.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["工单编号", "受理时间", "三级事项", "区县", "来电人", "诉求内容", "地址"])
        writer.writerows(
            (number, at, "停水", "龙华区", caller, text, "国贸路1号2栋301") for number, at, caller, text in ROWS
        )
    summary = ingest([path], "zh_12345", settings, clock)
    assert summary.kept == 3
    candidate = make_candidate(tickets=[f"zh_12345/{row[0]}" for row in ROWS], observed=3, callers=2)
    return intake(store, [candidate], clock=clock, run=make_run(), settings=settings).alert_ids[0]


def test_the_line_list_is_masked_and_counts_callers(client, lake_alert, key_of):
    answer = client.get(f"/v1/alerts/{lake_alert}/evidence", headers=key_of("department", "水务局"))
    evidence = answer.json()
    assert evidence["degraded"] == ""
    assert [ticket["key"] for ticket in evidence["tickets"]] == ["zh_12345/T3", "zh_12345/T2", "zh_12345/T1"]
    assert [ticket["caller"] for ticket in evidence["tickets"]] == [1, 2, 2]
    assert evidence["tickets"][1]["text"] == "还是没水"
    for personal in ("13800138000", "13912345678", "46010019900101123X", "国贸路"):
        assert personal not in answer.text


def test_every_reading_is_on_record(client, lake_alert, key_of):
    client.get(f"/v1/alerts/{lake_alert}/evidence", headers=key_of("department", "水务局"))
    client.get(f"/v1/alerts/{lake_alert}/evidence", headers=key_of("planner"))
    supervisor = key_of("supervisor")
    first = client.get("/v1/access-log", params={"limit": 1}, headers=supervisor).json()
    rest = client.get("/v1/access-log", params={"cursor": first["next_cursor"]}, headers=supervisor).json()
    actors = [item["actor"] for item in first["items"] + rest["items"]]
    assert (actors, rest["next_cursor"]) == (["planner", "department 水务局"], None)
    assert first["items"][0]["tickets"] == 3


def test_messages_carry_no_text_of_a_ticket(client, lake_alert, store):
    with store.engine.connect() as connection:
        bodies = str(connection.exec_driver_sql("SELECT body FROM outbox").scalars().all())
        events = str(connection.exec_driver_sql("SELECT payload FROM alert_events").scalars().all())
    for text in ("没水", "13800138000", "国贸路"):
        assert text not in bodies + events
