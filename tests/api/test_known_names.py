"""A department, category or area that nobody has heard of is asked back, with the nearest ones there are."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from serve.known_names import KnownNames, nearest_names

pytestmark = pytest.mark.usefixtures("published")

ENGLISH = {"Accept-Language": "en"}
SILENCE = {"category": "停水", "comment": "x", "ends_at": "2026-11-24T10:00:00Z"}
ROUTE = {"category": "停水", "area": "海口市", "department": "水务局"}
EVENT = {"name": "赛", "starts_on": "2026-12-05", "ends_on": "2026-12-06", "category": "停水", "reason": "x"}


@pytest.mark.parametrize(
    ("path", "body", "code", "nearest"),
    [
        ("/v1/alerts/ID/assign", {"department": "水务局局"}, "department_unknown", "水务局"),
        ("/v1/alerts/ID/reassign", {"department": "生态环境"}, "department_unknown", "生态环境局"),
        ("/v1/silences", SILENCE | {"category": "停电水"}, "category_unknown", "停水"),
        ("/v1/silences", SILENCE | {"area": "海口"}, "area_unknown", "海口市"),
        ("/v1/silences", SILENCE | {"department": "市水务局"}, "department_unknown", "水务局"),
        ("/v1/routes", ROUTE | {"area": "三亚"}, "area_unknown", "三亚市"),
        ("/v1/routes", ROUTE | {"assisting": ["环境局"]}, "department_unknown", "生态环境局"),
        ("/v1/events", EVENT | {"category": "停气"}, "category_unknown", "停水"),
        ("/v1/events", EVENT | {"district": "海口区"}, "area_unknown", "海口市"),
    ],
)
def test_an_unknown_name_is_asked_back(client, key_of, alert_ids, path, body, code, nearest):
    path = path.replace("ID", alert_ids["水务局"])
    answer = client.post(path, json=body, headers=key_of("admin") | ENGLISH)
    assert (answer.status_code, answer.json().get("code")) == (422, code), answer.text
    assert nearest in answer.json()["hint"]


@pytest.mark.parametrize(("path", "body"), [("/v1/silences", SILENCE), ("/v1/routes", ROUTE), ("/v1/events", EVENT)])
def test_known_names_are_taken_and_new_ones_where_they_are_meant(client, key_of, path, body):
    headers = key_of("admin")
    assert client.post(path, json=body, headers=headers).status_code == 201
    news = body | {"category": "新事项"}
    assert client.post(path, json=news, headers=headers).status_code == 422
    assert client.post(f"{path}?new_names=true", json=news, headers=headers).status_code == 201


def test_blanks_and_what_nobody_sees_are_no_department(client, key_of, alert_ids):
    for name in ("", "   ", "\u200b"):
        answer = client.post(
            f"/v1/alerts/{alert_ids['水务局']}/assign", json={"department": name}, headers=key_of("admin")
        )
        assert answer.status_code == 422
    answer = client.post(
        f"/v1/alerts/{alert_ids['水务局']}/assign", json={"department": " 生态\u200b环境局 "}, headers=key_of("admin")
    )
    assert answer.json()["department"] == "生态环境局"


def test_a_sheet_with_a_misspelt_department_changes_nothing(client, key_of):
    header = "事项 category,区域 area,承办单位 department\n"
    put = {"url": "/v1/routes/sheet", "headers": key_of("admin") | ENGLISH}
    refused = client.put(**put, content=(header + "停水,海口市,水务局\n噪声,,生太环境局\n").encode())
    assert (refused.status_code, refused.json()["code"]) == (422, "department_unknown")
    assert client.get("/v1/routes", headers=put["headers"]).json()["items"] == []
    assert client.put(**put, content=(header + "停水,海口市,水务局\n").encode()).json()["added"] == 1


def test_a_path_of_a_category_is_known_too(store, alert_ids):
    with store.reading() as session:
        names = KnownNames(session)
        names.check(categories=["城乡建设 > 市政 > 停水", "城乡建设", "供水", ""], areas=["全域", "龙华区"])


def test_where_nothing_is_known_nothing_is_asked(settings, clock):
    from serve.store import Store

    fresh = Store.open(f"sqlite:///{settings.home / 'fresh.db'}")
    with fresh.reading() as session:
        KnownNames(session).check(categories=["x"], areas=["y"], departments=["z"])
    fresh.close()


def test_a_key_of_an_unknown_department_is_asked_back(settings, store, key_of):
    key_of("department", "水务局")
    add = ["users", "add", "x", "--role", "department", "--home", str(settings.home), "--department"]
    refused = CliRunner().invoke(app, [*add, "水务"])
    assert refused.exit_code != 0
    assert CliRunner().invoke(app, [*add, "水务局"]).exit_code == 0
    assert CliRunner().invoke(app, [*add, "水务", "--new"]).exit_code == 0


def test_where_nothing_is_near_the_first_ones_are_named():
    assert nearest_names("xyz", ["丙", "乙", "丁", "甲"]) == sorted(["丙", "乙", "丁", "甲"])[:3]
