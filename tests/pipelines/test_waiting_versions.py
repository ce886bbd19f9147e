"""A model that was trained and let through by nobody says so, and names the way out."""

from __future__ import annotations

import pytest

from features.configuration import SurgeConfig
from features.reasons import ReasonCode, say
from features.settings import Settings
from pipelines.errors import NoChampionError
from pipelines.promotion import promote
from pipelines.tracking import Registry, Tracker
from pipelines.tracking.registry import HOTSPOT
from tests.replay.test_detectors_in_force import register

pytestmark = pytest.mark.slow


def test_the_error_names_the_newest_version_how_it_did_and_what_puts_it_in_service(settings: Settings) -> None:
    registry = Registry.open(settings)
    with pytest.raises(NoChampionError, match="no champion") as nothing:
        registry.champion(HOTSPOT)
    assert nothing.value.hint == "run `weisu train` first"

    version = register(settings, SurgeConfig())
    with pytest.raises(NoChampionError, match="no champion") as waiting:
        registry.champion(HOTSPOT)
    assert f"`weisu models promote {HOTSPOT} {version} --reason ...`" in str(waiting.value.hint)

    run = registry.get(HOTSPOT, version).run_id
    Tracker.open(settings).mlflow.MlflowClient().set_tag(run, "weisu.gate", "3/8")
    with pytest.raises(NoChampionError, match="and nothing at 3 of 8 levels") as judged:
        registry.champion(HOTSPOT)
    assert judged.value.reason.code == ReasonCode.NOT_PROMOTED
    assert "8 个层级中 3 个优于往年同期" in say([judged.value.reason], "zh-CN")

    promote(settings, HOTSPOT, version, actor="tester", reason="by hand")
    assert registry.champion(HOTSPOT).version == version
