"""After a change of labels every room names the same category, and no total moves."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from features.clock import FixedClock
from features.configuration import SurgeConfig
from features.knowledge import Knowledge, open_lake
from features.taxonomy import install_crosswalk, make_crosswalk
from features.vocabulary import Frequency
from pipelines.forecast import forecast
from pipelines.relabel import bring_into_force
from pipelines.replay import replay
from pipelines.run_detectors import Findings, configured_thresholds, find_everything
from pipelines.seasons import due_seasons
from pipelines.train import train
from serve.access import add_key
from serve.api import create_app
from serve.forecasts.accuracy import join_actual, score_levels
from serve.forecasts.history import weekly_history
from serve.forecasts.issues import issue_frame
from serve.forecasts.repository import current_issue
from serve.store import Store
from serve.store.tables import Alert

RENAME = [("停水", "供水中断", "2026-11-01", 1.0)]
MERGE = [("停水", "水电中断", "2026-11-01", 1.0), ("停电", "水电中断", "2026-11-01", 1.0)]
SPLIT = [("停水", "计划停水", "2026-11-01", 0.3), ("停水", "突发停水", "2026-11-01", 0.7)]
RENAMED = "改了名的事项"
KINDS = pytest.mark.parametrize(
    "rows",
    [RENAME, pytest.param(MERGE, marks=pytest.mark.slow), pytest.param(SPLIT, marks=pytest.mark.slow)],
    ids=["rename", "merge", "split"],
)


def put_in_force(city, rows):
    frame = pd.DataFrame(rows, columns=["old", "new", "valid_from", "weight"])
    install_crosswalk(make_crosswalk(frame), city.settings)


def issued(city, moment=None):
    store, now = Store.open(city.settings.store_url), moment or city.now
    with store.reading() as session:
        return issue_frame(session, current_issue(session, Frequency.WEEKLY, now=now), city.settings, now=now)


def total(rows):
    return rows.loc[rows["level"] == "total"].sort_values("ds")["mean"].tolist()


@KINDS
def test_a_change_of_labels_moves_no_total_without_a_training(own_city, rows):
    before = issued(own_city)
    put_in_force(own_city, rows)
    summary = forecast(own_city.settings, own_city.clock, as_of=own_city.now)
    assert summary.is_new
    assert summary.degraded == own_city.issued.degraded
    after = issued(own_city)
    assert total(after) == pytest.approx(total(before), rel=1e-9)
    sums = after.pivot_table(index="level", columns="ds", values="mean", aggfunc="sum")
    assert (sums.max() - sums.min()).max() == pytest.approx(0.0, abs=1e-6)
    untouched = before[~before["category"].isin({old for old, *_ in rows}) & before["level"].eq("category")]
    same = untouched.merge(after, on=["unique_id", "ds"])
    assert len(same) == len(untouched)
    assert (same["p90_x"] == same["p90_y"]).all()
    assert not after["category"].isin({old for old, *_ in rows}).any()
    assert {new for _, new, *_ in rows} <= set(after["category"])
    assert (after["p10"] <= after["p50"]).all()
    assert (after["p50"] <= after["p90"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("rows", [RENAME, MERGE], ids=["rename", "merge"])
def test_the_champion_meets_a_challenger_in_other_labels_and_the_total_stays(own_city, rows):
    before = issued(own_city)
    put_in_force(own_city, rows)
    trained = train(own_city.settings, own_city.clock, as_of=own_city.now)
    assert "champion" in trained.models[0].reason or trained.models[0].promoted
    forecast(own_city.settings, own_city.clock, as_of=own_city.now)
    # A rename is the same panel; a model of merged cells is another model of the same tickets.
    assert total(issued(own_city)) == pytest.approx(total(before), rel=0.01 if rows == RENAME else 0.03)


def test_every_room_names_the_category_in_force(own_city):
    settings = own_city.settings
    store = Store.open(settings.store_url)
    with store.reading() as session:
        old = session.scalars(select(Alert).where(Alert.ended_at.is_(None), Alert.category != "")).first()
        name, alert_id = old.category, old.id
    put_in_force(own_city, [(name, RENAMED, "2026-11-01", 1.0)])
    clock = FixedClock(own_city.now)
    done = bring_into_force(settings, clock)
    assert done.forecasts == ("W",)
    assert done.alerts >= 1
    assert bring_into_force(settings, clock).alerts == 0, "a second time changes nothing"
    key = add_key(store, name="督办员", role="supervisor", now=own_city.now).secret
    app = create_app(settings=settings, clock=clock)
    api = TestClient(app, headers={"Authorization": f"Bearer {key}"})
    browser = TestClient(app)
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)[1]
    browser.post("/login", data={"key": key, "csrf": token, "next": "/"})
    said = {
        "page": browser.get(f"/?level=category&category={RENAMED}").text,
        "alert's page": browser.get(f"/alerts/{alert_id}?tickets=1").text,
        "api": api.get("/v1/forecasts?level=category&limit=500").text,
        "alert": api.get(f"/v1/alerts/{alert_id}").text,
        "evidence": api.get(f"/v1/alerts/{alert_id}/evidence").text,
    }
    for room, text in said.items():
        decoded = json.dumps(json.loads(text), ensure_ascii=False) if text.startswith("{") else text
        assert RENAMED in decoded, room
        assert f">{name}<" not in decoded, room
    history = weekly_history(settings, as_of=own_city.now).weeks
    assert f"category={name}" not in set(history.static["unique_id"])
    weekly = Knowledge.at(settings, own_city.now).panel(Frequency.WEEKLY).panel
    due = due_seasons(settings, weekly, own_city.now)
    assert name not in set(due.get("category", []))


def test_a_perfect_forecast_in_the_labels_in_force_has_no_error(own_city):
    put_in_force(own_city, RENAME)
    history = weekly_history(own_city.settings, as_of=own_city.now).weeks
    week = history.last_week
    counts = history.counts[history.counts["ds"] == week].merge(history.static, on="unique_id")
    perfect = counts.assign(mean=counts["y"], p10=counts["y"], p50=counts["y"], p90=counts["y"]).drop(columns="y")
    assert "category=供水中断" in set(perfect["unique_id"])
    scores = score_levels(join_actual(perfect, history.counts, week))
    assert {score.wape for score in scores} == {0.0}
    assert {score.coverage for score in scores} == {1.0}


@pytest.mark.slow
def test_a_forecast_made_before_a_change_is_judged_in_the_labels_after_it(own_city):
    early = own_city.now - timedelta(weeks=1)
    forecast(own_city.settings, FixedClock(early), as_of=early)
    history = weekly_history(own_city.settings, as_of=own_city.now).weeks
    before = issued(own_city)
    put_in_force(own_city, RENAME)
    restated = issued(own_city)
    assert total(restated) == total(before)
    renamed = weekly_history(own_city.settings, as_of=own_city.now).weeks
    unknown = set(restated["unique_id"]) - set(renamed.static["unique_id"])
    known = set(before["unique_id"]) - set(history.static["unique_id"])
    assert len(unknown) <= len(known)


def test_a_surge_of_a_renamed_category_finds_its_tickets_and_callers(own_city):
    settings = own_city.settings

    def found() -> Findings:
        return find_everything(settings, own_city.now, lake=open_lake(settings), surge=SurgeConfig())

    before = found().candidates(configured_thresholds(settings))
    name = before.loc[before["tickets"].map(len).gt(0) & (before["category"] != ""), "category"].iloc[0]
    put_in_force(own_city, [(name, f"新{name}", "2026-11-01", 1.0)])
    after = found()
    assert (after.tickets["category"] == f"新{name}").any()
    assert not (after.tickets["category"] == name).any()
    named = after.candidates(configured_thresholds(settings))
    assert name not in set(named["category"])
    ours = named[named["category"] == f"新{name}"]
    assert len(ours)
    assert ours["tickets"].map(len).gt(0).all()
    assert ours["callers"].gt(0).all()


@pytest.mark.slow
def test_a_replay_sees_the_labels_in_force(own_city):
    settings = own_city.settings
    run = {"start": own_city.now - timedelta(days=2), "end": own_city.now, "surge": SurgeConfig()}
    before = replay(settings, **run).candidates
    name = before.loc[before["category"] != "", "category"].iloc[0]
    put_in_force(own_city, [(name, RENAMED, "2026-11-01", 1.0)])
    after = replay(settings, **run).candidates
    assert name not in set(after["category"])
    assert (after["category"] == RENAMED).sum() == (before["category"] == name).sum()
