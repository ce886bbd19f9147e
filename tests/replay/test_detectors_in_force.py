from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from features.clock import FixedClock
from features.configuration import SurgeConfig
from features.settings import Settings
from models.hotspots.surge.stored_config import config_to_json
from pipelines.errors import NoEarlierChampionError
from pipelines.replay.detectors import RELEASE, InForce
from pipelines.tracking import Registry, Tracker
from pipelines.tracking.registry import HOTSPOT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

ROWS = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2025-01-01", periods=400), "y": 1.0})
JUDGED = ROWS.head(1).assign(
    expected=1.0, upper=4.0, p_value=0.5, p_value_1=0.5, recurrence_days=2.0, alarm=False
)  # fixes the signature


def register(settings: Settings, surge: SurgeConfig) -> str:
    tracker = Tracker.open(settings)
    with tracker.run("hotspot", "test", params={}, tags={}):
        files = {"surge.json": config_to_json(surge).encode()}
        return tracker.log_bundle(HOTSPOT, "hotspot_model.py", files, input_example=ROWS, output_example=JUDGED)


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


@pytest.mark.slow
def test_a_rollback_goes_back_along_the_history_and_ends_with_it(settings: Settings) -> None:
    versions = [register(settings, SurgeConfig(daily={"guard": 7 * number})) for number in (1, 2, 3)]
    registry, clock = Registry.open(settings), FixedClock(day(5))
    told = {"actor": "tester", "reason": "worse", "clock": clock}
    for version in versions:
        registry.promote(HOTSPOT, version, **told)
    assert [registry.rollback(HOTSPOT, **told).version for _ in range(2)] == [versions[1], versions[0]]
    with pytest.raises(NoEarlierChampionError, match="has no champion before it"):
        registry.rollback(HOTSPOT, **told)
    registry.promote(HOTSPOT, versions[2], **told)
    assert registry.rollback(HOTSPOT, **told).version == versions[0]


@pytest.mark.slow
def test_a_past_moment_is_judged_by_the_champion_of_that_moment(settings: Settings) -> None:
    assert InForce(settings).at(day(1)) == (SurgeConfig(), RELEASE)
    first = SurgeConfig(daily={"guard": 7})
    second = SurgeConfig(daily={"guard": 14})
    versions = [register(settings, config) for config in (first, second)]
    registry = Registry.open(settings)
    for version, at in zip(versions, (day(5), day(10)), strict=True):
        registry.promote(HOTSPOT, version, actor="tester", reason="better", clock=FixedClock(at))
    registry.rollback(HOTSPOT, actor="tester", reason="worse", clock=FixedClock(day(15)))
    in_force = InForce(settings)
    known = {number: in_force.at(day(number)) for number in (4, 5, 9, 10, 14, 15, 30)}
    assert {number: version for number, (_, version) in known.items()} == {
        4: RELEASE,
        **dict.fromkeys((5, 9), versions[0]),
        **dict.fromkeys((10, 14), versions[1]),
        **dict.fromkeys((15, 30), versions[0]),
    }
    assert [known[number][0] for number in (4, 9, 14, 30)] == [SurgeConfig(), first, second, first]
