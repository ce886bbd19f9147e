"""Who asks is known before anything of a body is read, and only so much is let in at once."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from features.configuration import RequestsConfig
from features.settings import Settings
from serve.api import create_app
from serve.api.turnstile import NOBODY, Turnstile
from serve.errors import BusyError, SpokenError, TooManyRequestsError

KINDS = {"Content-Type": "application/json"}


@pytest.mark.parametrize("secret", [None, "weisu_wrong"])
@pytest.mark.parametrize("path", ["/v1/tickets", "/v1/silences", "/v1/alerts/al_0/comment"])
def test_without_a_key_a_body_is_not_looked_at(client, path, secret):
    headers = {"X-API-Key": secret} if secret else {}
    answer = client.post(path, content=b"{no json", headers=KINDS | headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "needs_key")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_large_body_without_a_key_is_not_even_received(client):
    answer = client.post("/v1/tickets", content=b"[" * (2 << 20), headers=KINDS)
    assert (answer.status_code, answer.headers["connection"]) == (401, "close")


def test_a_form_without_a_session_is_sent_to_the_login(client):
    answer = client.post("/overrides", files={"workbook": b"x" * 100_000}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/")


def test_a_department_is_not_shut_out_by_its_own_cookie_alone(client):
    client.cookies.set("weisu_session", "made-up")
    answer = client.post("/v1/tickets", content=b"{no json", headers=KINDS)
    assert answer.status_code == 401


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("method", "path", "size"),
    [("POST", "/v1/tickets", "2 MB"), ("PUT", "/v1/routes/sheet", "1 MB"), ("POST", "/v1/silences", "64 kB")],
)
def test_each_operation_has_a_size_of_its_own(settings: Settings, store, clock, key_of, method, path, size, chunked):
    own = settings.changed(bounds={"body_size": 2, "sheet_size": 1, "form_size": 64})
    number, unit = size.split()
    most = int(number) << (20 if unit == "MB" else 10)
    headers = key_of("admin") | KINDS | {"Accept-Language": "en"}
    with TestClient(create_app(own, clock=clock, store=store)) as client:
        for length, wanted in ((most, False), (most + 1, True)):
            body = b" " * length
            content = (body[at : at + 65_536] for at in range(0, length, 65_536)) if chunked else body
            answer = client.request(method, path, content=content, headers=headers)
            assert (answer.status_code == 413) is wanted, answer.text
    assert answer.json()["detail"] == f"the request is larger than {size}"


def test_a_page_says_so_on_a_page(settings, store, clock, browser_of):
    browser = browser_of(settings.changed(bounds={"sheet_size": 1}), "supervisor")
    answer = browser.post("/routing/sheet", files={"sheet": b"x" * (2 << 20)})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert "1 MB" in answer.text


@pytest.fixture
def browser_of(store, clock, key_of):
    """Open a browser with a session of a role, on an installation with these settings."""

    def open_browser(settings: Settings, role: str) -> TestClient:
        from serve.access import authenticate
        from serve.pages.sessions import start_session

        secret = key_of(role)["Authorization"].removeprefix("Bearer ")
        cookie = start_session(store, authenticate(store, secret, now=clock.now()), now=clock.now())
        return TestClient(create_app(settings, clock=clock, store=store), cookies={"weisu_session": cookie})

    return open_browser


LIMITS = RequestsConfig(
    at_once=3, at_once_without_key=2, at_once_per_key=2, streams_per_key=1, large_at_once=1, per_minute=600
)


@pytest.fixture
def gate():
    at = SimpleNamespace(now=0.0)
    return SimpleNamespace(turnstile=Turnstile(LIMITS, lambda: at.now), at=at)


def test_who_has_no_key_never_takes_the_place_of_who_has_one(gate):
    with contextlib.ExitStack() as within:
        for _ in range(2):
            within.enter_context(gate.turnstile.through(NOBODY))
        with pytest.raises(BusyError, match="as much is being answered as can be"):
            within.enter_context(gate.turnstile.through(NOBODY))
        for key in ("a", "a", "b"):
            within.enter_context(gate.turnstile.through(key))
        with pytest.raises(TooManyRequestsError, match="2 requests under way"):
            within.enter_context(gate.turnstile.through("a"))
        with pytest.raises(BusyError):
            within.enter_context(gate.turnstile.through("c"))
        within.enter_context(gate.turnstile.through("c", stream=True))
        with pytest.raises(TooManyRequestsError, match="1 event streams"):
            within.enter_context(gate.turnstile.through("c", stream=True))
    with gate.turnstile.through("c"), gate.turnstile.reading_much(), pytest.raises(BusyError):
        gate.turnstile.reading_much().__enter__()


def test_a_key_that_asks_too_often_is_told_when_to_come_back(gate):
    for _ in range(600):
        with gate.turnstile.through("a"):
            pass
    with pytest.raises(TooManyRequestsError, match="600 times a minute") as refused, gate.turnstile.through("a"):
        pass
    assert refused.value.headers == {"Retry-After": "1"}
    with gate.turnstile.through("b"):
        gate.at.now += 0.11
    with gate.turnstile.through("a"):
        pass


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.booleans(), st.booleans()), max_size=30))
def test_whatever_comes_and_goes_the_counts_return_to_nothing(steps):
    turnstile = Turnstile(LIMITS, lambda: 0.0)
    with contextlib.ExitStack() as within:
        for key, stream, stays in steps:
            with contextlib.suppress(SpokenError):
                entered = turnstile.through(key, stream=stream)
                within.enter_context(entered) if stays else entered.__enter__() or entered.__exit__(None, None, None)
        assert turnstile._within.total() <= LIMITS.at_once + LIMITS.at_once_without_key
    assert not turnstile._within
    assert not turnstile._streams


def test_over_the_wire_too(settings, store, clock, key_of):
    headers = key_of("planner")
    own = settings.changed(requests={"per_minute": 2})
    with TestClient(create_app(own, clock=clock, store=store)) as client:
        seen = [client.get("/v1/alerts", headers=headers).status_code for _ in range(3)]
        assert seen == [200, 200, 429]
        assert client.get("/livez").status_code == 200
        assert client.get("/v1/alerts", headers=key_of("scientist")).status_code == 200
