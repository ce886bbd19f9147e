"""Fixtures for every test: real tickets where they are, a clock that tests own, a home of its own."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.clock import FixedClock
from features.settings import Settings


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
