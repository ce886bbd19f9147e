"""No operation and no page answers a question that was not asked: what it does not know is refused, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute

from serve.parameters import MACHINES, parameters_of


@pytest.fixture
def planner(key_of):
    return key_of("planner")


def _routes(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from _routes(included.routes)


def operations(client: TestClient) -> list[tuple[str, APIRoute]]:
    return [(method, route) for route in _routes(client.app.routes) for method in sorted(route.methods)]


def test_every_operation_and_page_refuses_what_it_does_not_know_by_name(client):
    tried = []
    for method, route in operations(client):
        if MACHINES in route.tags:
            continue
        path = route.path.replace(":path", "")
        for name in route.param_convertors:
            path = path.replace(f"{{{name}}}", "1")
        answer = client.request(method, path, params={"departement": "x"}, headers={"Accept-Language": "en"})
        assert answer.status_code == 422, (method, path, answer.status_code)
        assert "departement" in answer.text, (method, path)
        tried.append(path)
    assert len(tried) >= 70
    assert {"/", "/board", "/overrides", "/v1/forecasts", "/v1/alerts"} <= set(tried)


def test_every_documented_parameter_is_known(client):
    documented = client.get("/openapi.json").json()["paths"]
    for method, route in operations(client):
        if route.include_in_schema:
            said = documented[route.path_format][method.lower()].get("parameters", [])
            assert {one["name"] for one in said if one["in"] == "query"} == set(parameters_of(route))


def test_machines_may_add_parameters_of_their_own(client):
    assert client.get("/livez?probe=7").status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("format=csv", 422, "there is no parameter format"),
        ("distric=x", 422, "did you mean district"),
        ("level=nonsense", 422, "query.level"),
        ("level=cell&level=total", 422, "level may be given once"),
        ("unique_id=garbage", 404, "no series 'garbage'"),
        ("district=nowhere", 404, "no district 'nowhere'"),
        ("category=nothing", 404, "no category 'nothing'"),
        ("department=nobody", 404, "no department 'nobody'"),
        ("level=total&from=2100-01-01T00:00", 200, ""),
        ("level=total", 200, ""),
    ],
)
@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("of", ["/v1/forecasts", "/v1/forecasts/sums"])
def test_a_forecast_is_asked_for_by_names_that_there_are(client, planner, of, query, status, named):
    if of.endswith("sums") and "from" in query:
        query = "level=total"
    answer = client.get(f"{of}?{query}", headers={**planner, "Accept-Language": "en"})
    assert answer.status_code == status, answer.text
    assert named in answer.text


@pytest.mark.usefixtures("published")
def test_a_department_asks_for_its_own_numbers(client, planner):
    everything = client.get("/v1/forecasts", headers=planner).json()["items"]
    name = next(row["department"] for row in everything if row["department"])
    own = client.get("/v1/forecasts", params={"department": name}, headers=planner).json()["items"]
    assert own
    assert {row["department"] for row in own} == {name}
