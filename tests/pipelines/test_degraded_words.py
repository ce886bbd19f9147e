"""Every reason that a pipeline gives for a degraded run is said in Chinese where officials read it."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from features.calendars import calendar_for
from features.knowledge import calendar_gap, reasons, staleness
from features.settings import Settings
from features.vocabulary import Frequency
from pipelines.champion import files_of
from pipelines.errors import NoChampionError
from pipelines.tracking import Registry
from serve.degraded import in_both, say_degraded


@pytest.fixture
def here(tmp_path) -> Settings:
    return Settings(home=tmp_path / "var", mlruns=tmp_path / "mlruns")


def no_champion(settings: Settings, name: str) -> str:
    with pytest.raises(NoChampionError, match="has no champion") as raised:
        Registry.open(settings).champion(name)
    return str(raised.value).splitlines()[0]


def test_every_reason_has_a_translation_and_english_stays(here):
    panel = SimpleNamespace(data_through=pd.Timestamp("2026-11-01"), freq=Frequency.DAILY)
    stale = staleness(panel, datetime(2026, 11, 23, tzinfo=UTC), here)
    gap = calendar_gap(calendar_for(here), pd.Timestamp("2088-12-30"), pd.Timestamp("2089-01-02"))
    with pytest.raises(Exception, match="no daily forecaster") as raised:
        files_of({}, "daily")
    fallback = f"same-week mean issued: {str(raised.value).splitlines()[0]}"
    reason = reasons(no_champion(here, "weisu-hotspot"), stale, gap, fallback)
    said = say_degraded(reason, "zh-CN")
    assert said == (
        "尚无已启用的模型 weisu-hotspot；数据停更：数据只到 2026-11-01 00:00，本次运行时点 2026-11-23 08:00；"
        "2088、2089 年放假安排尚未收录，节假日为推算；改用历年同周均值：已启用的模型不含逐日预测"
    )
    assert not re.findall("[A-Za-z]+", said.replace("weisu-hotspot", ""))
    assert say_degraded(reason, "en") == reason
    assert in_both(reason) == f"{said}　{reason}"


def test_an_unknown_reason_is_said_as_it_is_and_once():
    assert say_degraded("feed stalled; weisu-demand has no champion", "zh-CN") == (
        "feed stalled；尚无已启用的模型 weisu-demand"
    )
    assert in_both("feed stalled") == "feed stalled"
    assert in_both("") == ""
