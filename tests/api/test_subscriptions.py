"""Subscriptions through the API: checked at the door, tried, changed, deleted; each department its own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fastapi.testclient import TestClient

from features.clock import FixedClock
from features.settings import Settings
from serve.access import add_key
from serve.api import create_app
from serve.delivery import run_once
from serve.delivery.subscriptions.service import MOST
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import Delivery, OutboxMessage

WATER, OTHER = "水务局", "生态环境局"


class Receiver:
    """A bot on loopback that answers as it is told."""

    def __init__(self) -> None:
        self.status, self.received = 200, []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.received.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(receiver.status)
                self.end_headers()
                self.wfile.write(b'{"errcode":0}')

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?key=topsecret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def served(settings: Settings, any_store: Store, clock: FixedClock, receiver: Receiver) -> Iterator[TestClient]:
    section = {
        "allow_private": ["127.0.0.0/8"],
        "deadline_s": 2,
        "targets": {
            "duty-mail": {"channel": "email", "host": "127.0.0.1", "secret": "SMTP-s3cret", "to": ["duty@city"]},
            "duty-wecom": {"channel": "wecom", "url": receiver.url},
            "water-wecom": {"channel": "wecom", "url": receiver.url, "owner": WATER},
            "for-all": {"channel": "wecom", "url": receiver.url, "users": ["*"]},
        },
    }
    app = create_app(settings.changed(delivery=section), clock=clock, store=any_store)
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def water(any_store: Store, clock: FixedClock) -> dict[str, str]:
    return _key(any_store, clock, "department", WATER)


@pytest.fixture
def desk(any_store: Store, clock: FixedClock) -> dict[str, str]:
    return _key(any_store, clock, "supervisor", "")


def _key(store: Store, clock: FixedClock, role: str, department: str) -> dict[str, str]:
    made = add_key(store, name=f"{role} {department}", role=role, department=department, now=clock.now())
    return {"Authorization": f"Bearer {made.secret}"}


def body(**changes: Any) -> dict[str, Any]:
    return {"name": "群", "audience": WATER, "channel": "wecom"} | changes


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"channel": "alertmanager", "target": "duty-mail", "url": "https://93.184.216.34/"}, "only one"),
        ({"channel": "alertmanager", "target": "duty-mail"}, "no target 'duty-mail'"),
        ({"target": "duty-wecom"}, "no target 'duty-wecom'"),
        ({"target": "absent"}, "no target 'absent'"),
        ({"channel": "webhook", "target": "water-wecom"}, "spoken to by wecom"),
        ({"channel": "apprise", "url": "json://127.0.0.1:9/x"}, "only by a target"),
        ({"channel": "email", "url": "smtp://127.0.0.1"}, "only by a target"),
        ({"channel": "webhook", "url": "https://10.0.0.1/"}, "10.0.0.1 is in a private"),
        ({"channel": "webhook", "url": "https://[64:ff9b::a00:1]/"}, "is in a private"),
        ({"channel": "webhook", "url": "http://93.184.216.34/"}, "https"),
        ({"channel": "webhook", "url": "https://93.184.216.34:99999/"}, "https://host/path"),
        ({"channel": "webhook", "url": "https://" + "a" * 64 + ".example/"}, "https://host/path"),
        ({"channel": "webhook", "url": "ftp://93.184.216.34/"}, "https://host/path"),
        ({"channel": "pigeon", "target": "water-wecom"}, "no channel"),
        ({}, "nowhere to send"),
    ],
)
def test_what_could_never_arrive_or_is_not_theirs_is_refused_at_the_door(served, water, wanted, why):
    refused = served.post("/v1/subscriptions", json=body(**wanted), headers=water | {"Accept-Language": "en"})
    assert refused.status_code == 422, refused.text
    assert why in refused.json()["detail"]
    assert served.get("/v1/subscriptions", headers=water).json()["items"] == []


@pytest.mark.parametrize(("errno", "status"), [(socket.EAI_NONAME, 422), (socket.EAI_AGAIN, 201)])
def test_a_name_that_is_none_is_refused_one_that_nobody_can_look_up_now_is_not(
    served, water, monkeypatch, errno, status
):
    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(errno, "so it is")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    wanted = body(channel="webhook", url="https://hooks.example/x")
    assert served.post("/v1/subscriptions", json=wanted, headers=water).status_code == status


def test_mail_recipients_of_ones_own_are_not_taken(served, water):
    refused = served.post("/v1/subscriptions", json=body(channel="email", to=["a@b\nBcc: x@y"]), headers=water)
    assert refused.status_code == 422


def test_a_target_that_is_not_theirs_looks_like_one_that_is_not_there(served, water):
    answers = [
        served.post("/v1/subscriptions", json=body(target=name), headers=water).json() | {"target": name}
        for name in ("duty-wecom", "not-there")
    ]
    same = [json.dumps(one, ensure_ascii=False).replace(one["target"], "*") for one in answers]
    assert same[0] == same[1]


def test_a_department_tries_changes_and_deletes_its_own(served, water, clock, receiver):
    made = served.post("/v1/subscriptions", json=body(channel="webhook", url=receiver.url), headers=water).json()
    assert (made["host"], made["target"], "topsecret" in str(made)) == ("127.0.0.1", "", False)
    path = f"/v1/subscriptions/{made['id']}"
    tested = served.post(f"{path}/test", headers=water).json()
    assert (tested["arrived"], tested["response_code"], tested["cause"]) == (True, 200, "")
    event = json.loads(receiver.received[0][1])
    assert (event["type"], event["data"]["department"]) == ("weisu.alert.test", WATER)
    again = served.post(f"{path}/test", headers=water)
    assert (again.status_code, again.headers["Retry-After"], len(receiver.received)) == (429, "60", 1)
    clock.advance(timedelta(minutes=1))
    receiver.status = 500
    assert served.post(f"{path}/test", headers=water).json()["cause"] == "receiver_failed"

    changed = served.patch(path, json={"minimum_level": "red", "name": "夜班群"}, headers=water).json()
    assert (changed["minimum_level"], changed["name"], changed["host"]) == ("red", "夜班群", "127.0.0.1")
    moved = served.patch(path, json={"channel": "wecom", "target": "water-wecom"}, headers=water).json()
    assert (moved["channel"], moved["target"], moved["host"], moved["minimum_level"]) == (
        "wecom",
        "water-wecom",
        "",
        "red",
    )
    assert served.patch(path, json={"target": "duty-wecom"}, headers=water).status_code == 422
    assert served.patch(path, json={"minimum_level": None}, headers=water).json()["minimum_level"] == ""

    assert served.delete(path, headers=water).status_code == 204
    assert served.get("/v1/subscriptions", headers=water).json()["items"] == []
    for method, where in (("post", f"{path}/test"), ("patch", path), ("delete", path), ("post", f"{path}/resume")):
        answer = served.request(method, where, headers=water, json={} if method == "patch" else None)
        assert answer.status_code == 404, where


def test_another_department_neither_sees_nor_tries_nor_ends_it(served, water, any_store, clock, receiver):
    made = served.post("/v1/subscriptions", json=body(channel="webhook", url=receiver.url), headers=water).json()
    stranger = _key(any_store, clock, "department", OTHER)
    for method, end in (("post", "/test"), ("patch", ""), ("delete", ""), ("post", "/pause")):
        asked = {"json": {"name": "x"}} if method == "patch" else {}
        answer = served.request(method, f"/v1/subscriptions/{made['id']}{end}", headers=stranger, **asked)
        assert answer.status_code == 404
    planner = _key(any_store, clock, "planner", "")
    assert served.delete(f"/v1/subscriptions/{made['id']}", headers=planner).status_code == 403
    assert not receiver.received


def test_nobody_is_subscribed_who_is_nobody(served, water, desk):
    unknown, blank = ("不存在的单位", "role:nobody", f"{WATER}/夜班"), ("   ", "\u200b")
    for audience in (*unknown, *blank):
        refused = served.post("/v1/subscriptions", json=body(audience=audience, target="for-all"), headers=desk)
        said = "invalid_values" if audience in blank else "no_audience"
        assert (refused.status_code, refused.json()["code"]) == (422, said), audience
    near = served.post("/v1/subscriptions", json=body(audience="水利局", target="for-all"), headers=desk)
    assert WATER in near.json()["hint"]
    for audience in (WATER, "duty", "role:supervisor", "all", "值班台"):
        made = served.post("/v1/subscriptions", json=body(audience=audience, target="duty-wecom"), headers=desk)
        assert made.status_code == 201, made.text
    assert served.post("/v1/subscriptions", json=body(audience="duty"), headers=water).status_code == 403


def test_an_audience_has_a_bounded_number_of_subscriptions(served, water):
    for _ in range(MOST):
        assert served.post("/v1/subscriptions", json=body(target="for-all"), headers=water).status_code == 201
    refused = served.post("/v1/subscriptions", json=body(target="for-all"), headers=water)
    assert refused.json()["code"] == "too_many_subscriptions"


@pytest.fixture
def message(any_store: Store, clock: FixedClock, make_candidate, make_run) -> str:
    """A message of an alert that waits for the water authority."""
    from serve.alerts import intake

    intake(any_store, [make_candidate()], clock=clock, run=make_run())
    with any_store.reading() as session:
        return session.query(OutboxMessage.id).filter_by(audience=WATER).scalar()


def test_what_waits_for_a_deleted_subscription_is_not_sent(
    served, water, any_store, clock, settings, receiver, message
):
    receiver.status = 500
    made = served.post("/v1/subscriptions", json=body(channel="webhook", url=receiver.url), headers=water).json()
    running = served.app.state.settings
    assert run_once(any_store, running, clock).retried == 1
    assert served.delete(f"/v1/subscriptions/{made['id']}", headers=water).status_code == 204
    clock.advance(timedelta(hours=1))
    assert run_once(any_store, running, clock).calls == 0
    statuses = {one["status"] for one in served.get("/v1/deliveries", headers=water).json()["items"]}
    assert statuses == {"retry", "skipped"}


def test_a_department_sees_that_its_bot_is_dead(served, water, any_store, clock, receiver, message):
    made = served.post("/v1/subscriptions", json=body(channel="webhook", url=receiver.url), headers=water).json()
    assert made["hearing"]["dead"] is False
    receiver.status = 410
    run_once(any_store, served.app.state.settings, clock)
    [seen] = served.get("/v1/subscriptions", headers=water | {"Accept-Language": "en"}).json()["items"]
    hearing = seen["hearing"]
    assert (hearing["dead"], hearing["given_up"], hearing["cause"]) == (True, 1, "gone")
    assert hearing["failing_since"] == "2026-11-23T00:00:00Z"
    with any_store.session() as session:
        session.add(
            Delivery(id=new_id("dl"), outbox_id=message, subscription_id=made["id"], attempt=2, status="sent",
                     due_at=clock.now(), finished_at=clock.now() + timedelta(seconds=5), cause_params={})
        )  # fmt: skip
    [seen] = served.get("/v1/subscriptions", headers=water).json()["items"]
    assert (seen["hearing"]["dead"], seen["hearing"]["failures"]) == (False, 0)
