"""The year's tickets as numbers, against plain pandas written from the definition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from features.series import UNCLASSIFIED
from features.ticket_points import PlacedTickets, placed_tickets

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
LOCAL = pd.Timestamp("2026-11-23 14:30")


def rows(count: int = 400, *, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    opened = LOCAL - pd.to_timedelta(rng.integers(-5000, 60 * 1440, count), unit="min")
    delay = pd.to_timedelta(rng.integers(0, 99, count), unit="h")
    return pd.DataFrame(
        {
            "source": "city",
            "ticket_id": [f"t{n}" for n in range(count)],
            "opened_local": opened,
            "known_at": (opened - timedelta(hours=8)).tz_localize("UTC") + delay,
            "category": rng.choice(["噪声", "占道", "", None], count),
            "district": rng.choice(["甲区", "乙区", ""], count),
            "caller": rng.choice([*"abcd", "", None], count),
            "lat": np.where(rng.random(count) < 0.2, np.nan, 20 + rng.normal(0, 0.1, count)),
            "lon": 110 + rng.normal(0, 0.1, count),
        }
    )


def flat(placed: PlacedTickets) -> pd.DataFrame:
    """Return one row per ticket in an order of its own."""
    frame = pd.DataFrame(
        {
            "label": np.array(placed.labels, dtype=object)[placed.label],
            "lat": placed.lat,
            "lon": placed.lon,
            "age": placed.age,
            "again": placed.again,
            "key": placed.key.to_pylist(),
        }
    )
    return frame.sort_values(["lon", "lat"], ignore_index=True)


@pytest.mark.parametrize("points_only", [True, False])
def test_placed_tickets_equal_the_oracle(points_only: bool) -> None:
    tickets = rows()
    placed = placed_tickets(
        tickets, as_of=NOW, timezone="Asia/Shanghai", by="category", days=40, keyed_days=10, points_only=points_only
    )
    known = tickets[tickets["known_at"] <= NOW]
    kept = known[(known["opened_local"] >= LOCAL - timedelta(days=40)) & (known["opened_local"] < LOCAL)]
    if points_only:
        kept = kept[kept["lat"].notna()]
    kept = kept.sort_values("opened_local", kind="stable")
    label = kept["category"].fillna("").replace("", UNCLASSIFIED)
    caller = kept["caller"].fillna("").where(kept["caller"].fillna("") != "", kept["ticket_id"])
    since = kept["opened_local"] - kept.groupby([caller, label])["opened_local"].shift()
    age = (LOCAL - kept["opened_local"]) // timedelta(days=1)
    expected = pd.DataFrame(
        {
            "label": label.to_numpy(),
            "lat": kept["lat"].to_numpy(),
            "lon": kept["lon"].to_numpy(),
            "age": age.to_numpy(),
            "again": (since <= timedelta(days=7)).to_numpy(),
            "key": [f"city/{name}" if days < 10 else None for name, days in zip(kept["ticket_id"], age, strict=True)],
        }
    ).sort_values(["lon", "lat"], ignore_index=True)
    assert expected["again"].any()
    pd.testing.assert_frame_equal(flat(placed), expected, check_dtype=False)
    assert placed.now == LOCAL
    assert set(placed.districts) == (set() if points_only else {"甲区", "乙区", UNCLASSIFIED})
