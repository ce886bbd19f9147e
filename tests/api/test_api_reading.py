from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import func, select

from features.reasons import say, stored
from serve.paging import encode
from serve.store.tables import AccessLog

PROBLEM = "application/problem+json"


def test_forecast_page_says_where_it_comes_from(client, published, key_of):
    page = client.get("/v1/forecasts", headers=key_of("planner")).json()
    assert len(page["items"]) == 12
    assert {name: page[name] for name in ("freq", "model_version", "snapshot", "degraded")} == {
        "freq": "W",
        "model_version": "7",
        "snapshot": 3,
        "degraded": "",
    }
    first = page["items"][0]
    assert first["unique_id"] == "category=停水;district=海口市"
    assert (first["p10"], first["mean"], first["p90"]) == (5, 10, 15)
    assert first["last_year"] == 8
    assert page["items"][-1]["last_year"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"category": "噪声"}, 8),
        ({"category": "城乡建设"}, 12),
        ({"district": "海口市", "category": "停水"}, 4),
        ({"level": "total"}, 0),
        ({"from": "2026-11-30", "to": "2026-12-14"}, 6),
        ({"from": "2026-11-29T16:00:00Z", "to": "2026-12-14"}, 6),
        ({"unique_id": "category=噪声;district=三亚市"}, 4),
    ],
)
def test_forecast_filters(client, published, key_of, query, count):
    page = client.get("/v1/forecasts", params=query, headers=key_of("planner")).json()
    assert len(page["items"]) == count


def test_forecast_pages_join_without_gap_or_double(client, published, key_of):
    headers, seen, cursor = key_of("scientist"), [], None
    while True:
        page = client.get(
            "/v1/forecasts", params={"limit": 5, "cursor": cursor} if cursor else {"limit": 5}, headers=headers
        )
        seen += [(item["ds"], item["unique_id"]) for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 12
    assert seen == sorted(set(seen))


def test_sums_over_weeks_are_filtered_and_paged(client, published, key_of):
    headers, seen, cursor = key_of("planner"), [], None
    while True:
        given = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/forecasts/sums", params=given, headers=headers).json()
        seen += [(item["periods"], item["unique_id"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 6
    assert seen == sorted(set(seen))
    query = {"periods": 13, "category": "噪声", "district": "海口市"}
    one = client.get("/v1/forecasts/sums", params=query, headers=headers).json()
    assert one["model_version"] == "7"
    assert [(item["periods"], item["p10"], item["mean"], item["p90"]) for item in one["items"]] == [(13, 110, 130, 150)]


def test_before_the_first_forecast_the_answer_says_what_to_run(client, key_of):
    answer = client.get("/v1/forecasts", headers=key_of("planner"))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["hint"] == "run `weisu forecast`"


def test_a_department_sees_its_own_alerts_only(client, alert_ids, key_of):
    water = key_of("department", "水务局")
    page = client.get("/v1/alerts", headers=water).json()
    assert [item["id"] for item in page["items"]] == [alert_ids["水务局"]]
    foreign = alert_ids["生态环境局"]
    for path in ("", "/events", "/evidence"):
        answer = client.get(f"/v1/alerts/{foreign}{path}", headers=water)
        assert (answer.status_code, answer.json()["title"]) == (404, "Not found")
    everything = client.get("/v1/alerts", headers=key_of("supervisor")).json()
    assert len(everything["items"]) == 2


def test_alert_detail_shows_level_rule_clock_and_parties(client, alert_ids, key_of):
    alert = client.get(f"/v1/alerts/{alert_ids['水务局']}", headers=key_of("department", "水务局")).json()
    assert alert["level"] == "orange"
    assert alert["level_rule"] == {
        "code": "spread",
        "params": {"n": 10, "times": 2.0, "hours": 3, "places": 3},
    }
    assert alert["level_rule_text"]["zh-CN"] == (
        "橙色：不少于10人来电，超过平时上限的2倍，且来自3个以上钟点或3处以上地点"
    )
    assert alert["state"] == "opened"
    assert alert["ack_due_at"] == "2026-11-23T01:00:00Z"
    assert alert["cells"] == ["category=停水;district=龙华区"]
    assert [(party["department"], party["part"]) for party in alert["parties"]] == [("水务局", "lead")]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"level": "red"}, 1),
        ({"level": ["red", "orange"]}, 2),
        ({"category": "供水"}, 2),
        ({"category": "停水"}, 1),
        ({"kind": "预告"}, 0),
        ({"state": "opened", "active": "true", "held": "false"}, 2),
        ({"department": "水务局"}, 1),
        ({"overdue": "true"}, 0),
        ({"since": "2026-11-23T00:00:00Z"}, 0),
        ({"since": "2026-11-22T00:00:00Z"}, 2),
    ],
)
def test_alert_filters(client, alert_ids, key_of, query, count):
    page = client.get("/v1/alerts", params=query, headers=key_of("supervisor")).json()
    assert len(page["items"]) == count


def test_overdue_alerts_appear_when_the_clock_has_run_out(client, alert_ids, key_of, clock):
    clock.advance(timedelta(minutes=16))
    page = client.get("/v1/alerts", params={"overdue": True}, headers=key_of("supervisor")).json()
    assert [item["id"] for item in page["items"]] == [alert_ids["生态环境局"]]


@pytest.mark.parametrize("order", ["newest", "urgent"])
def test_alert_pages_join(client, alert_ids, key_of, order):
    headers = key_of("planner")
    first = client.get("/v1/alerts", params={"limit": 1, "order": order}, headers=headers).json()
    rest = client.get(
        "/v1/alerts", params={"limit": 1, "order": order, "cursor": first["next_cursor"]}, headers=headers
    ).json()
    assert rest["next_cursor"] is None
    assert {first["items"][0]["id"], rest["items"][0]["id"]} == set(alert_ids.values())


def test_the_cap_feed_names_the_documents_that_one_is_about(client, alert_ids, key_of, clock):
    headers, cap = key_of("department", "水务局"), "{urn:oasis:names:tc:emergency:cap:1.2}"

    def document():
        [found] = ET.fromstring(client.get("/v1/alerts.cap", headers=headers).content).iter(f"{cap}alert")
        return {name: found.findtext(cap + name) for name in ("identifier", "sender", "sent", "msgType", "references")}

    first = document()
    assert (first["msgType"], first["references"]) == ("Alert", None)
    clock.advance(timedelta(minutes=5))
    client.post(f"/v1/alerts/{alert_ids['水务局']}/ack", headers=headers)
    assert document() == first, "an acknowledgement changes nothing that the document says"
    client.post(f"/v1/alerts/{alert_ids['水务局']}/dismiss", headers=headers, json={"reason": "known_event"})
    cancelled = document()
    assert cancelled["msgType"] == "Cancel"
    assert cancelled["references"] == ",".join(first[name] for name in ("sender", "identifier", "sent"))
    assert cancelled["sent"] == "2026-11-23T00:05:00-00:00"


def test_an_unchanged_list_costs_no_body(client, alert_ids, key_of):
    headers = key_of("planner")
    first = client.get("/v1/alerts", headers=headers)
    again = client.get("/v1/alerts", headers=headers | {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("cursor", ["nonsense", encode([2**80]), encode(["x"]), encode([1, 2]), "WzFd" * 500])
def test_a_strange_cursor_is_refused(client, alert_ids, key_of, cursor):
    answer = client.get("/v1/alerts", params={"cursor": cursor}, headers=key_of("planner"))
    assert (answer.status_code, answer.json()["detail"]) == (422, "this cursor is not valid here")


def test_a_cursor_has_a_form(client, key_of):
    answer = client.get("/v1/alerts", params={"cursor": "%00"}, headers=key_of("planner"))
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "query.cursor")


def test_evidence_that_left_the_lake_says_so_and_is_logged(client, alert_ids, key_of, store):
    answer = client.get(f"/v1/alerts/{alert_ids['水务局']}/evidence", headers=key_of("department", "水务局"))
    assert answer.status_code == 200
    assert answer.json()["numbers"] == {"scan": {"window": 6}}
    assert answer.json()["degraded"] == "27 of 27 tickets are not in the lake"
    assert answer.json()["degraded_reasons"] == [{"code": "tickets_missing", "params": {"missing": 27, "asked": 27}}]
    with store.reading() as session:
        log = session.scalars(select(AccessLog)).one()
    assert (log.actor, log.department, log.alert_id) == ("department 水务局", "水务局", alert_ids["水务局"])


def test_a_scientist_works_on_counts_and_opens_no_ticket(client, alert_ids, key_of, store):
    answer = client.get(f"/v1/alerts/{alert_ids['水务局']}/evidence", headers=key_of("scientist"))
    assert answer.status_code == 403
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(AccessLog)) == 0


def test_events_tell_the_story_in_order(client, alert_ids, key_of):
    events = client.get(f"/v1/alerts/{alert_ids['水务局']}/events", headers=key_of("planner")).json()["items"]
    assert [event["kind"] for event in events] == ["opened", "assigned", "notified"]
    assert [event["number"] for event in events] == [1, 2, 3]


def test_current_models(client, published, key_of):
    items = client.get("/v1/models/current", headers=key_of("scientist")).json()["items"]
    assert [(item["name"], item["version"], item["metrics"]) for item in items] == [
        ("weisu-demand", "7", {"wape": 0.1})
    ]


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("fr-FR, zh;q=0.1", "zh-CN"),
        ("en-GB,zh;q=0.9", "en"),
        ("zh;q=0, *", "en"),
        ("zh;q=often", "en"),
    ],
)
def test_words_come_in_the_language_asked_for(client, alert_ids, key_of, asked, language):
    headers = key_of("department", "水务局") | {"Accept-Language": asked}
    evidence = client.get(f"/v1/alerts/{alert_ids['水务局']}/evidence", headers=headers)
    assert evidence.json()["degraded"] == say(stored(evidence.json()["degraded_reasons"]), language) != ""
    assert evidence.headers["vary"] == "Accept-Language"
