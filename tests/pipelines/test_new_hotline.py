"""A hotline in its first weeks: too young for weekly surges, not for days and rules."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from features.clock import FixedClock
from features.settings import Settings
from features.simulator import SimulatorConfig, write_city
from pipelines.detect import detect
from pipelines.ingest import ingest

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.mark.slow
def test_detection_does_not_wait_for_eight_weeks(tmp_path):
    settings = Settings(
        home=tmp_path / "var", mlruns=tmp_path / "mlruns", hmac_key="test-key", sections={"detect": {"topic_days": 14}}
    )
    now = datetime(2026, 3, 2, 7, 30, tzinfo=settings.zone)
    export = write_city(
        SimulatorConfig(tickets=20_000, repeaters=20, start=date(2026, 1, 19), end=date(2026, 3, 2), seed=3), tmp_path
    )
    ingest([export.tickets_path], "simulated", settings, FixedClock(datetime(2026, 3, 3, tzinfo=settings.zone)))
    found = detect(settings, FixedClock(now), as_of=now)
    assert found.cells_tested > 0
    assert found.candidates > 0
