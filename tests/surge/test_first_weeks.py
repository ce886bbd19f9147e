"""The first weeks of a hotline: what cannot be judged says so, and sums have a stand-in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.configuration.surge import StandInConfig
from models.hotspots import detect_surges
from models.hotspots.candidates import benjamini_hochberg
from models.hotspots.surge.coverage import Coverage
from models.hotspots.surge.stand_in import STAND_IN, stand_in
from pipelines.coverage import said_coverage

FIRST = pd.Timestamp("2026-01-01")
CATEGORIES = [f"c{n}" for n in range(12)]


def city(days: int, seed: int = 1, storms: dict[int, float] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a panel of categories and their total, and its hierarchy; storms multiply the first three categories."""
    draw = np.random.default_rng(seed)
    weekday = (FIRST + pd.to_timedelta(np.arange(days), "D")).day_of_week.to_numpy()
    means = np.geomspace(0.3, 20, len(CATEGORIES))[:, None] * np.where(weekday >= 5, 0.5, 1.0)
    for day, times in (storms or {}).items():
        means[3:6, day] = means[3:6, day] * times + 2 * times
    y = draw.poisson(means * draw.gamma(20, 1 / 20, means.shape))
    rows = [
        pd.DataFrame({"unique_id": f"category={name}", "ds": pd.date_range(FIRST, periods=days), "y": y[n]})
        for n, name in enumerate(CATEGORIES)
    ]
    total = pd.DataFrame({"unique_id": "total", "ds": pd.date_range(FIRST, periods=days), "y": y.sum(axis=0)})
    static = pd.DataFrame(
        {
            "unique_id": [*(f"category={name}" for name in CATEGORIES), "total"],
            "level": [*["category"] * len(CATEGORIES), "total"],
            "category": [*CATEGORIES, ""],
            "district": "",
        }
    )
    return pd.concat([*rows, total], ignore_index=True), static


def judged(days: int, **changes: object) -> pd.DataFrame:
    y, static = city(days, **changes)
    start = FIRST + pd.Timedelta(days=min(8, days - 2))
    return stand_in(detect_surges(y, freq="D", start=start, static=static), y, static, StandInConfig())


def last(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["ds"] == frame["ds"].max()]


def test_what_cannot_be_judged_has_no_p_value_and_says_from_when_on_it_will() -> None:
    y, static = city(40)
    rows = detect_surges(y, freq="D", start=FIRST + pd.Timedelta(days=20), static=static)
    assert not rows["judged"].any()
    assert rows[["p_value", "p_value_1", "recurrence_days"]].isna().all(axis=None)
    assert not rows["alarm"].any()
    until = rows["judged_from"].max()
    later, _ = city((until - FIRST).days + 2)
    now = last(detect_surges(later, freq="D", start=until, static=static))
    assert now["judged"].all()
    assert now["judged_from"].isna().all()
    assert now["p_value"].notna().all()


def test_coverage_is_said_until_all_can_be_judged() -> None:
    young, old = Coverage.of(judged(40)), Coverage.of(judged(120))
    assert (young.series, young.judged, young.stand_in) == (13, 0, 13)
    [line] = said_coverage({"D": young.to_json()})
    assert line.startswith(
        "by the day: 0 of 13 series can be judged (13 more by the stand-in); the rest from about 2026-0"
    )
    assert old.whole
    assert list(said_coverage({"D": old.to_json()})) == []


def test_the_first_storm_does_not_teach_the_second_to_be_usual() -> None:
    frame = judged(40, storms=dict.fromkeys((20, 21, 22, 30, 38, 39), 12.0))
    now = last(frame)
    assert set(now["by"]) == {STAND_IN}
    told = set(now.loc[benjamini_hochberg(now["p_value"], 0.2), "unique_id"])
    assert {"category=c3", "category=c4", "category=c5"} <= told


def test_a_quiet_young_city_is_seldom_alarmed() -> None:
    shares = [(judged(45, seed=seed)["p_value"] < 0.01).mean() for seed in range(10)]
    assert np.mean(shares) < 0.01


def test_a_day_on_which_everything_doubles_is_no_surge_of_each_category() -> None:
    y, static = city(40)
    y.loc[y["ds"] == y["ds"].max(), "y"] *= 2
    rows = detect_surges(y, freq="D", start=FIRST + pd.Timedelta(days=20), static=static)
    now = last(stand_in(rows, y, static, StandInConfig()))
    assert (now.loc[now["unique_id"] != "total", "p_value"] > 0.01).mean() > 0.8


def test_a_new_label_of_an_old_hotline_waits_until_it_can_be_judged() -> None:
    y, static = city(150)
    new = y[(y["unique_id"] == "category=c9") & (y["ds"] >= y["ds"].max() - pd.Timedelta(days=6))]
    y = pd.concat([y, new.assign(unique_id="category=new")], ignore_index=True)
    static = pd.concat([static, static.tail(2).head(1).assign(unique_id="category=new")], ignore_index=True)
    rows = detect_surges(y, freq="D", start=y["ds"].max() - pd.Timedelta(days=20), static=static)
    now = last(stand_in(rows, y, static, StandInConfig())).set_index("unique_id")
    assert now.loc["category=new", "by"] != STAND_IN


@pytest.mark.parametrize("days", [9, 10, 11, 12])
def test_a_hotline_of_a_few_days_is_judged_by_nobody(days: int) -> None:
    now = last(judged(days))
    assert (now["by"] == "").all() == (days <= StandInConfig().fewest_days)
