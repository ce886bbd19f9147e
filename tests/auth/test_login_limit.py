"""Failed logins are limited per address and per beginning of a key, by the store, so for all workers together."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from serve.access import add_key
from serve.access.logins import PER_ADDRESS, PER_KEY, WINDOW, LoginLimit
from serve.api import create_app
from serve.errors import TooManyRequestsError
from serve.store.tables import LoginAttempt


@pytest.fixture
def key(any_store, clock):
    return add_key(any_store, name="规划科", role="planner", now=clock.now()).secret


@pytest.fixture
def browser_at(any_store, settings, clock):
    """Open a browser at an address, before a worker process of its own (an application on the same store)."""

    def open_browser(address: str) -> TestClient:
        app = create_app(settings, clock=clock, store=any_store)
        return TestClient(app, base_url="http://weisu.example", client=(address, 50000))

    return open_browser


def log_in(browser: TestClient, key: str):
    form = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)[1]
    return browser.post("/login", data={"key": key, "csrf": form}, follow_redirects=False)


def test_after_too_many_failures_an_address_waits_and_is_told_how_long(browser_at, clock, key):
    for number in range(PER_ADDRESS):
        assert log_in(browser_at("10.0.0.9"), f"weisu_{number:06}guess").status_code == 401
        clock.advance(timedelta(seconds=3))
    refused = log_in(browser_at("10.0.0.9"), "weisu_another-guess")
    assert refused.status_code == 429
    assert "登录失败次数过多，请 9 分钟后再试" in refused.text
    assert int(refused.headers["retry-after"]) == WINDOW.total_seconds() - 3 * PER_ADDRESS
    assert log_in(browser_at("10.0.0.10"), key).status_code == 303, "another address goes on"
    clock.advance(timedelta(seconds=int(refused.headers["retry-after"]) - 1))
    assert log_in(browser_at("10.0.0.9"), "weisu_another-guess").status_code == 429
    clock.advance(timedelta(seconds=1))
    assert log_in(browser_at("10.0.0.9"), "weisu_another-guess").status_code == 401


def test_a_right_key_is_let_in_whatever_failed_before_at_its_address_or_beginning(browser_at, key):
    for number in range(PER_ADDRESS + 1):
        log_in(browser_at("10.0.0.9"), f"{key[:12]}{number}" if number < PER_KEY else f"weisu_{number:06}guess")
    assert log_in(browser_at("10.0.0.9"), "weisu_another-guess").status_code == 429
    assert log_in(browser_at("10.0.0.9"), f"{key[:12]}more").status_code == 429
    assert log_in(browser_at("10.0.0.9"), key).status_code == 303


def test_guessing_at_one_key_from_many_addresses_is_limited_too(browser_at, key):
    for number in range(PER_KEY):
        assert log_in(browser_at(f"10.0.1.{number}"), f"{key[:12]}{number}").status_code == 401
    assert log_in(browser_at("10.0.2.1"), f"{key[:12]}more").status_code == 429
    assert log_in(browser_at("10.0.2.1"), "weisu_another-key").status_code == 401


def test_a_right_key_costs_nothing_and_old_failures_are_forgotten(any_store, browser_at, clock, key):
    for _ in range(PER_ADDRESS + 5):
        assert log_in(browser_at("10.0.0.9"), key).status_code == 303
    assert log_in(browser_at("10.0.0.9"), "weisu_wrong").status_code == 401
    clock.advance(WINDOW)
    assert log_in(browser_at("10.0.0.9"), key).status_code == 303
    with any_store.reading() as session:
        assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 0


def test_attempts_at_the_same_moment_are_all_counted(any_store, clock):
    limit = LoginLimit(any_store)

    def guess(number: int) -> str:
        try:
            limit.note_failure(address=f"10.0.3.{number}", key="weisu_abcdef-guess", now=clock.now())
        except TooManyRequestsError:
            return "refused"
        return "tried"

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(guess, range(24)))
    assert ended.count("tried") == PER_KEY
