"""Generated from the OpenAPI document: every endpoint, with another department's key, shows and changes nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import select

from features.sentences import Sentence
from serve import pages
from serve.access import Caller, Role, add_key
from serve.access.caller import SESSION_COOKIE
from serve.alerts import actions
from serve.alerts.unit_of_work import open_desk
from serve.api import create_app
from serve.pages.sessions import start_session
from serve.store import Store
from serve.store.columns import Base
from serve.store.tables import BrowserSession, Delivery, DepartmentRule, Route, RouteCorrection, Silence, Subscription
from serve.supervision import orders

SECRET = "水务机密"
OWNER, STRANGER = "水务局", "生态环境局"
OPEN_TO_ALL = {"/livez", "/readyz", "/healthz", "/metrics"}

_app_paths: dict[str, dict[str, object]] = {}


def sample(schema: dict, components: dict) -> object:
    """Return a value that fits a JSON schema, from its examples where it has some."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], components)
    if schema.get("type") == "object":
        required = schema.get("required", [])
        return {
            name: sample(part, components) for name, part in schema.get("properties", {}).items() if name in required
        }
    return {"string": "x", "integer": 1, "number": 1.0, "boolean": True, "array": []}.get(schema.get("type", ""))


@pytest.fixture
def foreign(store: Store, settings, clock, make_candidate, make_run) -> dict[str, str]:
    """Things of the water authority, each with the secret word in it; by the path parameter that names them."""
    from serve.alerts import intake

    candidate = make_candidate(
        sentence=Sentence.recorded(SECRET, SECRET).document(),
        rule={"code": "shared_cause", "topic": SECRET},
        evidence={"note": SECRET},
    )
    alert_id = intake(store, [candidate], clock=clock, run=make_run(), settings=settings).alert_ids[0]
    supervisor = Caller(key_id="k", name="s", role=Role.SUPERVISOR)
    with open_desk(store, clock, settings) as desk:
        episode = desk.load(alert_id)
        actions.comment(desk, episode, supervisor, text=SECRET)
        due_at = clock.now() + timedelta(days=1)
        order = orders.issue(desk, episode, supervisor, department=OWNER, due_at=due_at, demand=SECRET)
    now = clock.now()
    fixed = {"author": SECRET, "created_at": now}
    with store.session() as session:
        message = session.execute(select(Base.metadata.tables["outbox"].c.id)).scalars().first()
        session.add(DepartmentRule(department=OWNER, author=SECRET, updated_at=now, weekly_budget=7))
        session.add(Silence(id="si_1", department=OWNER, comment=SECRET, starts_at=now, ends_at=due_at, **fixed))
        session.add(Route(id="rt_1", category=SECRET, department=OWNER, assisting=[], author=SECRET, updated_at=now))
        session.add(RouteCorrection(id="rc_1", alert_id=alert_id, category=SECRET, area="", sent_to=OWNER, **fixed))
        session.add(
            Subscription(id="sub_1", name=SECRET, audience=OWNER, channel="wecom", config={}, kinds=[], **fixed)
        )
        session.flush()
        session.add(
            Delivery(
                id="dl_1",
                outbox_id=message,
                subscription_id="sub_1",
                status="dead",
                due_at=now,
                cause="refused",
                said=SECRET,
            )
        )
    return {
        "alert_id": alert_id,
        "order_id": order.id,
        "department": OWNER,
        "silence_id": "si_1",
        "route_id": "rt_1",
        "correction_id": "rc_1",
        "subscription_id": "sub_1",
        "delivery_id": "dl_1",
        "override_id": "ov_1",
        "event_id": "re_1",
    }


def everything(store: Store) -> dict[str, list[str]]:
    """Return every row that carries the secret or belongs to the owner."""
    with store.reading() as session:
        return {
            table.name: sorted(str(tuple(row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
            if table.name not in {"api_keys", "idempotent_replies"}
        }


def operations(schema: dict) -> list[tuple[str, str, dict]]:
    return [
        (method, path, operation)
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if path not in OPEN_TO_ALL
    ]


def request_of(operation: dict, path: str, names: dict[str, str], components: dict) -> tuple[str, dict]:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", names[parameter["name"]])
    contents = operation.get("requestBody", {}).get("content", {})
    if "application/json" in contents:
        return path, {"json": sample(contents["application/json"]["schema"], components)}
    return path, {"content": b"x"} if contents else {}


def test_another_departments_key_shows_and_changes_nothing(client, store, foreign, key_of):
    schema = client.get("/openapi.json").json()
    headers = key_of("department", STRANGER)
    before = everything(store)
    tried = 0
    for method, path, operation in operations(schema):
        url, body = request_of(operation, path, foreign, schema["components"]["schemas"])
        if path == "/v1/alerts/stream":
            headers_here = headers | {"Last-Event-ID": "0"}
            answer = client.request(method, url, params={"wait": 0}, headers=headers_here)
        else:
            answer = client.request(method, url, headers=headers, **body)
        tried += 1
        assert answer.status_code < 500, (method, path, answer.text)
        assert SECRET not in answer.text, (method, path)
        if "alert_id" in path:
            assert answer.status_code == 404, (method, path, answer.text)
    assert tried >= 40
    after = everything(store)
    # What a department makes for itself (a silence, a subscription, a rule) may appear; nothing may go or change.
    for name, rows in before.items():
        assert set(rows) <= set(after[name]), name


def test_the_owner_sees_what_the_stranger_does_not(client, store, foreign, key_of):
    headers = key_of("department", OWNER)
    for path in (
        "/v1/alerts",
        f"/v1/alerts/{foreign['alert_id']}",
        f"/v1/alerts/{foreign['alert_id']}/events",
        f"/v1/alerts/{foreign['alert_id']}/evidence",
        "/v1/silences",
        "/v1/supervision/orders",
        "/v1/subscriptions",
        "/v1/deliveries",
    ):
        assert SECRET in client.get(path, headers=headers).text, path


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer weisu_wrong"}, {"X-API-Key": "weisu_wrong"}])
def test_without_a_valid_key_there_is_nothing(client, foreign, headers):
    schema = client.get("/openapi.json").json()
    for method, path, operation in operations(schema):
        url, body = request_of(operation, path, foreign, schema["components"]["schemas"])
        answer = client.request(method, url, headers=headers, **body)
        assert answer.status_code in {401, 422}, (method, path, answer.status_code)
        assert SECRET not in answer.text


def test_every_role_gets_a_documented_answer_everywhere(settings, store, clock, client, foreign, key_of):
    schema = create_app(settings, clock=clock, store=store).openapi()
    for role in ("planner", "scientist", "supervisor"):
        headers = key_of(role)
        for method, path, operation in operations(schema):
            if path == "/v1/alerts/stream":
                continue
            url, body = request_of(operation, path, foreign, schema["components"]["schemas"])
            answer = client.request(method, url, headers=headers, **body)
            assert str(answer.status_code) in operation["responses"], (role, method, path, answer.text)


def page_operations(router) -> list[tuple[str, str, list[str]]]:
    """Return (method, path, names of form fields) of every page: they are not in the OpenAPI document."""
    found = []
    for route in router.routes:
        if isinstance(route, APIRoute):
            fields = [field.alias for field in route.dependant.body_params]
            found += [(method.lower(), route.path, fields) for method in sorted(route.methods - {"HEAD"})]
        else:
            found += page_operations(route.original_router)
    return found


def test_another_departments_browser_shows_and_changes_nothing(settings, store, clock, foreign):
    key = add_key(store, name="别处", role="department", department=STRANGER, now=clock.now()).info
    cookie = start_session(store, key, now=clock.now())
    with store.reading() as session:
        csrf = session.scalar(select(BrowserSession.csrf_token))
    form = {
        **foreign, "csrf": csrf, "letter": foreign["delivery_id"], "action": "ack", "demand": "x", "answer": "x",
        "due": "2027-01-01T10:00", "department": OWNER, "key": "weisu_x", "language": "en",
    }  # fmt: skip
    app = create_app(settings, clock=clock, store=store)
    before, tried = everything(store), 0
    for method, path, fields in page_operations(pages.router):
        if path in {"/login", "/logout", "/language"}:
            continue
        address = re.sub(r"{(\w+)(:path)?}", lambda name: foreign.get(name[1], "x"), path)
        with TestClient(app, cookies={SESSION_COOKIE: cookie}) as browser:
            sent = {"data": {name: form[name] for name in fields if name in form}} if method == "post" else {}
            answer = browser.request(method, address, **sent)
        assert SECRET not in answer.text, (method, path)
        assert answer.status_code < 500, (method, path, answer.text)
        tried += 1
    assert tried >= 15
    assert everything(store) == before
