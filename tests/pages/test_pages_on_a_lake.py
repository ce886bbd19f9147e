"""The pages over real files: a small simulated city in a lake, a forecast about it, an alert on its own tickets."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from features.clock import FixedClock
from features.lake import Lake
from features.sentences import Sentence
from features.simulator import SimulatorConfig, write_city
from pipelines.ingest import ingest
from serve.access import add_key
from serve.alerts import Candidate, DetectionRun, intake
from serve.api import create_app
from serve.forecasts import ForecastIssue, publish
from serve.forecasts.history import _read, weekly_history
from serve.pages.views.evidence import _places
from serve.registry import ModelInfo, record_model
from serve.reports.weekly import FORMATS, weekly

pytestmark = pytest.mark.slow

MONDAY = pd.Timestamp("2026-11-23")
NOW = datetime(2026, 11, 24, 1, tzinfo=UTC)


@pytest.fixture
def city(store, settings, tmp_path) -> SimpleNamespace:
    write_city(
        SimulatorConfig(tickets=12_000, start=date(2024, 6, 3), end=date(2026, 11, 24), seed=5),
        tmp_path,
        format="parquet",
    )
    clock = FixedClock(NOW)
    ingest([str(tmp_path / "tickets.parquet")], "simulated", settings, clock)
    history = weekly_history(settings, as_of=NOW).weeks
    for monday in (MONDAY - pd.Timedelta(weeks=1), MONDAY):
        publish(store, issue(monday), naive(history.counts, history.static, monday))
    measured = {"category.failing80": 0.23, "category.pit80_after_break": 0.61}
    record_model(store, ModelInfo(name="weisu-demand", version="1", trained_at=NOW, promoted_at=NOW, metrics=measured))
    tickets = Lake.open(settings.lake_path, timezone=settings.timezone).tickets(
        as_of=NOW, columns=["source", "ticket_id", "category", "district", "lat"]
    )
    frame = tickets.to_pandas().dropna(subset=["lat"])
    (category, district), rows = max(frame.groupby(["category", "district"]), key=lambda group: len(group[1]))
    keys = [f"{row.source}/{row.ticket_id}" for row in rows.tail(30).itertuples()]
    found = Candidate(
        kind="异动", category=category, area=district, department="市民服务中心", tickets=keys, observed=30, callers=28,
        expected=4.0, upper=9.0, window_start=datetime(2026, 11, 22), window_end=datetime(2026, 11, 23),  # noqa: DTZ001
        sentence=Sentence.recorded(f"{district}{category}：1天内30件（28人），平时至多9件。").document(),
    )  # fmt: skip
    run = DetectionRun(key="r", as_of=NOW, generated_at=NOW, data_through=MONDAY)
    alert = intake(store, [found], clock=clock, run=run, settings=settings).alert_ids[0]
    key = add_key(store, name="督办员", role="supervisor", now=NOW).secret
    return SimpleNamespace(store=store, settings=settings, clock=clock, alert=alert, key=key, tickets=keys)


def issue(monday: pd.Timestamp) -> ForecastIssue:
    moment = monday.tz_localize("Asia/Shanghai").to_pydatetime() + timedelta(hours=7)
    return ForecastIssue(
        freq="W", as_of=moment, generated_at=moment, data_through=monday.to_pydatetime(), model_name="weisu-demand",
        model_version="1", taxonomy_version="t", calendar_version="c", snapshot=1,
    )  # fmt: skip


def naive(counts: pd.DataFrame, static: pd.DataFrame, monday: pd.Timestamp) -> pd.DataFrame:
    """Last eight weeks' mean, as a forecast of every series."""
    recent = counts[(counts["ds"] < monday) & (counts["ds"] >= monday - pd.Timedelta(weeks=8))]
    mean = recent.groupby("unique_id")["y"].mean().rename("mean").reset_index().merge(static, on="unique_id")
    weeks = [mean.assign(ds=monday + pd.Timedelta(weeks=step), horizon=step + 1) for step in range(4)]
    table = pd.concat(weeks, ignore_index=True)
    spread = table["mean"] ** 0.5 * 1.3
    return table.assign(p10=(table["mean"] - spread).clip(lower=0), p50=table["mean"], p90=table["mean"] + spread)


def test_the_pages_rest_on_what_the_lake_holds(city):
    app = create_app(city.settings, clock=city.clock, store=city.store)
    with TestClient(app, base_url="http://weisu.example") as browser:
        page = browser.get("/login").text
        token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
        browser.post("/login", data={"key": city.key, "csrf": token})

        overview = browser.get("/").text
        assert "SIMULATED" in overview
        assert "全市" in overview
        assert "落在区间" in overview, "last week's forecast is judged"
        assert all(text in overview for text in ("自身区间失准", "23.0%", "61.0%", "第1版")), "what an average hides"
        assert 'class="actual"' in overview, "the weeks that were are drawn"
        assert "历史不足两年" not in overview

        alert = browser.get(f"/alerts/{city.alert}").text
        counts = [int(text) for text in re.findall(r'class="placecount">(\d+)<', alert)]
        assert sum(counts) == 30
        assert min(counts) >= 5

        opened = browser.get(f"/alerts/{city.alert}?tickets=1").text
        assert opened.count('<p class="sub">SIM') == 30
        assert not re.search(r"1[3-9]\d{9}", opened), "no phone number survives"

        assert browser.get("/calendar.ics").text.startswith("BEGIN:VCALENDAR")
        assert browser.get("/reports/weekly/2026-W47.html").status_code == 200


@pytest.mark.parametrize("damage", ["a file is garbage", "the log is gone", "the folder is gone"])
def test_pages_and_reports_say_that_the_past_is_missing(city, tmp_path, damage):
    lake = Path(city.settings.lake_path)
    if damage == "a file is garbage":
        for file in (lake / "tickets").glob("*.parquet"):
            file.write_bytes(b"garbage")
    elif damage == "the log is gone":
        shutil.rmtree(lake / "tickets" / "_delta_log")
    else:
        shutil.rmtree(lake)
    _read.cache_clear()
    _places.cache_clear()
    shutil.rmtree(city.settings.home / "counts", ignore_errors=True)
    app = create_app(city.settings, clock=city.clock, store=city.store)
    with TestClient(app, base_url="http://weisu.example") as browser:
        token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)[1]
        browser.post("/login", data={"key": city.key, "csrf": token})
        for path in ("/", "/overrides", "/reports", "/reports/weekly/2026-W47.html"):
            assert "缺少往期件数" in browser.get(path).text, path
        map_note = "工单库无法读取，地图暂缺" if damage == "a file is garbage" else "定位工单不足"
        assert map_note in browser.get(f"/alerts/{city.alert}").text
    for form in FORMATS:
        said = weekly(city.store, week="2026-W47", out=tmp_path / f"w.{form}", settings=city.settings, clock=city.clock)
        assert "past weeks, last year" in said.to_json()["degraded"]
