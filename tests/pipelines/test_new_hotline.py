"""A hotline in its first weeks: too young for weekly surges, not for days and rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from features.clock import FixedClock
from features.sentences import said_of
from features.settings import Settings
from features.simulator import SimulatorConfig, write_city
from pipelines.detect import detect_everything
from pipelines.ingest import ingest
from serve.alerts.past import ended_cases
from serve.store import Store
from serve.store.tables import Alert
from serve.supervision import tick

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.mark.slow
def test_detection_does_not_wait_for_eight_weeks(tmp_path):
    settings = Settings(
        home=tmp_path / "var", mlruns=tmp_path / "mlruns", hmac_key="test-key", detect={"topic_days": 14}
    )
    now = datetime(2026, 3, 2, 7, 30, tzinfo=settings.zone)
    export = write_city(
        SimulatorConfig(tickets=20_000, repeaters=20, start=date(2026, 1, 19), end=date(2026, 3, 2), seed=3), tmp_path
    )
    ingest([export.tickets_path], "simulated", settings, FixedClock(datetime(2026, 3, 3, tzinfo=settings.zone)))
    found = detect_everything(settings, FixedClock(now), as_of=now)
    assert found.cells_tested > 0
    assert found.candidates > 0


@pytest.mark.slow
def test_what_was_found_before_is_a_past_case_of_what_is_found_now(tmp_path):
    settings = Settings(home=tmp_path / "var", mlruns=tmp_path / "mlruns", hmac_key="test-key", detect={"text": False})
    config = SimulatorConfig(tickets=20_000, repeaters=20, start=date(2026, 1, 19), end=date(2026, 3, 2), seed=3)
    then, now = (datetime(2026, *day, 7, 30, tzinfo=settings.zone) for day in ((2, 9), (3, 2)))
    ingest([write_city(config, tmp_path).tickets_path], "simulated", settings, FixedClock(now))
    detect_everything(settings, FixedClock(then), as_of=then)
    store = Store.open(settings.store_url)
    tick(store, FixedClock(then), settings)
    assert tick(store, FixedClock(now - timedelta(days=1)), settings).expired
    earlier = {case["alert"] for case in ended_cases(store, now)}
    detect_everything(settings, FixedClock(now), as_of=now)
    with store.reading() as session:
        opened = session.scalars(select(Alert).where(Alert.as_of == now.astimezone(UTC))).all()
    told = [case for alert in opened for case in alert.past if case["source"] == "episode"]
    assert {case["alert"] for case in told} <= earlier
    assert told
    assert all(said_of(case["sentence"], "zh-CN") and case["state"] == "expired" for case in told)
