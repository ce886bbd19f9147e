from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.configuration import ScanConfig
from features.ticket_points import placed_tickets
from models.hotspots.candidates.sentences import sentence_of
from models.hotspots.candidates.signals import Signal, cluster_signals
from models.hotspots.spatial import CLUSTER_COLUMNS, ExpectationScan, GumbelTail, Zones, find_clusters
from models.hotspots.spatial.clusters import layouts

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "spacetime"))

from permutation import PermutationScan

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


def find(
    tickets: pd.DataFrame, *, as_of: datetime = NOW, timezone: str = "UTC", config: ScanConfig = CONFIG
) -> pd.DataFrame:
    placed = placed_tickets(tickets, as_of=as_of, timezone=timezone, **config.asked)
    return find_clusters(placed, tickets, as_of=as_of, config=config)


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
    assert row["categories_scanned"] == 1


def said(signal: Signal) -> tuple[str, str]:
    """Return a signal's sentence in Chinese and in English."""
    sentence = sentence_of(signal)
    return sentence.said("zh-CN"), sentence.said("en")


def test_a_cluster_says_in_words_where_it_is_since_when_and_what_is_usual() -> None:
    streets = np.where(np.arange(14) < 8, "解放路", "和平路")
    found = find(pd.concat([city_tickets(), cluster(14).assign(street=streets)]))
    zh, en = said(cluster_signals(found)[0])
    assert zh == "丙区解放路 垃圾清运：11月21日以来2天，半径0.4公里内14件，平时约0.4件，至多2件"
    assert en == "垃圾清运, 丙区解放路: 14 in 2 days within 0.4 km since 21 Nov, usually about 0.4, at most 2"


def test_a_cluster_across_districts_names_them_and_one_without_any_its_centre() -> None:
    rows = cluster(14)
    halves = rows.assign(district=np.where(np.arange(14) < 9, "South End", "Back Bay"))
    _, both = said(cluster_signals(find(pd.concat([city_tickets(), halves])))[0])
    assert both.startswith("垃圾清运, South End, Back Bay: 14 in 2 days")
    zh, nowhere = said(cluster_signals(find(pd.concat([city_tickets(), rows]).assign(district="")))[0])
    assert nowhere.startswith("垃圾清运, near 20.02°N 110.33°E: 14 in 2 days")
    assert zh.startswith("北纬20.02°、东经110.33°附近 垃圾清运：11月21日以来2天，半径")


def test_recurrence_counts_every_category_scanned() -> None:
    rows = pd.concat([city_tickets(), cluster(14)])
    others = [city_tickets(per_day=2, seed=n).assign(category=f"c{n}", source=f"s{n}") for n in range(5)]
    alone, among = find(rows).iloc[0], find(pd.concat([rows, *others])).iloc[0]
    assert among["category"] == alone["category"]
    # The others lay their own grid over the map, so that the past's maxima are not quite the same.
    assert among["p_value"] == pytest.approx(6 * alone["p_value"], rel=0.5)


def test_however_lax_the_bar_what_has_too_few_tickets_is_no_cluster() -> None:
    found = find(city_tickets(per_day=0.2), config=CONFIG.model_copy(update={"min_recurrence_days": 1.0}))
    assert (found["observed"] >= CONFIG.min_count).all()


def test_a_cluster_has_the_statistic_of_its_category_s_own_dispersion() -> None:
    once = city_tickets(per_day=10)
    thrice = [once.assign(source=name, caller=name + once["caller"]) for name in "abc"]
    rows = pd.concat([*thrice, cluster(40)])
    row = find(rows).iloc[0]
    layout = next(
        layouts(
            placed_tickets(rows, as_of=NOW, timezone="UTC", **CONFIG.asked), places="points", cell_km=0.5, radius_km=3
        )
    )
    scan = ExpectationScan(Zones.of(len(layout.places), layout.near), min_count=4).adapted(layout.counts())
    tail, dispersion = scan.calibrate(layout.counts())
    statistic, _ = scan.statistics(layout.counts(), dispersion=dispersion)
    assert dispersion.max() > 1.3
    assert row["statistic"] == pytest.approx(statistic.max())
    assert row["p_value"] == pytest.approx(float(tail.p_value(statistic.max())))


@pytest.mark.parametrize(("size", "found"), [(4, 0), (14, 1)])
def test_a_laxer_search_holds_the_stricter_one(size: int, found: int) -> None:
    """Sparse categories: few circles are possible, and the least surprising one bounds what a scan may claim."""
    parts = [city_tickets(per_day=0.2, seed=n).assign(category=f"c{n}", source=f"s{n}") for n in range(6)]
    rows = pd.concat([city_tickets(), *parts, cluster(size), cluster(4).assign(category="c1", source="more")])
    lax, strict = (find(rows, config=CONFIG.model_copy(update={"min_recurrence_days": days})) for days in (10.0, 365.0))
    assert len(lax)
    assert len(strict) == found
    pd.testing.assert_frame_equal(lax[lax["recurrence_days"] >= 365], strict, check_dtype=False)


def test_a_quiet_city_and_one_loud_caller_raise_nothing() -> None:
    assert find(city_tickets(seed=3)).empty
    assert find(pd.concat([city_tickets(seed=3), cluster(14, caller="loud")])).empty


def later_tickets(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return tickets that only the future knows: opened then, reported late, and old ones filed anew elsewhere."""
    rng = np.random.default_rng(seed)
    after = pd.Timestamp(NOW) + pd.to_timedelta(1 + rng.integers(0, 10**6, 120), unit="s")
    taken = rows.sample(120, random_state=seed).assign(known_at=after, lat=20.05, lon=110.36)
    opened_then = np.arange(120) < 40
    refiled = np.arange(120) >= 80
    new_names = pd.Series([f"later{n}" for n in range(120)], index=taken.index)
    return taken.assign(
        ticket_id=taken["ticket_id"].where(refiled, new_names),
        caller=new_names,
        opened_local=taken["opened_local"].where(~opened_then, after.tz_localize(None)),
        category=np.where(refiled, "污水", taken["category"]),
    )


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(9, 20))
def test_what_becomes_known_later_changes_no_cluster(seed: int, size: int) -> None:
    rows = pd.concat([city_tickets(per_day=12, days=120, seed=seed), cluster(size)], ignore_index=True)
    found = find(rows)
    assert not found.empty
    pd.testing.assert_frame_equal(found, find(pd.concat([rows, later_tickets(rows, seed)], ignore_index=True)))


def permutation_of(rows: pd.DataFrame) -> list[tuple[np.ndarray, GumbelTail]]:
    """Return the statistics and the tail of the permutation scan for every category, as of NOW."""
    placed = placed_tickets(rows, as_of=NOW, timezone="UTC", **CONFIG.asked)
    found = []
    for layout in layouts(placed, places="points", cell_km=0.5, radius_km=3):
        scan = PermutationScan(Zones.of(len(layout.places), layout.near), durations=(1, 2, 7), replicates=60)
        found.append((scan.statistics(layout.counts())[0], scan.calibrate(layout.counts())))
    return found


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(9, 20))
def test_what_becomes_known_later_changes_no_permutation_statistic(seed: int, size: int) -> None:
    rows = pd.concat([city_tickets(per_day=12, days=120, seed=seed), cluster(size)], ignore_index=True)
    later = later_tickets(rows, seed)
    before, after = permutation_of(rows), permutation_of(pd.concat([rows, later], ignore_index=True))
    assert len(before) == len(after) == 1
    np.testing.assert_array_equal(before[0][0], after[0][0])
    assert before[0][1] == after[0][1]
    known = later.assign(known_at=rows["known_at"].max())
    told = permutation_of(pd.concat([rows, known], ignore_index=True))
    assert not np.array_equal(before[0][0], told[0][0]), "had they been known, they would have counted"


def test_tickets_without_coordinates_or_history_are_not_scanned() -> None:
    assert find(city_tickets().drop(columns=["lat", "lon"])).empty
    assert find(city_tickets(days=40)).empty
    assert find(city_tickets().head(0)).empty


def test_districts_can_be_the_places() -> None:
    rows = pd.concat([city_tickets(), cluster(20)])
    config = CONFIG.model_copy(update={"places": "district", "max_radius_km": 1.0})
    found = find(rows, config=config)
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
    found = find(tickets, as_of=day, timezone=zone, config=ScanConfig(min_recurrence_days=30))
    assert len(found) < 12
    assert (found["observed"] > found["expected"]).all()
    assert (found["radius_km"] <= 3.0 + 0.5).all()
