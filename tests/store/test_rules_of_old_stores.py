"""A store of an earlier version keeps its rules: texts become codes with parameters."""

from __future__ import annotations

import json
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

from features.vocabulary import BeyondHistory, Frequency, Kind, read_rule
from serve.alerts import intake
from serve.alerts.episode import replay
from serve.delivery.outbox import notice_of
from serve.store import Store, migrations
from serve.store.tables import Alert, AlertEvent, OutboxMessage

MIGRATION = import_module("serve.store.migrations.versions.0004_rules_as_documents")


@pytest.mark.parametrize(
    ("kind", "written", "rule"),
    [
        ("高频", "5/7d", {"code": "many_tickets", "tickets": 5, "days": 7, "chance": None}),
        ("高频", "5/7d<0.001", {"code": "many_tickets", "tickets": 5, "days": 7, "chance": 0.001}),
        ("一人多诉", "3/30d", {"code": "one_caller", "times": 3, "days": 30}),
        ("敏感", "着火,爆炸", {"code": "watched", "words": ["着火", "爆炸"]}),
        ("异动", "W:3", {"code": "beyond_history", "freq": "W", "periods": 3}),
        ("异动", "0.9km", {"code": "cluster", "radius_km": 0.9}),
        ("多人同诉", "停水、爆管", {"code": "shared_cause", "topic": "停水、爆管"}),
        ("首发", "新票务", {"code": "new_topic", "topic": "新票务"}),
        ("预告", "2/3", {"code": "season", "years_seen": 2, "years": 3}),
    ],
)
def test_the_text_of_every_detector_becomes_the_rule_it_stood_for(kind, written, rule):
    assert kind in set(Kind)
    assert MIGRATION.rule_of(kind, written) == rule
    assert read_rule(rule)


def test_a_text_that_no_detector_wrote_is_no_rule():
    assert MIGRATION.rule_of("异动", "6小时27件，平时至多11件") is None
    assert MIGRATION.rule_of("高频", "") is None


def test_a_store_with_texts_for_rules_is_converted_when_it_is_opened(store, clock, settings, make_candidate, make_run):
    joining = make_candidate(kind="高频", rule={"code": "many_tickets", "tickets": 5, "days": 7})
    for candidate in (make_candidate(), joining):
        intake(store, [candidate], clock=clock, run=make_run(), settings=settings)
    with store.engine.begin() as connection:
        command.downgrade(configuration(connection), "0003")
        connection.execute(text("UPDATE alerts SET rule = 'h:6'"))
        for table, key, column in (("alert_events", "seq", "payload"), ("outbox", "id", "body")):
            for name, document in connection.execute(text(f"SELECT {key}, {column} FROM {table}")).all():
                connection.execute(
                    text(f"UPDATE {table} SET {column} = :it WHERE {key} = :name"),
                    {"it": json.dumps(as_it_was(json.loads(document))), "name": name},
                )
    url = store.engine.url.render_as_string(hide_password=False)
    with closing(Store.open(url)) as opened, opened.reading() as session:
        alert = session.scalars(select(Alert)).one()
        events = session.scalars(select(AlertEvent).order_by(AlertEvent.number)).all()
        assert read_rule(alert.rule) == BeyondHistory(freq=Frequency.HOURLY, periods=6)
        assert replay(events).alert.rule == alert.rule
        joined = [event.payload["joined"]["rule"]["code"] for event in events if "joined" in event.payload]
        assert joined == ["many_tickets"]
        for message in session.scalars(select(OutboxMessage)):
            assert notice_of(message).rule == BeyondHistory(freq=Frequency.HOURLY, periods=6)


def as_it_was(document: dict) -> dict:
    """Put the texts of the earlier version back into an event's payload or a message's body."""
    for part in (document, document.get("facts", {})):
        if "rule" in part:
            part["rule"] = "h:6"
    if "joined" in document:
        document["joined"]["rule"] = "5/7d"
    return document


def configuration(connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
