"""The rules by which benchmarks judge alerts and count bursts, on tickets made up for it."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.dated.bursts import bursts_of, told_by_alerts  # noqa: E402
from benchmarks.judged.rule import judge  # noqa: E402

DAY = pd.Timestamp("2026-06-01")


def entries(times: list[pd.Timestamp], *, channel: str = "phone", own: bool = False, category: str = "water"):
    return pd.DataFrame(
        {
            "key": [f"s/{category}-{channel}-{n}" for n in range(len(times))],
            "opened_local": times,
            "category1": "",
            "category2": "",
            "category": category,
            "district": "north",
            "department": "works",
            "channel": channel,
            "lat": float("nan"),
            "lon": float("nan"),
            "own": own,
        }
    )


def background() -> pd.DataFrame:
    days = [DAY - pd.Timedelta(days=n, hours=-9) for n in range(1, 90)]
    return entries(days, channel="mail")


def alert(tickets: pd.DataFrame, **changes: object) -> dict[str, object]:
    told = {
        "kind": "异动",
        "category1": "",
        "category2": "",
        "category": "water",
        "area": "",
        "told_at": DAY + pd.Timedelta(days=1, hours=7),
        "window_start": DAY,
        "window_end": DAY + pd.Timedelta(days=1),
        "told": tickets["key"].tolist(),
        "all": dict.fromkeys(tickets["key"], "2026-06-02T07:00:00"),
        "sentence_zh": "",
        "sentence_en": "water: 12",
    }
    return {**told, **changes}


def verdict(tickets: pd.DataFrame) -> tuple[str, str]:
    everything = pd.concat([background(), tickets]).sort_values("opened_local", ignore_index=True)
    row = judge(pd.DataFrame([alert(tickets)]), everything).iloc[0]
    return row["verdict"], row["why"]


def hours_apart() -> list[pd.Timestamp]:
    return [DAY + pd.Timedelta(minutes=61 * n) for n in range(12)]


def minutes_apart() -> list[pd.Timestamp]:
    return [DAY + pd.Timedelta(minutes=600 + n) for n in range(12)]


def test_what_nothing_speaks_against_is_real_and_entries_of_the_city_or_of_one_hand_are_known() -> None:
    assert verdict(entries(hours_apart())) == ("real", "")
    assert verdict(entries(hours_apart(), own=True)) == ("known", "own entries")
    assert verdict(entries(minutes_apart())) == ("known", "one hand")
    assert verdict(entries(hours_apart()[:1])) == ("noise", "usual")


def test_a_burst_is_told_by_an_alert_that_holds_it_by_the_next_day_and_is_mostly_about_it() -> None:
    tickets = pd.concat([background(), entries(hours_apart())]).sort_values("opened_local", ignore_index=True)
    events = pd.DataFrame({"event": ["flood"], "first": [DAY], "last": [DAY + pd.Timedelta(days=2)]})
    [burst] = bursts_of(tickets, events)
    assert (burst.category, burst.day, len(burst.tickets), burst.citizens) == ("water", DAY, 12, True)
    category_of = dict.fromkeys(tickets["key"], "water") | {f"s/other-{n}": "trees" for n in range(20)}
    held = dict.fromkeys(sorted(burst.tickets)[:3], "2026-06-02T07:00:00")
    assert told_by_alerts(burst, pd.DataFrame([alert(tickets, all=held)]), category_of)
    late = dict.fromkeys(held, "2026-06-03T07:00:00")
    assert not told_by_alerts(burst, pd.DataFrame([alert(tickets, all=late)]), category_of)
    swallowed = held | {f"s/other-{n}": "2026-06-02T07:00:00" for n in range(4)}
    assert not told_by_alerts(burst, pd.DataFrame([alert(tickets, all=swallowed)]), category_of)
    summed = alert(tickets, all=held, category="", sentence_en="works: 12 (water, trees)")
    assert told_by_alerts(burst, pd.DataFrame([summed]), category_of)


def test_the_readers_verdicts_name_no_ticket_no_text_and_no_point() -> None:
    with (ROOT / "benchmarks" / "judged" / "verdicts.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {"span", "opened", "kind", "level", "category", "area", "verdict", "duplicate", "reader_a", "reader_b"}
    assert {*rows[0]} == columns
    assert {row["verdict"] for row in rows} == {"real", "known", "noise"}
