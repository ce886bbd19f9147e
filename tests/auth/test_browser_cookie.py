from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from serve.access import add_key, revoke_key
from serve.access.caller import SESSION_COOKIE
from serve.access.keys import hash_key
from serve.api import create_app
from serve.store.tables import BrowserSession


@pytest.fixture
def browser(settings, store, clock):
    """A client with a session cookie of a planner's key, and the key's id."""
    key = add_key(store, name="规划科", role="planner", now=clock.now()).info
    now = clock.now()
    with store.session() as session:
        session.add(
            BrowserSession(
                id="s1",
                token_hash=hash_key("cookie-value"),
                csrf_token="c",
                api_key_id=key.id,
                created_at=now,
                last_seen_at=now,
                expires_at=now + timedelta(hours=8),
            )
        )
    with TestClient(create_app(settings, clock=clock, store=store), cookies={SESSION_COOKIE: "cookie-value"}) as client:
        yield client, key.id


def test_a_cookie_reads(browser):
    client, _ = browser
    assert client.get("/v1/alerts").status_code == 200


def test_a_cookie_never_writes_to_the_api(browser):
    client, _ = browser
    body = {"name": "x", "starts_on": "2026-12-05", "ends_on": "2026-12-06", "reason": "x"}
    assert client.post("/v1/events", json=body).status_code == 401


def test_a_session_ends_with_its_time_or_its_key(browser, clock, store):
    client, key_id = browser
    clock.advance(timedelta(hours=8))
    assert client.get("/v1/alerts").status_code == 401
    clock.advance(timedelta(hours=-1))
    assert client.get("/v1/alerts").status_code == 200
    revoke_key(store, key_id, now=clock.now())
    assert client.get("/v1/alerts").status_code == 401
