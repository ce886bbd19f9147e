"""A replay of a simulated hotline from end to end: laxer thresholds tell more, stricter ones less."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from features.configuration import SurgeConfig
from pipelines.replay import Injection, ReplayResult, replay
from pipelines.replay.what_if import AS_CONFIGURED, BUDGETS, RARITIES
from pipelines.run_detectors import configured_thresholds, find_everything

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def replayed(hotline) -> ReplayResult:
    end = hotline.end - timedelta(hours=17)
    # Five callers in a week are a matter of the rules, whatever the thresholds: here the statistics stand alone.
    return replay(
        hotline.settings.changed(rules={"frequent": {"enabled": False}}),
        start=end - timedelta(days=3),
        end=end,
        truth=hotline.truth,
        injection=Injection(per_week=25, seed=2),
    )


def column(replayed: ReplayResult, name: str, budget: int | None = None) -> list[float]:
    rows = replayed.what_if
    chosen = rows["weekly_budget"].isna() if budget is None else rows["weekly_budget"] == budget
    return rows.loc[chosen].sort_values("times_as_rare")[name].tolist()


def test_stricter_thresholds_open_fewer_alerts(replayed):
    """A laxer one may open fewer as well: more of what it finds was open before the span."""
    alerts = column(replayed, "alerts")
    configured, strictest = (alerts[RARITIES.index(times)] for times in (1.0, 100.0))
    assert configured > strictest
    assert column(replayed, "q") == sorted(column(replayed, "q"), reverse=True)


def test_laxer_thresholds_have_more_power_and_stricter_ones_less(replayed):
    power = column(replayed, "raised")
    assert column(replayed, "bursts") == [len(replayed.bursts)] * len(RARITIES)
    assert power == sorted(power, reverse=True)
    assert power[0] > power[-1] > 0


def test_a_larger_budget_opens_more_alerts(replayed):
    rows = replayed.what_if[replayed.what_if["times_as_rare"] == AS_CONFIGURED]
    by_budget = (
        rows.assign(weekly_budget=rows["weekly_budget"].fillna(1e9)).sort_values("weekly_budget")["alerts"].tolist()
    )
    assert len(by_budget) == len({*BUDGETS, replayed.policy.budget}) + 1
    assert by_budget == sorted(by_budget)


def test_the_configured_row_is_what_live_detection_tells(hotline, replayed, tmp_path):
    settings = hotline.settings.model_copy(update={"home": tmp_path, "lake_folder": hotline.settings.lake_path})
    quiet = replay(hotline.settings, start=hotline.end - timedelta(hours=17), end=hotline.end - timedelta(hours=17))
    live = find_everything(settings, hotline.end - timedelta(hours=17), lake=hotline.lake, surge=SurgeConfig())
    told = live.candidates(configured_thresholds(settings))
    pd.testing.assert_frame_equal(quiet.candidates.drop(columns="moment"), told)
    assert quiet.detectors["version"].tolist() == ["release"]
    assert quiet.bursts is None


def test_bursts_are_put_on_top_of_a_lake_that_stays_as_it_is(hotline, replayed):
    injected = replayed.bursts[replayed.bursts["callers"] == replayed.bursts["tickets"]]
    assert len(injected) > 5
    assert injected["raised"].notna().any()
    assert not [
        key for key in hotline.lake.tickets(columns=["ticket_id"]).to_pydict()["ticket_id"] if "injected" in key
    ]
