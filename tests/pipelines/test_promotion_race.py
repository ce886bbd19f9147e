"""A champion changes by one hand at a time, and what was measured against another one is not promoted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from features.clock import FixedClock
from features.configuration import SurgeConfig
from features.settings import Settings
from pipelines.errors import ChampionChangedError
from pipelines.promotion import promote
from pipelines.tracking import Registry
from pipelines.tracking.registry import HOTSPOT
from tests.replay.test_detectors_in_force import register

pytestmark = pytest.mark.slow

TOLD = {"actor": "weisu train", "reason": "better", "clock": FixedClock(datetime(2026, 11, 23, tzinfo=UTC))}


def test_of_two_trainings_that_met_the_same_champion_one_is_promoted(settings: Settings) -> None:
    versions = [register(settings, SurgeConfig(daily={"guard": 7 * number})) for number in (1, 2, 3)]
    promote(settings, HOTSPOT, versions[0], **TOLD, met="")

    def try_to(version: str) -> str:
        try:
            return promote(settings, HOTSPOT, version, **TOLD, met=versions[0]).version
        except ChampionChangedError as error:
            return str(error.args[0])

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(try_to, versions[1:]))
    champion = Registry.open(settings).champion(HOTSPOT).version
    assert [end for end in ends if end in versions] == [champion]
    refused = next(end for end in ends if end not in versions)
    assert refused == f"the champion changed from version {versions[0]} to {champion} meanwhile"
    assert [event.version for event in Registry.open(settings).promotions(HOTSPOT)] == [versions[0], champion]


def test_a_person_promotes_whatever_was_champion(settings: Settings) -> None:
    versions = [register(settings, SurgeConfig(daily={"guard": 7 * number})) for number in (1, 2)]
    for version in versions:
        promote(settings, HOTSPOT, version, actor="tester", reason="by hand")
    with pytest.raises(ChampionChangedError, match="changed from version none to 2 meanwhile"):
        promote(settings, HOTSPOT, versions[0], **TOLD, met="")
