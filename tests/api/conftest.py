"""An application with data in it: a forecast, a model, two departments with an alert each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from features.clock import FixedClock
from features.settings import Settings
from serve.access import add_key
from serve.alerts import intake
from serve.api import create_app
from serve.forecasts import ForecastIssue, publish
from serve.registry import ModelInfo, record_model
from serve.store import Store

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def issue(**changes) -> ForecastIssue:
    values = {
        "freq": "W",
        "as_of": NOW,
        "generated_at": NOW,
        "data_through": "2026-11-23T00:00",
        "model_name": "weisu-demand",
        "model_version": "7",
        "taxonomy_version": "t1",
        "calendar_version": "c1",
        "snapshot": 3,
    }
    return ForecastIssue(**(values | changes))


def forecast_rows(level: float = 10.0) -> pd.DataFrame:
    cells = [("噪声", "海口市"), ("噪声", "三亚市"), ("停水", "海口市")]
    rows = [
        {
            "unique_id": f"category={category};district={district}",
            "level": "cell",
            "category1": "城乡建设",
            "category2": "市政",
            "category": category,
            "district": district,
            "department": "水务局" if category == "停水" else "生态环境局",
            "ds": pd.Timestamp("2026-11-23") + pd.Timedelta(weeks=step - 1),
            "horizon": step,
            "mean": level,
            "p10": level - 5,
            "p50": level - 1,
            "p90": level + 5,
            "last_year": float("nan") if step == 4 else 8.0,
            "base_model": "lightgbm",
        }
        for category, district in cells
        for step in (1, 2, 3, 4)
    ]
    return pd.DataFrame(rows)


def forecast_sums() -> pd.DataFrame:
    """The same cells over 4 and 13 weeks together."""
    first = forecast_rows().query("horizon == 1")
    totals = [
        first.assign(periods=n, mean=n * first["mean"], p10=n * first["mean"] - 20, p90=n * first["mean"] + 20)
        for n in (4, 13)
    ]
    return pd.concat(totals).assign(p50=lambda rows: rows["mean"]).drop(columns="horizon")


@pytest.fixture
def key_of(store: Store, clock: FixedClock) -> Callable[..., dict[str, str]]:
    """Make a key and return the header that carries it."""

    def make(role: str, department: str = "") -> dict[str, str]:
        made = add_key(store, name=f"{role} {department}".strip(), role=role, department=department, now=clock.now())
        return {"Authorization": f"Bearer {made.secret}"}

    return make


@pytest.fixture
def alert_ids(store: Store, clock: FixedClock, make_candidate, make_run) -> dict[str, str]:
    """One alert of the water authority and one of the environment bureau, by department."""
    other = make_candidate(
        category="噪声",
        department="生态环境局",
        cells=["category=噪声;district=龙华区"],
        tickets=["demo/N1"],
        sensitive=True,
    )
    result = intake(store, [make_candidate(), other], clock=clock, run=make_run())
    assert (result.opened, result.notified) == (2, 2)
    return {"生态环境局": result.alert_ids[0], "水务局": result.alert_ids[1]}


@pytest.fixture
def published(store: Store, clock: FixedClock) -> None:
    publish(store, issue(), forecast_rows(), sums=forecast_sums(), clock=clock)
    record_model(
        store, ModelInfo(name="weisu-demand", version="7", trained_at=NOW, promoted_at=NOW, metrics={"wape": 0.1})
    )


@pytest.fixture
def client(settings: Settings, store: Store, clock: FixedClock) -> Iterator[TestClient]:
    with TestClient(create_app(settings, clock=clock, store=store), raise_server_exceptions=False) as opened:
        yield opened
