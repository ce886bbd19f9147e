from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from features.clock import FixedClock
from features.panel import Panel
from pipelines.seasons import due_seasons
from serve.forecasts import ForecastIssue, publish
from serve.store.tables import Route

NOW = datetime(2026, 5, 26, tzinfo=UTC)
WEEKS = pd.date_range("2022-01-03", "2026-05-18", freq="7D")
CELLS = {"海口市": ("海口市城管局", 0.7), "三亚市": ("三亚市城管局", 0.3), "儋州市": ("", 0.5)}


@pytest.fixture
def barbecues() -> Panel:
    """Open-air barbecues in three districts, four times as many in July; nobody is known to handle the last one's."""
    week = WEEKS.isocalendar()["week"].to_numpy()
    mean = 40 * np.where((week >= 27) & (week <= 31), 4.0, 1.0)
    draw = np.random.default_rng(3)
    static, counts = [], []
    for district, (department, share) in CELLS.items():
        name = f"category=露天烧烤;district={district}"
        static.append({"unique_id": name, "level": "cell", "district": district, "department": department})
        counts.append(pd.DataFrame({"unique_id": name, "ds": WEEKS, "y": draw.poisson(share * mean)}))
    total = pd.concat(counts).groupby("ds", as_index=False)["y"].sum().assign(unique_id="category=露天烧烤")
    static.append({"unique_id": "category=露天烧烤", "level": "category", "district": "", "department": ""})
    labels = {"category1": "城管", "category2": "烧烤", "category": "露天烧烤"}
    through = WEEKS[-1] + pd.Timedelta(days=7)
    return Panel(pd.concat([*counts, total]), pd.DataFrame(static).assign(**labels), "W", through, NOW, 1)


def test_a_season_goes_to_the_department_of_each_district(settings, barbecues):
    due = due_seasons(settings, barbecues, NOW)
    assert due[["area", "department"]].to_numpy().tolist() == [
        ["海口市", "海口市城管局"],
        ["儋州市", ""],
        ["三亚市", "三亚市城管局"],
    ]
    assert due["cells"].tolist() == [(f"category=露天烧烤;district={area}",) for area in due["area"]]
    shares = due["expected"] / due["expected"].sum()
    assert shares.tolist() == pytest.approx([0.7 / 1.5, 0.5 / 1.5, 0.3 / 1.5], abs=0.03)
    assert due["expected"].sum() > 150


def test_a_route_of_a_district_outweighs_who_handled_its_tickets(settings, store, barbecues):
    with store.session() as session:
        for number, (area, department) in enumerate([("儋州市", "儋州市城管局"), ("三亚市", "海口市城管局")]):
            line = {"category": "烧烤", "area": area, "department": department, "assisting": [], "author": "a"}
            session.add(Route(id=f"rt_{number}", comment="", updated_at=NOW, **line))
    due = due_seasons(settings, barbecues, NOW)
    told = dict(zip(due["department"], due["areas"], strict=True))
    assert told == {"海口市城管局": ("海口市", "三亚市"), "儋州市城管局": ("儋州市",)}


def test_one_department_for_all_districts_is_told_once(settings, store, barbecues):
    with store.session() as session:
        line = {
            "category": "露天烧烤",
            "area": "",
            "department": "城管局",
            "assisting": [],
            "author": "a",
            "comment": "",
        }
        session.add(Route(id="rt_1", updated_at=NOW, **line))
    due = due_seasons(settings, barbecues, NOW)
    assert due[["unique_id", "area", "department"]].to_numpy().tolist() == [["category=露天烧烤", "", "城管局"]]


@pytest.mark.parametrize("name", ["其他", "城管 > 烧烤 > 其他", "General Request", "未分类"])
def test_what_means_other_has_no_season(settings, barbecues, name):
    static = barbecues.static.assign(category=name)
    assert due_seasons(settings, replace(barbecues, static=static), NOW).empty


@pytest.mark.parametrize(("mean", "expected"), [(150.0, [150.0]), (20.0, [])], ids=["agrees", "contradicts"])
def test_the_issued_forecast_says_how_much_and_may_say_no(settings, store, barbecues, mean, expected):
    ds = pd.date_range("2026-05-25", periods=13, freq="7D")
    rows = pd.DataFrame({"unique_id": "category=露天烧烤", "level": "category", "ds": ds, "horizon": range(1, 14)})
    issue = ForecastIssue(
        freq="W", as_of=NOW, generated_at=NOW, data_through="2026-05-25T00:00:00", model_name="weisu-demand",
        model_version="1", taxonomy_version="t", calendar_version="c", snapshot=1,
    )  # fmt: skip
    publish(store, issue, rows.assign(mean=mean, p10=mean, p50=mean, p90=mean), clock=FixedClock(NOW))
    due = due_seasons(settings, barbecues, NOW)
    assert [round(due["expected"].sum(), 6)] * bool(expected) == expected
    assert due.empty == (not expected)
