"""A table of nasty values through every field of every operation and form: refused or taken, never our failure."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
import xlsxwriter
from fastapi.testclient import TestClient
from sqlalchemy import select

from serve.access import authenticate
from serve.access.keys import hash_key
from serve.alerts.silences.schemas import EXAMPLE as SILENCE
from serve.api import create_app
from serve.overrides.schemas import EXAMPLE as OVERRIDE
from serve.pages.sessions import start_session
from serve.store import Store
from serve.store.columns import Base
from serve.store.tables import BrowserSession
from tests.api.nasty import CURSORS, MOMENTS, NUMBERS, OTHERS, TEXTS, share
from tests.api.test_parameters import operations

ANY = (*TEXTS, *MOMENTS, *NUMBERS, *OTHERS)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, settings) -> Iterator[Store]:
    url = settings.store_url if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = Store.open(url)
    with opened.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    yield opened
    opened.close()


@pytest.fixture
def patient(settings, store, clock) -> Iterator[TestClient]:
    """An application that counts nobody's requests."""
    own = settings.changed(requests={"per_minute": 1_000_000})
    with TestClient(create_app(own, clock=clock, store=store), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def of_admin(key_of):
    return key_of("admin")


def in_address(values: list[Any]) -> list[str]:
    """Return values as an address or a form can carry them: text, without halves of characters, not endless."""
    return [str(value)[:3_000].encode("utf-8", "replace").decode() for value in values]


def assert_fine(answer: Any, said: Any) -> None:
    assert answer.status_code < 500, (said, answer.status_code, answer.text[:300])
    assert "Traceback" not in answer.text
    if answer.headers.get("content-type", "").startswith("application/"):
        answer.text.encode()


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation with a JSON body, and the schema of that body."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                name = content["schema"]["$ref"].rpartition("/")[2]
                yield method, path, document["components"]["schemas"][name]


def sent(client: TestClient, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
    content = json.dumps(body).encode()
    return client.request(method, path, content=content, headers=headers | {"Content-Type": "application/json"})


@pytest.mark.slow
@pytest.mark.usefixtures("published")
def test_every_field_of_every_body(patient, of_admin, alert_ids):
    alert_id, tried = alert_ids["水务局"], 0
    document = patient.get("/openapi.json").json()
    for method, path, schema in bodies(document):
        address = path.replace("{alert_id}", alert_id).replace("{department}", "水务局")
        usual = dict.fromkeys(schema.get("required", ()), "x") | dict((schema.get("examples") or [{}])[0])
        usual.pop("tickets", None)
        for field in schema["properties"]:
            for value in share(ANY, tried):
                assert_fine(
                    sent(patient, method, address, usual | {field: value}, of_admin), (method, path, field, value)
                )
                tried += 1
        for value in share(ANY, tried):
            assert_fine(sent(patient, method, address, value, of_admin), (method, path, value))
    assert tried > 700


@pytest.mark.slow
@pytest.mark.usefixtures("published")
def test_every_parameter_of_every_address_and_page(patient, of_admin, store, clock, alert_ids):
    info = authenticate(store, of_admin["Authorization"].removeprefix("Bearer "), now=clock.now())
    patient.cookies.set("weisu_session", start_session(store, info, now=clock.now()))
    tried = 0
    for method, route in operations(patient):
        if method != "GET" or route.path == "/v1/alerts/stream":
            continue
        names = {field.alias for field in chain.from_iterable(d.query_params for d in [route.dependant])}
        for name in names:
            for value in (*in_address(share(ANY, tried)), *(CURSORS if name == "cursor" else ())):
                address = route.path.replace("{alert_id}", alert_ids["水务局"])
                answer = patient.get(address, params={name: value}, headers=of_admin, follow_redirects=False)
                assert_fine(answer, (route.path, name, value))
                tried += 1
    assert tried > 400


@pytest.mark.slow
@pytest.mark.usefixtures("published")
def test_every_part_of_a_path(patient, of_admin):
    for method, route in operations(patient):
        for value in ("%00", "a%00b", "%ED%A0%80", "%FF", "..%2f..%2fetc", "x" * 2_000, "%E2%80%AE", "=1", "0", "-1"):
            if not route.param_convertors:
                continue
            path = route.path.replace(":path", "")
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", value)
            answer = patient.request(method, path, headers=of_admin, follow_redirects=False)
            assert_fine(answer, (method, route.path, value))


@pytest.mark.slow
@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("field", ["mapping", "工单编号", "受理时间", "三级事项", "诉求内容"])
def test_every_cell_of_a_ticket(patient, of_admin, field):
    for value in share(ANY, len(field)):
        row = {"工单编号": "20261123000001", "受理时间": "2026-11-23 08:01:12", "三级事项": "停水", "区县": "龙华区"}
        batch = {"mapping": "zh_12345", "tickets": [row]}
        (batch if field == "mapping" else row)[field] = value
        assert_fine(sent(patient, "POST", "/v1/tickets", batch, of_admin), (field, value))
    assert_fine(
        sent(patient, "POST", "/v1/tickets", {"mapping": "zh_12345", "tickets": [{"\ud800": "x"}]}, of_admin), "name"
    )


FORMS = {
    "/login": ("key", "csrf", "next"),
    "/language": ("language", "back"),
    "/rules": ("text", "category"),
    "/quiet/silences": ("purpose", "kind", "category", "area", "department", "starts", "ends", "comment"),
    "/quiet/rule": ("department", "quiet_from", "quiet_to", "minimum_level", "weekly_budget"),
    "/supervision/orders": ("alert_id", "department", "due", "demand", "back", "once"),
    "/supervision/orders/so_0/answer": ("answer", "back"),
    "/alerts/ID/act": ("action", "reason", "department", "back", "once"),
    "/deliveries/again": ("letter",),
    "/overrides/ov_0/withdraw": ("csrf",),
    "/routing/corrections/co_0": ("department",),
    "/quiet/silences/si_0/end": ("csrf",),
    "/subscriptions": ("name", "audience", "channel", "target", "url", "minimum_level", "language"),
    "/subscriptions/sub_0/change": ("name", "channel", "target", "url", "minimum_level", "language"),
    "/subscriptions/sub_0/test": ("csrf",),
    "/subscriptions/sub_0/pause": ("csrf",),
}


def test_every_form_is_in_the_table(patient):
    posted = {route.path for method, route in operations(patient) if method == "POST" and "/v1/" not in route.path}
    known = {path.replace("so_0", "{order_id}").replace("ID", "{alert_id}") for path in FORMS}
    known = {path.replace("ov_0", "{override_id}").replace("co_0", "{correction_id}") for path in known}
    known = {path.replace("si_0", "{silence_id}").replace("sub_0", "{subscription_id}") for path in known}
    known = {path.replace("/pause", "/{verb}") for path in known}
    assert posted - known == {"/logout", "/overrides", "/routing/sheet"}


@pytest.mark.slow
@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("path", FORMS)
def test_every_field_of_every_form(patient, of_admin, store, clock, alert_ids, path):
    info = authenticate(store, of_admin["Authorization"].removeprefix("Bearer "), now=clock.now())
    cookie = start_session(store, info, now=clock.now())
    patient.cookies.set("weisu_session", cookie)
    csrf = _csrf(store, cookie)
    usual = dict.fromkeys(FORMS[path], "") | {"csrf": csrf}
    usual |= {"alert_id": alert_ids["水务局"], "action": "ack", "category": "停水", "comment": "x", "demand": "x"}
    usual |= {"department": "水务局", "due": "2026-11-24T08:00", "ends": "2026-11-24T08:00"}
    usual = {name: value for name, value in usual.items() if name in {*FORMS[path], "csrf"}}
    for number, name in enumerate(FORMS[path]):
        for value in (*in_address(share(ANY, number)), b"\xed\xa0\x80", b"\xff\xfe"):
            data = usual | {name: value}
            address = path.replace("ID", alert_ids["水务局"])
            assert_fine(patient.post(address, data=data, follow_redirects=False), (path, name, value))


def _csrf(store, cookie: str) -> str:
    with store.reading() as session:
        return session.scalar(select(BrowserSession.csrf_token).where(BrowserSession.token_hash == hash_key(cookie)))


@pytest.mark.parametrize("number", range(8))
def test_sheets_and_workbooks(patient, of_admin, store, clock, number):
    nasty = ["\ud800".encode("utf-8", "surrogatepass"), b"\0" * 9, b"\xff\xfe\0\0", "事项,单位\n停水,\0局".encode()]
    header = "事项 category,区域 area,承办单位 department\n"
    nasty += [(header + f"停水,{text},{text}").encode("utf-8", "surrogatepass") for text in TEXTS[4:7]]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("预测 forecast")
        for place, value in enumerate([*TEXTS[7:14], 1e308, "", -1, 0]):
            sheet.write(0, place, value)
            sheet.write(1, place, value)
    nasty.append(buffer.getvalue())
    content = nasty[number]
    assert_fine(patient.put("/v1/routes/sheet", content=content, headers=of_admin), number)
    info = authenticate(store, of_admin["Authorization"].removeprefix("Bearer "), now=clock.now())
    cookie = start_session(store, info, now=clock.now())
    patient.cookies.set("weisu_session", cookie)
    for path, field in (("/routing/sheet", "sheet"), ("/overrides", "workbook")):
        answer = patient.post(path, files={field: ("a\u202eb.xlsx", content)}, data={"csrf": _csrf(store, cookie)})
        assert_fine(answer, (path, number))


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_moment_out_of_range_is_refused_by_its_field(patient, of_admin):
    bodies_of = (("/v1/silences", SILENCE, "ends_at"), ("/v1/overrides", OVERRIDE, "expires_at"))
    for path, body, field in bodies_of:
        for value in MOMENTS:
            answer = sent(patient, "POST", path, body | {field: value}, of_admin)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_values"), value
            assert f"body.{field}" in {one["where"] for one in answer.json()["errors"]}, value
