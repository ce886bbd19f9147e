"""The contract is true: methods, HEAD, documented answers, examples that work, packing, streams that end with a key."""

from __future__ import annotations

import re
import threading
import time

import pytest
from fastapi.testclient import TestClient

from serve.access import authenticate, revoke_key
from serve.alerts import intake, stream
from serve.api import create_app
from serve.pages.sessions import end_session, start_session
from tests.api.test_parameters import operations


@pytest.fixture
def admin(key_of):
    return key_of("admin")


@pytest.fixture
def documented(client):
    return client.get("/openapi.json").json()


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/routes/sheet", "GET, HEAD, PUT"),
        ("/v1/routes/corrections", "GET, HEAD"),
        ("/v1/routes", "GET, HEAD, POST"),
        ("/v1/routes/rt_1", "DELETE"),
        ("/v1/silences", "GET, HEAD, POST"),
        ("/v1/events", "GET, HEAD, POST"),
        ("/v1/overrides", "GET, HEAD, POST"),
        ("/v1/subscriptions", "GET, HEAD, POST"),
        ("/v1/departments/x/rule", "GET, HEAD, PUT"),
        ("/v1/alerts/stream", "GET, HEAD"),
        ("/livez", "GET, HEAD"),
        ("/login", "GET, HEAD, POST"),
    ],
)
def test_a_wrong_method_is_answered_with_all_the_right_ones(client, path, allowed):
    for method in {"OPTIONS", "PATCH", "DELETE"} - set(allowed.split(", ")):
        answer = client.request(method, path, headers={"Accept-Language": "en"})
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed), method
        assert answer.json()["hint"] == f"this address takes {allowed}"


@pytest.mark.usefixtures("published")
def test_head_is_get_without_its_body(client, admin):
    tried, plain = 0, admin | {"Accept-Encoding": "identity"}
    for method, route in operations(client):
        if method != "GET" or route.param_convertors:
            continue
        got = client.get(route.path, headers=plain, params={"wait": 0} if route.path.endswith("stream") else None)
        head = client.head(route.path, headers=plain)
        assert (head.status_code, head.content) == (got.status_code, b""), route.path
        if route.path not in {"/login", "/metrics", "/v1/supervision/sheet", "/v1/routes/sheet"}:
            assert head.headers.get("content-length") == got.headers.get("content-length"), route.path
        tried += 1
    assert tried > 20


def test_what_may_be_refused_is_documented(documented):
    for path, operations_of in documented["paths"].items():
        if not path.startswith("/v1/"):
            continue
        for method, operation in operations_of.items():
            wanted = {"401", "422", "429", "503"}
            content = operation.get("requestBody", {}).get("content", {})
            if content:
                wanted |= {"400", "408", "413"}
            if "application/json" in content:
                wanted.add("415")
            assert wanted <= set(operation["responses"]), (method, path)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_what_is_not_said_to_be_json_is_not_read(client, admin, kind):
    answer = client.post("/v1/silences", content=b"{}", headers=admin | {"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "no_json")


@pytest.mark.parametrize("value", ["0.5", "0", "1764547200", "2026-11-23", "2026-11-23 08:00:00Z", "2026-11-23T08:00"])
def test_a_number_is_no_moment(client, admin, value):
    answer = client.get("/v1/alerts", params={"since": value}, headers=admin)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "query.since")
    if "-" not in value:
        assert client.get("/v1/forecasts", params={"to": value}, headers=admin).status_code == 422


@pytest.mark.usefixtures("published")
def test_every_example_of_a_body_can_be_sent_as_it_stands(client, admin, documented, alert_ids):
    tried, made = set(), ""
    for path, operations_of in documented["paths"].items():
        for method, operation in operations_of.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            name = content["schema"].get("$ref", "").rpartition("/")[2] if content else ""
            for example in documented["components"]["schemas"].get(name, {}).get("examples", ()):
                # The names of the examples are another city's, its series and its targets.
                body = example | ({"unique_id": "category=停水;district=海口市"} if "unique_id" in example else {})
                body |= (
                    {"channel": "webhook", "target": "", "url": "https://93.184.215.14/"} if "target" in body else {}
                )
                address = path.replace("{alert_id}", alert_ids["水务局"]).replace("{subscription_id}", made)
                known = {one["name"] for one in operation.get("parameters", ())}
                answer = client.request(
                    method,
                    address,
                    json=body,
                    headers=admin,
                    params={"new_names": True} if "new_names" in known else None,
                )
                assert answer.status_code in {200, 201}, (path, body, answer.text)
                tried.add(name)
                made = answer.json()["id"] if name == "NewSubscription" else made
    assert tried >= {"NewSilence", "NewOrder", "NewOverride", "NewEvent", "RouteLine", "NewSubscription", "TicketBatch"}


def test_answers_of_the_api_are_packed_and_pages_are_not(client, admin):
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == packed.json()
    assert "content-encoding" not in client.get("/login", headers={"Accept-Encoding": "gzip"}).headers


def test_a_tag_of_an_answer_holds_packed_or_not(client, admin):
    tag = client.get("/v1/alerts", headers=admin).headers["etag"]
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', tag)
    again = client.get("/v1/alerts", headers=admin | {"If-None-Match": tag, "Accept-Encoding": "identity"})
    assert again.status_code == 304


@pytest.mark.parametrize("by", ["key", "session"])
def test_a_stream_ends_with_what_opened_it(settings, store, clock, key_of, make_candidate, make_run, monkeypatch, by):
    monkeypatch.setattr(stream, "POLL_S", 0.05)
    headers = key_of("department", "水务局")
    info = authenticate(store, headers["Authorization"].removeprefix("Bearer "), now=clock.now())
    if by == "session":
        cookie = start_session(store, info, now=clock.now())
        headers = {"Cookie": f"weisu_session={cookie}"}
    got = []
    with TestClient(create_app(settings, clock=clock, store=store)) as client:

        def listen():
            got.append(client.get("/v1/alerts/stream", params={"wait": 30}, headers=headers).text)

        listener = threading.Thread(target=listen)
        listener.start()
        time.sleep(1)
        if by == "session":
            end_session(store, cookie, now=clock.now())
        else:
            revoke_key(store, info.id, now=clock.now())
        time.sleep(0.5)
        intake(store, [make_candidate()], clock=clock, run=make_run())
        listener.join(15)
        assert not listener.is_alive(), "the stream went on"
    assert got[0].startswith("retry: 2000")
    assert "data:" not in got[0]
