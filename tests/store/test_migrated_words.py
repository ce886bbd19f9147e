"""What earlier versions stored as sentences is turned into codes when the store is opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

from features.reasons import Reason, ReasonCode, stored
from features.sentences import Sentence
from serve.delivery.attempts import failure_of
from serve.delivery.failures import Cause, Failure, say_failure
from serve.store import Store, migrations
from serve.store.tables import Alert, AlertEvent, Delivery, DetectionRunRow

FOLDER = Path(migrations.__file__).parent


def _upgrade(engine: sa.Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@pytest.fixture
def old(tmp_path) -> sa.Engine:
    """A store as revision 0004 left it."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'weisu.db'}")
    _upgrade(engine, "0004")
    return engine


def _insert(engine: sa.Engine, table: str, **values) -> None:
    """Insert a row; columns that are not named get something of their type."""
    with engine.begin() as connection:
        known = sa.Table(table, sa.MetaData(), autoload_with=connection)
        for column in known.columns:
            if column.name not in values and not column.nullable and not column.primary_key:
                kind = column.type.python_type
                values[column.name] = {str: "", int: 0, bool: False, float: 0.0}.get(kind)
                if values[column.name] is None:
                    values[column.name] = "2026-11-23 00:00:00" if kind.__name__ == "datetime" else {}
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        plain = {name: json.dumps(one) if isinstance(one, dict | list) else one for name, one in values.items()}
        connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), plain)


def _opened(engine: sa.Engine) -> Store:
    engine.dispose()
    return Store.open(str(engine.url))


def test_why_a_run_was_degraded_becomes_codes(old):
    sentences = "same-week mean issued: weisu-demand has no champion; calendar falls back for 2027, 2028; the cat slept"
    _insert(old, "detection_runs", key="sad", kinds=[], degraded=sentences)
    _insert(old, "detection_runs", key="well", kinds=[], degraded="")
    store = _opened(old)
    with store.reading() as session:
        sad, well = session.get_one(DetectionRunRow, "sad"), session.get_one(DetectionRunRow, "well")
        assert stored(sad.degraded) == (
            Reason(ReasonCode.SAME_WEEK_MEAN),
            Reason(ReasonCode.NO_CHAMPION, {"model": "weisu-demand"}),
            Reason(ReasonCode.CALENDAR_GUESSED, {"years": ["2027", "2028"]}),
            Reason(ReasonCode.AS_RECORDED, {"text": "the cat slept"}),
        )
        assert well.degraded == []
    store.close()


@pytest.mark.parametrize(
    ("error", "failure", "paused"),
    [
        ("no answer within 8 s", Failure(Cause.NO_ANSWER, {"seconds": 8.0}), False),
        ("asked for a pause: too fast: 频率超限", Failure(Cause.TOO_FAST, said="频率超限"), True),
        ("the receiver failed (HTTP 502)", Failure(Cause.RECEIVER_FAILED, {"status": 502}), False),
        ("no delivery target 'removed'", Failure(Cause.NO_TARGET, {"target": "removed"}), False),
        ("invalid webhook url", Failure(Cause.REFUSED, said="invalid webhook url"), False),
    ],
)
def test_why_an_attempt_failed_becomes_a_cause(old, error, failure, paused):
    with old.begin() as connection:
        connection.execute(text("PRAGMA foreign_keys = OFF"))
    _insert(old, "deliveries", id="dl_1", outbox_id="msg_1", subscription_id="sub_1", status="dead", error=error)
    store = _opened(old)
    with store.reading() as session:
        attempt = session.get_one(Delivery, "dl_1")
        assert (failure_of(attempt), attempt.paused_bot) == (failure, paused)
        assert say_failure(failure_of(attempt), "zh-CN")
    store.close()


def test_how_an_episode_ended_becomes_a_code(old):
    payload = {
        "reason": "the count is back inside its usual band",
        "facts": {"degraded": "weisu-demand has no champion"},
    }
    _insert(old, "alert_events", id="ev_1", alert_id="al_1", number=1, kind="resolved", payload=payload)
    store = _opened(old)
    with store.reading() as session:
        event = session.scalars(select(AlertEvent)).one()
        facts = {"degraded": [{"code": "no_champion", "params": {"model": "weisu-demand"}}]}
        assert event.payload == {"closing": "calm", "facts": facts}
    store.close()


def test_an_alert_s_two_texts_become_one_sentence_of_recorded_words(old):
    texts = {"sentence_zh": "停水：5件", "sentence_en": "water: 5"}
    evidence = {"signals": [{"observed": 5, **texts}]}
    _insert(old, "alerts", id="al_1", evidence=evidence, past=[{"source": "history"}], **texts)
    _insert(old, "alerts", id="al_2", fingerprint="2", evidence={}, past=[], sentence_zh="", sentence_en="")
    with old.begin() as connection:
        connection.execute(text("PRAGMA foreign_keys = OFF"))
    _insert(
        old,
        "alert_events",
        id="ev_1",
        alert_id="al_1",
        number=1,
        kind="updated",
        payload={"joined": texts, "facts": {}},
    )
    store = _opened(old)
    sentence = Sentence.recorded("停水：5件", "water: 5").document()
    with store.reading() as session:
        alert, bare = session.scalars(select(Alert).order_by(Alert.id)).all()
        assert (alert.sentence, bare.sentence) == (sentence, None)
        assert alert.evidence == {"signals": [{"observed": 5, "sentence": sentence}]}
        assert session.scalars(select(AlertEvent)).one().payload == {"joined": {"sentence": sentence}, "facts": {}}
    store.close()
