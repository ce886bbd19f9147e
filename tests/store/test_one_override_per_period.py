"""An old store with several open overrides of one cell and period ends with one in force, and loses none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from features.vocabulary import Frequency
from serve.overrides.service import list_overrides, replacements
from serve.store import Store, migrations
from serve.store.engine import normalise_url

NOW = datetime.now(UTC).replace(microsecond=0)
WEEK = datetime(2026, 11, 23)  # noqa: DTZ001 - local civil time
CELL = "category=停水;district=龙华区"


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store as revision 0009 left it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'weisu.db'}"
        _upgrade_to_0009(url)
        yield url
        return
    server = str(request.getfixturevalue("postgres_url"))
    name = sql.Identifier("old_overrides")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        url = sa.make_url(server).set(database="old_overrides").render_as_string(hide_password=False)
        _upgrade_to_0009(url)
        yield url
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _upgrade_to_0009(url: str) -> None:
    engine = sa.create_engine(normalise_url(url))
    with engine.begin() as connection:
        migrations.upgrade(connection, "0009")
    engine.dispose()


def _insert(url: str, *rows: dict[str, Any]) -> None:
    engine = sa.create_engine(normalise_url(url))
    with engine.begin() as connection:
        table = sa.Table("forecast_overrides", sa.MetaData(), autoload_with=connection)
        shared = {"freq": "W", "unique_id": CELL, "ds": WEEK, "author": "planner", "reason": "检修", "value": 1.0}
        for row in rows:
            moments = {name: _stored(value, url) for name, value in row.items()}
            connection.execute(sa.insert(table).values({**shared, **moments}))
    engine.dispose()


def _stored(value: Any, url: str) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) and url.startswith("sqlite") else value


def _ago(hours: int) -> datetime:
    return NOW - timedelta(hours=hours)


def test_the_newest_stands_and_the_others_are_kept_as_replaced_by_the_next(old_url: str) -> None:
    _insert(
        old_url,
        {"id": "ov_1", "value": 10.0, "created_at": _ago(9), "reason": "first"},
        {"id": "ov_2", "value": 20.0, "created_at": _ago(5), "reason": "second"},
        {"id": "ov_3", "value": 30.0, "created_at": _ago(5), "reason": "third"},
        {"id": "ov_0", "value": 5.0, "created_at": _ago(12), "withdrawn_at": _ago(11)},
        {"id": "ov_9", "value": 90.0, "created_at": _ago(9), "unique_id": "total"},
    )
    store = Store.open(old_url)
    with store.reading() as session:
        every = list_overrides(session, freq=Frequency.WEEKLY, now=NOW, all_of_them=True)
        assert {row.id: (row.value, row.withdrawn_at) for row in every} == {
            "ov_0": (5.0, _ago(11)),
            "ov_1": (10.0, _ago(5)),
            "ov_2": (20.0, _ago(5)),
            "ov_3": (30.0, None),
            "ov_9": (90.0, None),
        }
        assert {row.reason for row in every} == {"first", "second", "third", "检修"}
        assert replacements(every) == {"ov_1": "ov_2", "ov_2": "ov_3"}
        in_force = list_overrides(session, freq=Frequency.WEEKLY, now=NOW, all_of_them=False)
        assert {row.id for row in in_force} == {"ov_3", "ov_9"}
    store.close()
    Store.open(old_url).close()


def test_one_that_expired_takes_nothing_out_of_force(old_url: str) -> None:
    _insert(
        old_url,
        {"id": "ov_1", "created_at": _ago(9)},
        {"id": "ov_2", "created_at": _ago(7), "expires_at": NOW + timedelta(days=9)},
        {"id": "ov_3", "created_at": _ago(5), "expires_at": _ago(2)},
        {"id": "ov_4", "created_at": _ago(9), "expires_at": _ago(8), "unique_id": "total"},
        {"id": "ov_5", "created_at": _ago(7), "expires_at": _ago(6), "unique_id": "total"},
    )
    store = Store.open(old_url)
    with store.reading() as session:
        every = list_overrides(session, freq=Frequency.WEEKLY, now=NOW, all_of_them=True)
        assert {row.id: row.withdrawn_at for row in every} == {
            "ov_1": _ago(7),
            "ov_2": None,
            "ov_3": _ago(2),
            "ov_4": _ago(7),
            "ov_5": None,
        }
        assert [row.id for row in list_overrides(session, freq=Frequency.WEEKLY, now=NOW, all_of_them=False)] == [
            "ov_2"
        ]
    store.close()
