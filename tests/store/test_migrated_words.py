"""What earlier versions stored as sentences is turned into codes when the store is opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from features.reasons import Reason, ReasonCode, stored
from serve.store import Store, migrations
from serve.store.tables import DetectionRunRow

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
    """A store as revision 0003 left it."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'weisu.db'}")
    _upgrade(engine, "0003")
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
