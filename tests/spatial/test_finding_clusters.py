from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.hotspots.spatial import CLUSTER_COLUMNS, ScanConfig, find_clusters

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
CONFIG = ScanConfig(periods=200)


def city_tickets(*, per_day: float = 30, days: int = 200, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    count = int(per_day * days)
    opened = pd.Timestamp(NOW) - pd.to_timedelta(rng.random(count) * days, unit="D")
    return pd.DataFrame(
        {
            "source": "city",
            "ticket_id": np.arange(count).astype(str),
            "opened_local": opened.tz_localize(None),
            "known_at": opened,
            "category1": "环境",
            "category2": "垃圾",
            "category": "垃圾清运",
            "district": np.where(rng.random(count) < 0.5, "甲区", "乙区"),
            "department": "城管局",
            "caller": [f"c{n}" for n in range(count)],
            "lat": 20.0 + rng.normal(0, 0.03, count),
            "lon": 110.3 + rng.normal(0, 0.03, count),
        }
    )


def cluster(count: int, *, hours: float = 40, caller: str = "") -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = city_tickets(per_day=1, days=count, seed=2).head(count)
    opened = pd.Timestamp(NOW) - pd.to_timedelta(rng.random(count) * hours, unit="h")
    return rows.assign(
        ticket_id=[f"x{n}" for n in range(count)],
        opened_local=opened.tz_localize(None),
        known_at=opened,
        caller=[caller or f"x{n}" for n in range(count)],
        lat=20.021,
        lon=110.331,
        district="丙区",
    )


def find(tickets: pd.DataFrame, **kwargs: object) -> pd.DataFrame:
    return find_clusters(tickets, as_of=NOW, timezone="UTC", config=CONFIG, **kwargs)  # type: ignore[arg-type]


def test_a_cluster_is_found_with_its_circle_dates_and_tickets() -> None:
    found = find(pd.concat([city_tickets(), cluster(14)]))
    assert tuple(found.columns) == CLUSTER_COLUMNS
    row = found.iloc[0]
    planted = {f"city/x{n}" for n in range(14)}
    assert planted <= set(row["tickets"])
    assert (row["category"], row["area"], row["department"]) == ("垃圾清运", "丙区", "城管局")
    assert (row["lat"], row["lon"]) == pytest.approx((20.021, 110.331), abs=0.01)
    assert row["window_end"] == pd.Timestamp(NOW).tz_localize(None)
    assert row["window_end"] - row["window_start"] == pd.Timedelta(days=2)
    assert row["recurrence_days"] > 365
    assert row["observed"] > row["upper"] > row["expected"]


def test_recurrence_counts_every_category_scanned() -> None:
    rows = pd.concat([city_tickets(), cluster(14)])
    others = [city_tickets(per_day=2, seed=n).assign(category=f"c{n}", source=f"s{n}") for n in range(5)]
    alone, among = find(rows).iloc[0], find(pd.concat([rows, *others])).iloc[0]
    assert among["category"] == alone["category"]
    assert among["p_value"] == pytest.approx(1 - (1 - alone["p_value"]) ** 6, rel=1e-6)


@pytest.mark.parametrize(("size", "found"), [(4, 0), (14, 1)])
def test_a_laxer_search_holds_the_stricter_one(size: int, found: int) -> None:
    """Sparse categories: few circles are possible, and the least surprising one bounds what a scan may claim."""
    parts = [city_tickets(per_day=0.2, seed=n).assign(category=f"c{n}", source=f"s{n}") for n in range(6)]
    rows = pd.concat([city_tickets(), *parts, cluster(size), cluster(6).assign(category="c1", source="more")])
    lax, strict = (
        find_clusters(rows, as_of=NOW, timezone="UTC", config=CONFIG.model_copy(update={"min_recurrence_days": days}))
        for days in (10.0, 365.0)
    )
    assert len(lax)
    assert len(strict) == found
    pd.testing.assert_frame_equal(lax[lax["recurrence_days"] >= 365], strict, check_dtype=False)


def test_a_quiet_city_and_one_loud_caller_raise_nothing() -> None:
    assert find(city_tickets()).empty
    assert find(pd.concat([city_tickets(), cluster(14, caller="loud")])).empty


def test_tickets_known_later_change_nothing() -> None:
    rows = pd.concat([city_tickets(), cluster(14)])
    later = cluster(40).assign(known_at=pd.Timestamp(NOW) + pd.Timedelta(1, "s"), lat=20.05)
    later["ticket_id"] = later["ticket_id"] + "later"
    pd.testing.assert_frame_equal(find(rows), find(pd.concat([rows, later])))


def test_tickets_without_coordinates_or_history_are_not_scanned() -> None:
    assert find(city_tickets().drop(columns=["lat", "lon"])).empty
    assert find(city_tickets(days=40)).empty
    assert find(city_tickets().head(0)).empty


def test_districts_can_be_the_places() -> None:
    rows = pd.concat([city_tickets(), cluster(20)])
    config = CONFIG.model_copy(update={"places": "district", "max_radius_km": 1.0})
    found = find_clusters(rows, as_of=NOW, timezone="UTC", config=config)
    assert found.iloc[0]["places"] == ["丙区"]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "day", "zone"),
    [
        ("stuttgart_gelbe_karten_2020_2026", datetime(2025, 6, 1, tzinfo=UTC), "Europe/Berlin"),
        ("chicago_sanitation_2011_2014", datetime(2014, 6, 1, tzinfo=UTC), "America/Chicago"),
        ("boston_311_2015_minus5types", datetime(2015, 11, 1, tzinfo=UTC), "America/New_York"),
    ],
)
def test_real_cities_are_scanned(real_data: Path, name: str, day: datetime, zone: str) -> None:
    rows = pd.read_parquet(real_data / "tickets" / f"{name}.parquet").drop_duplicates("id")
    tickets = rows.assign(
        source=name,
        ticket_id=rows["id"].astype(str),
        opened_local=pd.to_datetime(rows["created"]).dt.tz_localize(None),
        known_at=pd.to_datetime(rows["created"]).dt.tz_localize(None).dt.tz_localize("UTC"),
        category1=rows["category"],
        category2=rows["category"],
        district="",
    )
    found = find_clusters(tickets, as_of=day, timezone=zone, config=ScanConfig(min_recurrence_days=30))
    assert len(found) < 12
    assert (found["observed"] > found["expected"]).all()
    assert (found["radius_km"] <= 3.0 + 0.5).all()
