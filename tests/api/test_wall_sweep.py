"""Every page, answer, export and stream, as every department: nothing in it belongs to another one.

The store holds alerts of four departments that ended, were dismissed, reassigned, assisted, silenced, merged and
expired, each with texts of its own; each new alert holds all ended ones as past cases. What is read is asked of the
application, so that a route which is added is swept without a word here.
"""

from __future__ import annotations

import csv
import io
import itertools
import zipfile
from collections import Counter
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import select
from starlette.routing import Mount

from features.sentences import Sentence
from pipelines.ingest import ingest
from serve.access import Caller, Role, add_key
from serve.access.caller import SESSION_COOKIE
from serve.alerts import actions, intake
from serve.alerts.lifecycle import Dismissal
from serve.alerts.past import ended_cases
from serve.alerts.service import perform
from serve.alerts.unit_of_work import open_desk
from serve.api import create_app
from serve.pages.sessions import start_session
from serve.store.tables import (
    Alert,
    AlertParty,
    Delivery,
    DepartmentRule,
    OutboxMessage,
    RouteCorrection,
    Silence,
    Subscription,
    SupervisionOrder,
)
from serve.supervision import orders, tick

WATER, AIR, CITY, HOUSING = DEPARTMENTS = ("水务局", "生态环境局", "城管局", "住建局")
SUPERVISOR = Caller(key_id="k-sup", name="督办员", role=Role.SUPERVISOR)
NOT_READ = {"/logout", "/language"}
"""Pages that end what is swept with."""


class City:
    """A store with a rich history, and for every unique text in it the departments that may read it."""

    def __init__(self, store, settings, clock, make_candidate, make_run, folder) -> None:
        self.store, self.settings, self.clock = store, settings, clock
        self._candidate, self._run, self._folder = make_candidate, make_run, folder
        self._numbers = itertools.count(1)
        self.of_alert: dict[str, str] = {}
        """Text -> the alert that it belongs to: its departments of today may read it."""
        self.of_department: dict[str, set[str]] = {}
        """Text -> the departments that may read it."""

    def mark(self) -> str:
        return f"暗记{next(self._numbers):04}号"

    def of(self, alert_id: str) -> str:
        made = self.mark()
        self.of_alert[made] = alert_id
        return made

    def only(self, *departments: str) -> str:
        made = self.mark()
        self.of_department[made] = set(departments)
        return made

    def open(self, department: str, **changes: Any) -> str:
        """Open an alert of a department; its ticket, sentence and evidence have texts of their own."""
        number = f"{next(self._numbers):04}"
        told, seen, text = self.mark(), self.mark(), self.mark()
        self._ingest(f"T{number}", text)
        facts = {
            "department": department,
            "area": f"第{number}街道",
            "cells": [f"category=停水;district=第{number}街道"],
            "tickets": [f"zh_12345/T{number}"],
            "sentence": Sentence.recorded(f"{told}停水", f"{told} no water").document(),
            "evidence": {"note": seen, "arrived": [f"2026-11-2{int(number) % 9}T0{int(number) % 8}:00:00"] * 2},
            "past": [{"source": "episode", **_plain(one)} for one in ended_cases(self.store, self.clock.now())],
        }
        candidate = self._candidate(**(facts | changes))
        done = intake(self.store, [candidate], clock=self.clock, run=self._run(), settings=self.settings)
        (alert_id,) = done.alert_ids
        assert done.opened == 1, done
        self.of_alert |= dict.fromkeys((told, seen, text, f"zh_12345/T{number}"), alert_id)
        return alert_id

    def _ingest(self, number: str, text: str) -> None:
        path = self._folder / f"{number}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["工单编号", "受理时间", "三级事项", "区县", "来电人", "诉求内容"])
            rows.writerow([number, "2026-11-23 06:00:00", "停水", "龙华区", "匿名", f"{text}停水"])
        assert ingest([path], "zh_12345", self.settings, self.clock).kept == 1

    def press(self, action, by: str | Caller, alert_id: str, **values: Any) -> None:
        caller = by if isinstance(by, Caller) else Caller(f"k-{by}", f"{by}值班", Role.DEPARTMENT, by)
        kept = {"store": self.store, "clock": self.clock, "settings": self.settings, "caller": caller}
        self.clock.advance(timedelta(minutes=1))
        perform(**kept, alert_id=alert_id, name="x", action=lambda *desk: action(*desk, **values), idempotency_key=None)

    def order(self, alert_id: str, department: str) -> str:
        due_at = self.clock.now() + timedelta(days=1)
        with open_desk(self.store, self.clock, self.settings) as desk:
            episode = desk.load(alert_id)
            demand = self.only(department)
            return orders.issue(desk, episode, SUPERVISOR, department=department, due_at=due_at, demand=demand).id

    def answer(self, order_id: str, department: str) -> None:
        caller = Caller(f"k-{department}", f"{department}值班", Role.DEPARTMENT, department)
        with open_desk(self.store, self.clock, self.settings) as desk:
            orders.answer(desk, order_id, caller, text=self.only(department))

    def add(self, *rows: Any) -> None:
        with self.store.session() as session:
            session.add_all(rows)

    def allowed(self) -> dict[str, set[str]]:
        """Return for every text, ids included, who may read it, from the rows and nothing else."""
        with self.store.reading() as session:
            current = select(AlertParty).where(AlertParty.released_at.is_(None))
            parties: dict[str, set[str]] = {one: set() for one in session.scalars(select(Alert.id))}
            for party in session.scalars(current):
                parties[party.alert_id].add(party.department)
            found = {text: set(parties[alert_id]) for text, alert_id in self.of_alert.items()} | self.of_department
            found |= {alert_id: set(names) for alert_id, names in parties.items()}
            for order in session.scalars(select(SupervisionOrder)):
                # An order stays the addressee's, and names its alert, when the alert has gone to another department.
                found[order.alert_id].add(order.department)
                found[order.id] = {order.department} | parties[order.alert_id]
            for silence in session.scalars(select(Silence)):
                found[silence.id] = {silence.department}
            for one in session.scalars(select(RouteCorrection)):
                found[one.id] = set()
            sent = select(Delivery, OutboxMessage, Subscription).join(OutboxMessage).join(Subscription)
            for delivery, message, subscription in session.execute(sent):
                readers = {subscription.audience} & parties[message.alert_id]
                found |= {delivery.id: readers, message.id: readers, delivery.said: readers}
                found[subscription.id] = {subscription.audience}
        return found

    def ids(self) -> dict[str, list[str]]:
        """Return the values that a path may name, by the name of the parameter."""
        with self.store.reading() as session:
            tables = {
                "alert_id": Alert, "order_id": SupervisionOrder, "silence_id": Silence, "letter": Delivery,
                "subscription_id": Subscription, "delivery_id": Delivery, "correction_id": RouteCorrection,
            }  # fmt: skip
            rows = {name: sorted(session.scalars(select(table.id))) for name, table in tables.items()}
        weeks = [f"2026-W47.{form}" for form in ("xlsx", "pdf", "html", "csv")]
        others = {"name": [*weeks, "weisu-demand"], "report_id": ["x"], "department": list(DEPARTMENTS)}
        return rows | others | {"file": ["weisu.css"], "token": ["x"], "path": ["x"]}


@pytest.fixture
def city(any_store, settings, clock, make_candidate, make_run, tmp_path) -> City:
    town = City(any_store, settings, clock, make_candidate, make_run, tmp_path)
    first = {department: town.open(department) for department in DEPARTMENTS}
    town.press(actions.comment, WATER, first[WATER], text=town.of(first[WATER]))
    town.answer(town.order(first[WATER], WATER), WATER)
    town.press(actions.resolve, SUPERVISOR, first[WATER], reason=town.of(first[WATER]))
    town.press(actions.dismiss, AIR, first[AIR], reason=Dismissal.OTHER, note=town.of(first[AIR]))
    town.press(actions.handle, CITY, first[CITY], note=town.of(first[CITY]))
    clock.advance(timedelta(days=40))
    tick(any_store, clock, settings)
    for minutes in (1, 2, 3):
        intake(any_store, [], clock=clock, run=make_run(key=f"calm-{minutes}"), settings=settings)
        clock.advance(timedelta(minutes=minutes))
    tick(any_store, clock, settings)
    _second_round(town, first)
    return town


def _second_round(town: City, ended: dict[str, str]) -> None:
    reassigned = town.open(CITY)
    town.order(reassigned, CITY)
    town.press(actions.reassign, CITY, reassigned, department=HOUSING, reason=town.of(reassigned))
    town.press(actions.acknowledge, HOUSING, reassigned)
    assisted = town.open(HOUSING)
    town.press(actions.assign, SUPERVISOR, assisted, department=WATER, part="assist")
    town.answer(town.order(assisted, HOUSING), HOUSING)
    town.order(assisted, WATER)
    town.press(actions.comment, WATER, assisted, text=town.of(assisted))
    now = town.clock.now()
    told = {"author": "x", "created_at": now}
    quiet = {"starts_at": now, "ends_at": now + timedelta(days=3)}
    for department in DEPARTMENTS:
        number = DEPARTMENTS.index(department)
        town.add(
            Silence(id=f"si_{number:024}", department=department, comment=town.only(department), **quiet, **told),
            DepartmentRule(department=department, author="x", updated_at=now, weekly_budget=7),
            Subscription(id=f"sub_{number:024}", name=town.only(department), audience=department, channel="wecom",
                         config={"target": town.only(department)}, kinds=[], **told),
        )  # fmt: skip
        held = town.open(department)
        town.press(actions.comment, SUPERVISOR, held, text=f"{town.of(held)} 参见 {'、'.join(ended.values())}")
    merged = town.open(AIR, kind="首发", category="噪声")
    told_of = town.of(merged)
    joins = town._candidate(
        kind="多人同诉", category="扬尘", area="别处", department=AIR, tickets=[*_tickets(town, merged), "zh_12345/X9"],
        sentence=Sentence.recorded(told_of, told_of).document(),
    )  # fmt: skip
    done = intake(town.store, [joins], clock=town.clock, run=town._run(), settings=town.settings)
    assert done.updated == 1, done
    _delivered(town)


def _delivered(town: City) -> None:
    with town.store.reading() as session:
        messages = [(one.id, one.audience) for one in session.scalars(select(OutboxMessage))]
    for number, (message, audience) in enumerate(messages):
        if audience in DEPARTMENTS:
            town.add(
                Delivery(id=f"dl_{number:024}", outbox_id=message, status="dead", due_at=town.clock.now(),
                         subscription_id=f"sub_{DEPARTMENTS.index(audience):024}", cause="refused", said=town.mark())
            )  # fmt: skip


def _tickets(town: City, alert_id: str) -> list[str]:
    return [text for text, owner in town.of_alert.items() if owner == alert_id and text.startswith("zh_12345/")]


def _plain(case: dict[str, Any]) -> dict[str, Any]:
    return case | {"window_start": case["window_start"].isoformat()}


def reading_routes(routes: list[Any]) -> list[Any]:
    """Return every route that is read, routers of routers included."""
    found = []
    for route in routes:
        if hasattr(route, "original_router"):
            found += reading_routes(route.original_router.routes)
        elif not isinstance(route, Mount) and "GET" in (route.methods or ()):
            found.append(route)
    return found


def requests_of(route: Any, ids: dict[str, list[str]]) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """Return (path, query, headers) of every way to read a route: each named thing, each value of each choice."""
    if not isinstance(route, APIRoute):
        return [(route.path, {}, {})]
    named = [field.alias for field in route.dependant.path_params]
    paths = [
        _filled(route.path, dict(zip(named, values, strict=True)))
        for values in itertools.product(*(ids[name] for name in named))
    ]
    fixed = {field.alias: "0" for field in route.dependant.query_params if field.alias == "wait"}
    queries = [{}, *({field.alias: one} for field in route.dependant.query_params for one in choices(field, ids))]
    headers = {"Last-Event-ID": "0"} if any("event" in one.alias for one in route.dependant.header_params) else {}
    return [(path, fixed | query, headers) for path in paths for query in queries]


def _filled(path: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        path = path.replace("{" + name + "}", value).replace("{" + name + ":path}", value)
    return path


def choices(field: Any, ids: dict[str, list[str]]) -> list[str]:
    """Return the values of a parameter that has few, and those of one that names something of the store."""
    found: list[str] = list(ids.get(field.alias, ()))
    waiting = [field.field_info.annotation]
    while waiting:
        kind = waiting.pop()
        if kind is bool:
            found += ["true", "false"]
        elif isinstance(kind, type) and issubclass(kind, Enum):
            found += [one.value for one in kind]
        elif get_origin(kind) is Literal:
            found += [str(one) for one in get_args(kind)]
        else:
            waiting += get_args(kind)
    return list(dict.fromkeys(found))


def read(answer: Any) -> str:
    """Return the text of an answer; a workbook is unpacked."""
    if answer.content[:2] != b"PK":
        return answer.content.decode("utf-8", errors="replace")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        return "\n".join(book.read(name).decode("utf-8", errors="replace") for name in book.namelist())


def leaks(texts: dict[str, set[str]], department: str, body: str, path: str) -> list[str]:
    """Return what an answer says that is not this department's; what it asked for by name may be repeated."""
    return [text for text, owners in texts.items() if department not in owners and text in body and text not in path]


@pytest.mark.slow
def test_no_department_reads_anything_of_another(city, settings, clock, record_property):
    app = create_app(settings, clock=clock, store=city.store)
    texts, ids, counts, wrong = city.allowed(), city.ids(), Counter(), []
    routes = [route for route in reading_routes(app.routes) if route.path not in NOT_READ]
    own: dict[str, set[str]] = {department: set() for department in DEPARTMENTS}
    for department in DEPARTMENTS:
        key = add_key(city.store, name=department, role="department", department=department, now=clock.now())
        cookie = start_session(city.store, key.info, now=clock.now())
        with TestClient(app, cookies={SESSION_COOKIE: cookie}, follow_redirects=False) as browser:
            for route in routes:
                for path, query, headers in requests_of(route, ids):
                    # Pages know the cookie, the API the key.
                    sent = headers | {"Authorization": f"Bearer {key.secret}"}
                    answer = browser.get(path, params=query, headers=sent)
                    assert answer.status_code in {503, *range(200, 500)}, (path, query, answer.text)
                    body = read(answer)
                    counts[answer.status_code // 100] += 1
                    asked = path + str(query)
                    wrong += [(department, path, query, text) for text in leaks(texts, department, body, asked)]
                    own[department] |= {text for text in texts if department in texts[text] and text in body}
    record_property("sweep", f"{len(routes)} routes, {dict(counts)} answers, {len(texts)} texts, {len(wrong)} leaks")
    assert wrong == []
    assert counts[2] > 500
    for department in DEPARTMENTS:
        mine = {text for text, names in texts.items() if department in names}
        assert own[department] == mine, "what is a department's own can be read somewhere"


def test_a_pressed_button_answers_within_the_wall_too(city, settings, clock):
    """The reply of a button, and the same reply repeated, is cut for who presses."""
    app = create_app(settings, clock=clock, store=city.store)
    for department in DEPARTMENTS:
        key = add_key(city.store, name=department, role="department", department=department, now=clock.now())
        headers = {"Authorization": f"Bearer {key.secret}"}
        with TestClient(app) as client:
            found = client.get("/v1/alerts", headers=headers, params={"limit": 100}).json()["items"]
            assert found
            for alert in found:
                sent = headers | {"Idempotency-Key": f"sweep-{alert['id']}"}
                for _ in range(2):
                    answer = client.post(f"/v1/alerts/{alert['id']}/comment", headers=sent, json={"text": "看到了"})
                    assert answer.status_code == 200, answer.text
                    assert leaks(city.allowed(), department, answer.text, "") == []


def test_those_above_departments_still_see_every_past_case(city, settings, clock):
    app = create_app(settings, clock=clock, store=city.store)
    key = add_key(city.store, name="督办", role="supervisor", now=clock.now())
    with city.store.reading() as session:
        newest = session.scalar(select(Alert).where(Alert.past.is_not(None)).order_by(Alert.seq.desc()))
        stored = [case["alert"] for case in newest.past]
    with TestClient(app) as client:
        shown = client.get(f"/v1/alerts/{newest.id}", headers={"Authorization": f"Bearer {key.secret}"}).json()["past"]
    assert stored
    assert [case["alert"] for case in shown] == stored[:5]
