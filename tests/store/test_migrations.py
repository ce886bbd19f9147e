from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import TextClause, create_engine, select, text

from serve.errors import StoreError
from serve.store import Store, migrations
from serve.store.columns import Base
from serve.store.inspection import inspect_store
from serve.store.tables import Subscription

VERSIONS = Path(migrations.__file__).parent / "versions"


def test_migrations_build_exactly_what_the_tables_say(any_store: Store):
    with any_store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.mark.parametrize("revision", sorted(path.name[:4] for path in VERSIONS.glob("0*.py")))
def test_a_store_of_every_revision_becomes_what_a_fresh_one_is(tmp_path: Path, revision: str):
    url = f"sqlite:///{tmp_path / 'weisu.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        migrations.upgrade(connection, revision)
    engine.dispose()
    Store.open(url).close()
    assert inspect_store(url) == (migrations.HEAD, [])


def test_head_is_the_newest_revision_on_disk():
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == migrations.HEAD


def test_eight_processes_open_a_new_store_at_once(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'weisu.db'}"
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: Store.open(url), range(8)))
    with stores[0].engine.connect() as connection:
        assert migrations.current_revision(connection) == migrations.HEAD
    for store in stores:
        store.close()


def test_a_store_that_cannot_be_opened_says_where_and_what_to_check(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"cannot open the store sqlite:.*file/weisu.db[\s\S]*database_url"):
        Store.open(f"sqlite:///{tmp_path}/file/weisu.db")


def test_sqlite_runs_in_wal_mode_with_foreign_keys(store: Store):
    with store.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("PRAGMA busy_timeout")) >= 5000


def test_a_subscription_was_commanded_where_every_key_of_its_author_commands(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'weisu.db'}"
    engine = create_engine(url)
    keys = [("desk", "supervisor"), ("both", "admin"), ("both", "department")]
    with engine.begin() as connection:
        migrations.upgrade(connection, "0013")
        for number, (name, role) in enumerate(keys):
            values = {"id": f"k{number}", "name": name, "role": role}
            connection.execute(_insert("api_keys", department="", key_hash=f"h{number}", key_hint="", **values))
        for name in ("desk", "both", "gone"):
            values = {"id": name, "author": name, "config": "{}", "kinds": "[]"}
            blank = dict.fromkeys(("name", "audience", "channel", "minimum_level", "language"), "")
            connection.execute(_insert("subscriptions", **values, **blank))
    engine.dispose()
    store = Store.open(url)
    with store.reading() as session:
        roles = {row.author: row.author_role for row in session.scalars(select(Subscription))}
    store.close()
    assert roles == {"desk": "supervisor", "both": "", "gone": ""}


def _insert(table: str, **values: str) -> TextClause:
    values |= {"created_at": "2026-01-01 00:00:00.000000"}
    names = ", ".join(values)
    return text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)})").bindparams(
        **values
    )
