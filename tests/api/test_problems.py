from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from serve.api import create_app
from serve.store import Store
from serve.store.tables import ApiKey

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nowhere", 404, "Not found"),
        ("/v1/alerts", 401, "Not authenticated"),
        ("/v1/alerts?limit=0", 422, "Invalid values"),
        ("/v1/alerts/al_0", 404, "Not found"),
    ],
)
def test_every_error_is_a_problem(client, key_of, path, status, title):
    headers = {} if status == 401 else key_of("planner")
    answer = client.get(path, headers=headers)
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["title"]) == (status, status, title)
    assert problem["instance"] == path.split("?")[0]


def test_a_wrong_method_is_a_problem_too(client, key_of):
    answer = client.delete("/livez")
    assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM)


def test_a_bug_is_a_problem_without_its_insides(settings, store, clock):
    app = create_app(settings, clock=clock, store=store)

    @app.get("/bug")
    def bug() -> None:
        raise RuntimeError("secret inside")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/bug")
        page = client.get("/bug", headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "secret" not in answer.text + page.text


def test_a_store_that_is_away_is_said_to_be(settings, store, clock):
    app = create_app(settings, clock=clock, store=store)

    @app.get("/away")
    def away() -> None:
        raise OperationalError("SELECT secret", {}, Exception("connection refused at 10.0.0.7"))

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/away")
    assert (answer.status_code, answer.json()["title"]) == (503, "Store unavailable")
    assert "secret" not in answer.text
    assert "10.0.0.7" not in answer.text


def test_a_value_that_postgresql_cannot_store_is_refused(settings, postgres_url, clock):
    store = Store.open(postgres_url)
    app = create_app(settings, clock=clock, store=store)

    @app.get("/nul")
    def nul() -> None:
        with store.reading() as session:
            session.execute(select(ApiKey).where(ApiKey.name == "a\0b"))

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/nul")
    assert (answer.status_code, answer.json()["detail"]) == (422, "a value cannot be stored")
    store.close()


def test_an_invalid_value_is_named_but_not_repeated(client, key_of):
    answer = client.get("/v1/alerts?since=phone-13800138000", headers=key_of("planner"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "query.since"
    assert "13800138000" not in answer.text
