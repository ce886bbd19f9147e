"""Every reason that a pipeline gives for a degraded run is a code, and is said in Chinese where officials read it."""

import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from features.calendars import calendar_for
from features.knowledge import calendar_gap, staleness
from features.reasons import Reason, ReasonCode, documents, say, say_in_both, stored, to_json
from features.settings import Settings
from features.vocabulary import Frequency
from models.errors import UnusableModelError
from pipelines.champion import files_of
from pipelines.errors import NoChampionError
from pipelines.tracking import Registry


@pytest.fixture
def here(tmp_path) -> Settings:
    return Settings(home=tmp_path / "var", mlruns=tmp_path / "mlruns")


def all_reasons(here) -> tuple[Reason, ...]:
    panel = SimpleNamespace(data_through=pd.Timestamp("2026-11-01"), freq=Frequency.DAILY)
    with pytest.raises(NoChampionError, match="weisu-hotspot has no champion\nHint: run `weisu train` first") as none:
        Registry.open(here).champion("weisu-hotspot")
    with pytest.raises(UnusableModelError, match="the champion holds no daily forecaster") as part:
        files_of({}, "daily")
    return (
        none.value.reason,
        *staleness(panel, datetime(2026, 11, 23, tzinfo=UTC), here),
        *calendar_gap(calendar_for(here), pd.Timestamp("2088-12-30"), pd.Timestamp("2089-01-02")),
        Reason(ReasonCode.SAME_WEEK_MEAN),
        part.value.reason,
    )


def test_reasons_are_said_in_chinese_and_english(here):
    reasons = all_reasons(here)
    chinese, english = say(reasons, "zh-CN"), say(reasons, "en")
    assert chinese == (
        "尚无已启用的模型 weisu-hotspot；数据停更：数据只到 2026-11-01 00:00，本次运行时点 2026-11-23 08:00；"
        "2088、2089 年放假安排尚未收录，节假日为推算；改用历年同周均值；已启用的模型不含逐日预测"
    )
    assert not re.findall("[A-Za-z]+", chinese.replace("weisu-hotspot", ""))
    assert english == (
        "weisu-hotspot has no champion; stale feed: data through 2026-11-01 00:00, as of 2026-11-23 08:00; "
        "calendar falls back for 2088, 2089; same-week mean issued; the champion holds no daily forecaster"
    )
    assert say_in_both(reasons) == f"{chinese}　{english}"
    assert (say((), "zh-CN"), say_in_both(())) == ("", "")


def test_reasons_survive_being_stored(here):
    reasons = all_reasons(here)
    kept = json.loads(json.dumps(documents(reasons)))
    assert stored(kept) == reasons
    assert to_json(reasons)["degraded_reasons"] == kept


def test_a_code_that_this_version_does_not_know_is_an_error():
    with pytest.raises(ValueError, match="'sunspots' is not a valid ReasonCode"):
        stored([{"code": "sunspots", "params": {}}])
