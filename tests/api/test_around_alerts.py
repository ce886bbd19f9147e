"""Silences, routes, supervision, subscriptions, the stream, metrics, tickets, overrides: through the API."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import openpyxl
import pandas as pd
import pytest

from features.lake import Lake
from serve.forecasts import publish
from tests.api.conftest import forecast_rows, forecast_sums, issue


@pytest.fixture
def supervisor(key_of):
    return key_of("supervisor")


@pytest.fixture
def water(key_of):
    return key_of("department", "水务局")


def act(client, alert_id, verb, headers, body=None, key=None):
    extra = {"Idempotency-Key": key} if key else {}
    return client.post(f"/v1/alerts/{alert_id}/{verb}", json=body, headers=headers | extra)


def test_a_repeated_request_gets_the_first_reply_and_acts_once(client, alert_ids, water, store):
    alert_id = alert_ids["水务局"]
    first = act(client, alert_id, "comment", water, {"text": "已派人"}, key="k1")
    again = act(client, alert_id, "comment", water, {"text": "已派人"}, key="k1")
    assert (first.status_code, again.json()) == (200, first.json())
    events = client.get(f"/v1/alerts/{alert_id}/events", headers=water).json()["items"]
    assert [event["kind"] for event in events].count("commented") == 1
    other = act(client, alert_id, "comment", water, {"text": "别的"}, key="k1")
    assert (other.status_code, other.json()["title"]) == (409, "Conflict")


def test_buttons_are_attributed_and_timed(client, alert_ids, water, clock):
    clock.advance(timedelta(minutes=3))
    alert_id = alert_ids["水务局"]
    assert act(client, alert_id, "ack", water).json()["state"] == "acknowledged"
    event = client.get(f"/v1/alerts/{alert_id}/events", headers=water).json()["items"][-1]
    assert (event["kind"], event["actor"], event["department"]) == ("acknowledged", "department 水务局", "水务局")
    assert event["at"] == "2026-11-23T00:03:00Z"


def test_a_false_alarm_needs_a_reason(client, alert_ids, water):
    answer = act(client, alert_ids["水务局"], "dismiss", water, {"note": "x"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "body.reason"
    assert act(client, alert_ids["水务局"], "dismiss", water, {"reason": "known_event"}).json()["state"] == "dismissed"


def test_a_silence_is_made_listed_and_ended(client, supervisor, clock):
    body = {"category": "停水", "comment": "检修", "ends_at": "2026-11-24T00:00:00Z", "purpose": "maintenance"}
    made = client.post("/v1/silences", json=body, headers=supervisor)
    assert (made.status_code, made.json()["author"]) == (201, "supervisor")
    clock.advance(timedelta(hours=1))
    assert (
        client.delete(f"/v1/silences/{made.json()['id']}", headers=supervisor).json()["ended_early_by"] == "supervisor"
    )
    assert client.get("/v1/silences", headers=supervisor).json()["items"] == []
    assert len(client.get("/v1/silences", params={"expired": True}, headers=supervisor).json()["items"]) == 1


def test_a_silence_over_everything_is_refused(client, supervisor):
    answer = client.post("/v1/silences", json={"comment": "x", "ends_at": "2026-12-01T00:00:00Z"}, headers=supervisor)
    assert (answer.status_code, "a silence over everything is refused" in answer.text) == (422, True)


def test_a_department_silences_only_itself(client, water):
    body = {"category": "停水", "comment": "检修", "ends_at": "2026-11-24T00:00:00Z"}
    assert client.post("/v1/silences", json=body, headers=water).json()["department"] == "水务局"
    assert client.post("/v1/silences", json=body | {"department": "城管局"}, headers=water).status_code == 403


def sheet(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_the_routing_table_goes_out_as_a_sheet_and_comes_back_edited(client, supervisor):
    header = ("事项", "区域", "承办单位", "协办单位", "备注")
    first = sheet(header, ("停水", None, "水务局", "城管局、住建局", None), ("噪声", "龙华区", "环保局", None, None))
    assert client.put("/v1/routes/sheet?new_names=true", content=first, headers=supervisor).json()["added"] == 2
    out = client.get("/v1/routes/sheet", headers=supervisor).content
    assert client.put("/v1/routes/sheet", content=out, headers=supervisor).json()["unchanged"] == 2
    csv = client.get("/v1/routes/sheet", params={"format": "csv"}, headers=supervisor).content
    assert csv.startswith(b"\xef\xbb\xbf")
    edited = csv.decode("utf-8-sig").replace("环保局", "生态环境局").encode("gb18030")
    result = client.put("/v1/routes/sheet?new_names=true", content=edited, headers=supervisor).json()
    assert (result["changed"], result["unchanged"], result["removed"]) == (1, 1, 0)
    lines = client.get("/v1/routes", headers=supervisor).json()["items"]
    assert [(line["department"], line["assisting"]) for line in lines] == [
        ("水务局", ["城管局", "住建局"]),
        ("生态环境局", []),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        ("事项,区域\n停水,龙华区\n".encode(), "lacks a column"),
        ("事项,承办单位\n停水,\n".encode(), "row 2: department"),
        ("事项,承办单位\n停水,水务局\n停水,城管局\n".encode(), "row 3: 停水 / \\* appears twice"),
        (b"PK\x03\x04broken", "not a workbook"),
        (b"\xff\xfe\x00\x01", "neither XLSX nor CSV|lacks a column"),
    ],
)
def test_a_sheet_that_makes_no_sense_changes_nothing(client, supervisor, content, message):
    import re

    answer = client.put("/v1/routes/sheet", content=content, headers=supervisor)
    assert answer.status_code == 422
    assert re.search(message, answer.json()["detail"])
    assert client.get("/v1/routes", headers=supervisor).json()["items"] == []


def test_not_mine_becomes_a_correction_and_then_a_route(client, alert_ids, water, supervisor, key_of):
    key_of("department", "城管局")
    act(client, alert_ids["水务局"], "reassign", water, {"department": "城管局", "reason": "路面"})
    (correction,) = client.get("/v1/routes/corrections", headers=supervisor).json()["items"]
    assert (correction["sent_to"], correction["suggested"], correction["times"]) == ("水务局", "城管局", 1)
    body = {"route": {"category": "停水", "department": "城管局"}}
    client.post(f"/v1/routes/corrections/{correction['id']}/settle", json=body, headers=supervisor)
    assert client.get("/v1/routes/corrections", headers=supervisor).json()["items"] == []
    assert client.get("/v1/routes", headers=supervisor).json()["items"][0]["department"] == "城管局"


def test_a_department_sets_its_quiet_hours_but_not_its_budget(client, water, supervisor):
    path = "/v1/departments/水务局/rule"
    body = {"quiet_from": "22:00:00", "quiet_to": "07:00:00", "minimum_level": "yellow"}
    assert client.put(path, json=body, headers=water).json()["quiet_from"] == "22:00:00"
    assert client.put(path, json=body | {"weekly_budget": 0}, headers=water).status_code == 403
    assert client.put(path, json=body | {"weekly_budget": 5}, headers=supervisor).json()["weekly_budget"] == 5
    assert client.get("/v1/departments/城管局/rule", headers=water).status_code == 404


def test_the_supervision_list_and_an_order(client, alert_ids, water, supervisor, clock):
    clock.advance(timedelta(minutes=90))
    concerns = client.get("/v1/supervision", headers=supervisor).json()["items"]
    assert [(item["alert"]["department"], item["reasons"], item["minutes_late"]) for item in concerns] == [
        ("生态环境局", ["late_ack"], 75),
        ("水务局", ["late_ack"], 30),
    ]
    body = {"demand": "今日内回复", "due_at": "2026-11-23T08:00:00Z"}
    order = act(client, alert_ids["水务局"], "supervise", supervisor, body, key="o1").json()
    assert act(client, alert_ids["水务局"], "supervise", supervisor, body, key="o1").json()["id"] == order["id"]
    assert order["department"] == "水务局"
    answered = client.post(f"/v1/supervision/orders/{order['id']}/answer", json={"answer": "已修复"}, headers=water)
    assert answered.json()["answered_by"] == "department 水务局"
    book = openpyxl.load_workbook(io.BytesIO(client.get("/v1/supervision/sheet", headers=supervisor).content))
    assert book.sheetnames == ["督办清单", "督办单"]
    assert book["督办清单"].max_row == 3
    assert book["督办单"]["I2"].value == "已修复"


def test_only_supervisors_supervise(client, alert_ids, water, key_of):
    body = {"demand": "x", "due_at": "2026-11-23T08:00:00Z"}
    assert act(client, alert_ids["水务局"], "supervise", water, body).status_code == 403
    assert client.get("/v1/supervision", headers=key_of("planner")).status_code == 403


def test_the_stream_tells_what_happened_and_resumes(client, alert_ids, water):
    def read(**headers):
        text = client.get("/v1/alerts/stream", params={"wait": 0}, headers=water | headers).text
        return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]

    assert read() == []
    events = read(**{"Last-Event-ID": "0"})
    assert [event["kind"] for event in events] == ["opened", "assigned", "notified"]
    assert {event["alert"]["id"] for event in events} == {alert_ids["水务局"]}
    act(client, alert_ids["水务局"], "ack", water)
    act(client, alert_ids["水务局"], "start", water)
    assert [event["kind"] for event in read(**{"Last-Event-ID": str(events[-1]["seq"])})] == ["acknowledged", "started"]


def test_metrics_count_what_departments_say(client, alert_ids, water, supervisor, clock):
    clock.advance(timedelta(minutes=30))
    act(client, alert_ids["水务局"], "ack", water)
    act(client, alert_ids["水务局"], "handle", water, {})
    act(client, alert_ids["生态环境局"], "dismiss", supervisor, {"reason": "duplicate"})
    found = client.get("/v1/alerts/metrics", headers=supervisor).json()
    assert (found["total"]["alerts"], found["total"]["precision"], found["total"]["ack_minutes_median"]) == (2, 0.5, 30)
    assert found["by_department"]["水务局"]["precision"] == 1
    assert found["per_week"] == {"水务局": {"2026-W48": 1}, "生态环境局": {"2026-W48": 1}}
    assert found["dismissal_reasons"] == {"duplicate": 1}
    assert client.get("/v1/alerts/metrics", headers=water).json()["total"]["alerts"] == 1


def test_a_subscription_never_shows_its_address(client, water, supervisor):
    body = {"name": "群", "audience": "水务局", "channel": "wecom", "url": "https://93.184.216.34/?key=topsecret"}
    made = client.post("/v1/subscriptions", json=body, headers=water)
    assert made.status_code == 201
    assert "topsecret" not in made.text + client.get("/v1/subscriptions", headers=supervisor).text
    paused = client.post(f"/v1/subscriptions/{made.json()['id']}/pause", headers=water).json()
    assert paused["paused_at"] == "2026-11-23T00:00:00Z"
    assert client.post("/v1/subscriptions", json=body | {"audience": "duty"}, headers=water).status_code == 403
    assert client.post("/v1/subscriptions", json=body | {"channel": "pigeon"}, headers=water).status_code == 422


def test_tickets_land_once_and_masked(client, key_of, settings):
    planner = key_of("planner") | {"Idempotency-Key": "b1"}
    row = {"工单编号": "1", "受理时间": "2026-11-22 08:00:00", "三级事项": "停水", "诉求内容": "请回电13812345678"}
    body = {"mapping": "zh_12345", "tickets": [row]}
    first, again = (client.post("/v1/tickets", json=body, headers=planner) for _ in range(2))
    assert (first.status_code, first.json()["kept"], first.json()["replayed"]) == (200, 1, False)
    assert (again.json()["kept"], again.json()["replayed"]) == (1, True)
    tickets = Lake.open(settings.lake_path, timezone=settings.timezone).tickets()
    assert tickets["ticket_id"].to_pylist() == ["1"]
    assert not any(b"13812345678" in path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    refused = client.post("/v1/tickets", json=body | {"mapping": "nobodys"}, headers=key_of("planner"))
    assert (refused.status_code, "zh_12345" in refused.json()["hint"]) == (422, True)
    other = client.post("/v1/tickets", json=body | {"tickets": [row | {"三级事项": "噪声"}]}, headers=planner)
    assert (other.status_code, other.json()["hint"]) == (409, "use a new key for every batch")


def test_the_sender_is_told_which_rows_were_refused_and_why(client, key_of):
    planner = key_of("planner") | {"Idempotency-Key": "b2"}
    good = {"工单编号": "1", "受理时间": "2026-11-22 08:00:00", "三级事项": "停水", "区县": "美兰区"}
    bad = good | {"工单编号": "2", "受理时间": "昨天 13812345678"}
    body = {"mapping": "zh_12345", "tickets": [good, bad]}
    for _ in range(2):
        answer = client.post("/v1/tickets", json=body, headers=planner).json()
        assert answer["refused"] == [{"row": 2, "column": "opened_at", "reason": "time is unreadable"}]
    failed = client.post("/v1/tickets", json=body | {"tickets": [bad, bad]}, headers=key_of("planner"))
    assert (failed.status_code, failed.json()["hint"]) == (422, "correct the rows and send the batch again")
    assert "13812345678" not in failed.text
    assert "Hint" not in failed.json()["detail"]


def test_an_override_stands_beside_the_models_number(client, published, key_of):
    planner = key_of("planner")
    body = {"unique_id": "category=停水;district=海口市", "ds": "2026-11-30T00:00:00", "value": 60, "reason": "检修"}
    made = client.post("/v1/overrides", json=body, headers=planner).json()
    assert (made["model_mean"], made["value"]) == (10, 60)
    params = {"unique_id": body["unique_id"], "from": "2026-11-30", "to": "2026-12-01"}
    item = client.get("/v1/forecasts", params=params, headers=planner).json()["items"][0]
    assert (item["mean"], item["override"]["value"], item["override"]["reason"]) == (10, 60, "检修")
    client.delete(f"/v1/overrides/{made['id']}", headers=planner)
    assert client.get("/v1/forecasts", params=params, headers=planner).json()["items"][0]["override"] is None
    wrong = client.post("/v1/overrides", json=body | {"ds": "2026-12-01T00:00:00"}, headers=planner)
    assert (wrong.status_code, wrong.json()["hint"]) == (422, "GET /v1/forecasts shows the series and periods")
    assert client.post("/v1/overrides", json=body, headers=key_of("scientist")).status_code == 403


def test_an_event_is_registered_and_found_by_its_days(client, key_of):
    planner = key_of("planner")
    body = {"name": "自行车赛", "starts_on": "2026-12-05", "ends_on": "2026-12-06", "reason": "封路"}
    made = client.post("/v1/events", json=body, headers=planner).json()
    assert len(client.get("/v1/events", params={"from": "2026-12-06"}, headers=planner).json()["items"]) == 1
    assert client.get("/v1/events", params={"from": "2026-12-07"}, headers=planner).json()["items"] == []
    client.delete(f"/v1/events/{made['id']}", headers=planner)
    assert client.get("/v1/events", headers=planner).json()["items"] == []


def test_one_override_per_series_and_period_stands_and_is_carried_to_the_sums(client, published, key_of):
    planner = key_of("planner")
    series = {"unique_id": "category=停水;district=海口市"}
    body = {**series, "ds": "2026-11-23T00:00:00", "value": 60, "reason": "检修"}
    first = client.post("/v1/overrides", json=body, headers=planner).json()
    client.post("/v1/overrides", json=body | {"value": 70}, headers=planner)
    listed = client.get("/v1/overrides", headers=planner).json()
    assert (listed["total"], [row["value"] for row in listed["items"]]) == (1, [70])
    kept = client.get("/v1/overrides?all=true", headers=planner).json()["items"]
    assert {row["id"]: row["withdrawn_at"] is None for row in kept}[first["id"]] is False
    assert {row["id"]: row["replaced_by"] for row in kept} == {
        first["id"]: listed["items"][0]["id"],
        listed["items"][0]["id"]: None,
    }
    item = client.get("/v1/forecasts", params=series, headers=planner).json()["items"][0]
    assert (item["mean"], item["in_force"]["mean"], item["override"]["value"]) == (10, 70, 70)
    sums = client.get("/v1/forecasts/sums", params={**series, "periods": 4}, headers=planner).json()["items"][0]
    assert (sums["mean"], sums["in_force"]["mean"]) == (40, 100)
    other = client.get("/v1/forecasts", params={"category": "噪声"}, headers=planner).json()["items"][0]
    assert other["in_force"] is None
    slip = client.post("/v1/overrides", json=body | {"value": 5_000}, headers={**planner, "Accept-Language": "en"})
    assert (slip.status_code, slip.json()["code"]) == (422, "override_beyond")


def test_overrides_that_contradict_each_other_name_each_other(client, store, clock, key_of):
    rows = forecast_rows()
    whole = rows[rows["category"] == "停水"].assign(
        unique_id="total", level="total", mean=30.0, category="", district=""
    )
    publish(store, issue(), pd.concat([rows, whole]), sums=forecast_sums(), clock=clock)
    planner = key_of("planner")
    said = {"ds": "2026-11-23T00:00:00", "reason": "检修"}
    total = client.post("/v1/overrides", json=said | {"unique_id": "total", "value": 30}, headers=planner).json()
    part = {**said, "unique_id": "category=停水;district=海口市"}
    beside = client.post("/v1/overrides", json=part | {"value": 10}, headers=planner).json()
    listed = client.get("/v1/overrides", headers=planner).json()["items"]
    assert [row["conflicts"] for row in listed] == [[], []], "a part that fits into its whole"
    clock.advance(timedelta(minutes=1))
    more = client.post("/v1/overrides", json=part | {"value": 90}, headers=planner).json()
    listed = {row["id"]: row["conflicts"] for row in client.get("/v1/overrides", headers=planner).json()["items"]}
    assert listed == {total["id"]: [more["id"]], more["id"]: []}
    everything = client.get("/v1/overrides?all=true", headers=planner).json()["items"]
    assert {row["id"]: row["conflicts"] for row in everything} == {**listed, beside["id"]: []}
