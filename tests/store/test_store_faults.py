"""A store that is damaged, newer, incomplete, moved away or full says so in one sentence, and takes nothing."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from serve.errors import StoreError
from serve.jobs import record
from serve.store import Store
from serve.store.inspection import inspect_store
from serve.store.migrations import HEAD
from serve.store.tables import JobRun


def run(store: Store, clock) -> None:
    with record(store, "forecast", clock=clock, key="1"):
        pass


def used(url: str, clock) -> None:
    store = Store.open(url)
    with store.reading() as session:
        list(session.query(JobRun))
    run(store, clock)


def test_a_whole_store_has_no_faults(any_store: Store):
    url = any_store.engine.url.render_as_string(hide_password=False)
    assert inspect_store(url) == (HEAD, [])


def test_a_newer_store_is_refused_in_one_sentence(any_store: Store):
    url = any_store.engine.url.render_as_string(hide_password=False)
    try:
        with any_store.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0099'"))
        with pytest.raises(StoreError, match=r"newer release \(revision 0099; .* up to \d{4}\)\nHint: install that"):
            Store.open(url)
        assert inspect_store(url)[0] == "0099"
    finally:
        with any_store.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": HEAD})


def test_a_store_that_lacks_what_its_revision_has_is_told_column_by_column(settings, store, clock):
    with closing(sqlite3.connect(settings.home / "weisu.db")) as connection:
        connection.execute("ALTER TABLE alerts DROP COLUMN last_event")
        connection.execute("DROP TABLE route_corrections")
        connection.execute("ALTER TABLE job_runs DROP COLUMN summary")
        connection.commit()
    faults = inspect_store(settings.store_url)[1]
    assert {"alerts lacks the column last_event", "the table route_corrections is missing"} <= set(faults)
    with pytest.raises(StoreError, match="lacks a table or column"):
        run(store, clock)


def test_garbage_pages_are_found(settings, store, clock):
    for _ in range(300):
        run(store, clock)
    store.close()
    file = settings.home / "weisu.db"
    content, places = bytearray(file.read_bytes()), random.Random(1)
    for _ in range(30):
        page = places.randrange(1, len(content) // 4096)
        content[page * 4096 : (page + 1) * 4096] = places.randbytes(4096)
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged: .*malformed\nHint: bring it back from a backup"):
        used(settings.store_url, clock)
    try:
        said = " ".join(inspect_store(settings.store_url)[1])
    except StoreError as error:
        said = str(error)
    assert "damaged" in said


@pytest.mark.parametrize("how", ["moved", "deleted", "replaced"])
def test_nothing_is_taken_by_a_file_that_is_not_at_its_place_any_more(settings, store, clock, how):
    run(store, clock)
    home = settings.home
    if how == "deleted":
        (home / "weisu.db").unlink()
    else:
        home.rename(home.with_name("gone"))
    if how == "replaced":
        Store.open(settings.store_url).close()
    before = home.exists()
    with pytest.raises(StoreError, match="moved away or replaced"):
        run(store, clock)
    store.engine.dispose()
    with pytest.raises(StoreError, match="moved away or replaced"):
        run(store, clock)
    assert home.exists() is before
    if how == "moved":
        Path(home.with_name("gone")).rename(home)
        run(store, clock)


def test_an_error_tells_no_values(store):
    with pytest.raises(StoreError) as caught, store.session() as session:
        session.execute(text("INSERT INTO no_such_table VALUES (:phone)"), {"phone": "13800000000"})
    assert "13800000000" not in f"{caught.value}{caught.value.__cause__}"
