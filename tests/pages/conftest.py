"""A small invented city in the store: a forecast issue, alerts of several levels and kinds, keys for each role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from features.clock import FixedClock
from features.lake.mark import mark_simulated
from features.sentences import Sentence
from features.series import series_id
from features.settings import Settings
from serve.access import add_key
from serve.alerts import Candidate, DetectionRun, intake
from serve.api import create_app
from serve.forecasts import ForecastIssue, publish
from serve.store import Store
from serve.store.tables import Route

NOW = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
MONDAY = pd.Timestamp("2026-11-23")
DISTRICTS = ("海口市", "三亚市", "儋州市", "琼海市")
CATEGORIES = (("城乡建设", "供水", "停水"), ("生态环境", "噪声污染", "夜间施工噪声"), ("交通运输", "道路", "路面积水"))
DEPARTMENT = {"停水": "市水务局", "夜间施工噪声": "市生态环境局", "路面积水": "市市政管理局"}


def forecast_rows() -> pd.DataFrame:
    random = np.random.default_rng(7)
    named: list[tuple[str, dict[str, str]]] = [("total", {})]
    named += [("district", {"district": name}) for name in DISTRICTS]
    for one, two, three in CATEGORIES:
        whole = {"category1": one, "category2": two, "category": three}
        named.append(("category1", {"category1": one}))
        named.append(("category", whole))
        named += [("cell", {**whole, "district": name}) for name in DISTRICTS]
    rows = []
    for level, dims in named:
        base = {"total": 4800, "district": 1200, "category1": 1600, "category": 1600, "cell": 400}[level]
        for step in range(4):
            mean = base * float(random.uniform(0.9, 1.15))
            rows.append(
                {
                    "unique_id": series_id(level, dims),
                    "level": level,
                    **{name: dims.get(name, "") for name in ("category1", "category2", "category", "district")},
                    "department": DEPARTMENT.get(dims.get("category", ""), "") if level == "cell" else "",
                    "ds": MONDAY + pd.Timedelta(weeks=step),
                    "horizon": step + 1,
                    "mean": mean,
                    "p10": mean * 0.86,
                    "p50": mean * 0.99,
                    "p90": mean * 1.17,
                    "last_year": round(mean * float(random.uniform(0.85, 1.1))),
                    "base_model": "lightgbm",
                }
            )
    return pd.DataFrame(rows)


def four_weeks(rows: pd.DataFrame) -> pd.DataFrame:
    """Four weeks of every series together."""
    sums = rows.groupby("unique_id", as_index=False)[["mean", "last_year"]].sum()
    first = rows[rows["horizon"] == 1].drop(columns=["mean", "last_year", "horizon"]).merge(sums, on="unique_id")
    return first.assign(periods=4, p10=first["mean"] * 0.95, p50=first["mean"], p90=first["mean"] * 1.05)


def candidate(category: int = 0, district: int = 0, **changes: Any) -> Candidate:
    one, two, three = CATEGORIES[category]
    area = DISTRICTS[district]
    days = pd.date_range(end="2026-11-23", periods=45, freq="D")
    random = np.random.default_rng(category * 10 + district)
    counts = random.poisson(4, len(days)).astype(float)
    counts[-1] = 27
    curve = [
        {"ds": day.isoformat(), "y": y, "expected": 4.2, "upper": 11.0} for day, y in zip(days, counts, strict=True)
    ]
    facts: dict[str, Any] = {
        "kind": "异动",
        "kinds": ["异动", "多人同诉"],
        "category1": one,
        "category2": two,
        "category": three,
        "area": area,
        "department": DEPARTMENT[three],
        "cells": [series_id("cell", {"category": three, "district": area})],
        "tickets": [f"simulated/{three}-{area}-{number}" for number in range(27)],
        "window_start": datetime(2026, 11, 23, 0),  # noqa: DTZ001 - local civil time
        "window_end": datetime(2026, 11, 24, 0),  # noqa: DTZ001
        "observed": 27,
        "callers": 24,
        "hours": 9,
        "places": 6,
        "expected": 4.2,
        "upper": 11.0,
        "recurrence_days": 3650.0,
        "score": 12.0,
        "rule": {"code": "beyond_history", "freq": "D", "periods": 1},
        "sentence": Sentence.recorded(
            f"{area}{three}：1天内27件（24人），平时至多11件。",
            f"{three} in {area}: 27 tickets (24 callers) in a day, usually at most 11.",
        ).document(),
        # Tickets of two districts came at different hours: they have no cause in common.
        "evidence": {
            "curve": {"freq": "D", "rows": curve},
            "arrived": [f"2026-11-23T{3 * district:02}:{minute}:00" for minute in ("00", "50")],
        },
        "past": [{"source": "history", "ds": "2025-11-20", "y": 22, "expected": 5.1}],
    }
    return Candidate(**(facts | changes))


def seeded(store: Store, settings: Settings, clock: FixedClock) -> SimpleNamespace:
    """Fill a store and return the keys and alert ids."""
    issue = ForecastIssue(
        freq="W",
        as_of=NOW,
        generated_at=NOW,
        data_through=MONDAY.to_pydatetime(),
        model_name="weisu-demand",
        model_version="7",
        taxonomy_version="sha256:9c1e",
        calendar_version="CN-2026.1",
        snapshot=3,
    )
    rows = forecast_rows()
    publish(store, issue, rows, sums=four_weeks(rows))
    with store.session() as session:
        for category, department in DEPARTMENT.items():
            route = Route(
                id=f"rt_{department}", category=category, department=department, assisting=[], author="test",
                updated_at=NOW,
            )  # fmt: skip
            session.add(route)
    run = DetectionRun(
        key="test-run", as_of=NOW, generated_at=NOW, data_through=MONDAY, model_version="weisu-hotspot/3"
    )
    plain: dict[str, Any] = {"expected": None, "upper": None, "recurrence_days": None, "evidence": {}, "past": []}
    sensitive = candidate(
        1, 0, **plain, kind="敏感", kinds=["敏感"], observed=1, callers=1, sensitive=True,
        rule={"code": "watched", "words": ["燃气泄漏"]},
        sentence=Sentence.recorded(
"海口市夜间施工噪声：出现敏感事项1件，一件即报。",
"夜间施工噪声, 海口市: 1 ticket on a watched matter",
).document(),
        tickets=["simulated/s1"],
    )  # fmt: skip
    ahead = candidate(
        2, 3, **plain, kind="预告", kinds=["预告"], observed=0, callers=0,
        rule={"code": "season", "years_seen": 3, "years": 3}, tickets=[],
        sentence=Sentence.recorded(
"琼海市路面积水：往年第51周反复出现，请在11月30日前行动。",
"路面积水, 琼海市: came back in week 51, act before 30 Nov",
).document(),
    )  # fmt: skip
    candidates = [
        candidate(
            0,
            0,
            observed=62,
            callers=55,
            sentence=Sentence.recorded(
                "海口市停水：1天内62件（55人），平时至多11件。",
                "停水, 海口市: 62 in a day from 55 callers, usually at most 11",
            ).document(),
        ),
        candidate(0, 1),
        sensitive,
        candidate(
            2,
            2,
            observed=12,
            callers=8,
            sentence=Sentence.recorded(
                "儋州市路面积水：1天内12件（8人），平时至多11件。",
                "路面积水, 儋州市: 12 in a day from 8 callers, usually at most 11",
            ).document(),
        ),
        ahead,
    ]
    intake(store, candidates, clock=clock, run=run, settings=settings)
    keys = {
        "department": add_key(store, name="测试经办人", role="department", department="市水务局", now=NOW).secret,
        "supervisor": add_key(store, name="测试督办员", role="supervisor", now=NOW).secret,
        "planner": add_key(store, name="测试规划员", role="planner", now=NOW).secret,
        "scientist": add_key(store, name="测试分析员", role="scientist", now=NOW).secret,
    }
    return SimpleNamespace(store=store, settings=settings, clock=clock, keys=keys, now=NOW)


@pytest.fixture
def city(store: Store, settings: Settings) -> SimpleNamespace:
    settings.home.mkdir(exist_ok=True)
    mark_simulated(settings.home)
    return seeded(store, settings, FixedClock(NOW + timedelta(minutes=5)))


@pytest.fixture
def browser(city: SimpleNamespace) -> Iterator[TestClient]:
    """A browser without JavaScript that is not logged in yet."""
    app = create_app(city.settings, clock=city.clock, store=city.store)
    with TestClient(app, base_url="http://weisu.example") as client:
        yield client


@pytest.fixture
def enter(browser: TestClient, city: SimpleNamespace) -> Callable[..., str]:
    """Log in with a key and return a page of it."""

    def log_in(key: str, path: str = "/alerts") -> str:
        form = browser.get("/login").text
        csrf = re.search(r'name="csrf" value="([^"]+)"', form)[1]
        browser.post("/login", data={"key": city.keys.get(key, key), "csrf": csrf, "next": path})
        return browser.get(path).text

    return log_in
