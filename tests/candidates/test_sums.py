"""A cause is told at the level that explains it, with its parts; every level is a family of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pandas as pd

from features.sentences import Sentence, said_of
from features.series import series_id
from models.hotspots.candidates import merge_candidates
from models.hotspots.rules import apply_rules

TODAY = pd.Timestamp("2026-11-22")
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
DISTRICTS = [f"d{n}" for n in range(10)]
HISTORY = 30


def calls(counts: dict[tuple[str, str, str], int], *, usual: int = 0) -> pd.DataFrame:
    """Return tickets of today by (department, category, district), and so many of each a day of the month before."""
    rows = []
    for (department, category, district), count in counts.items():
        days = [TODAY] * count + [TODAY - pd.Timedelta(days=n) for n in range(1, HISTORY) for _ in range(usual)]
        rows += [(department, category, district, day + pd.Timedelta(hours=9, minutes=n)) for n, day in enumerate(days)]
    frame = pd.DataFrame(rows, columns=["department", "category", "district", "opened_local"])
    number = [str(n) for n in range(len(frame))]
    known = frame["opened_local"].dt.tz_localize("UTC")
    return frame.assign(
        source="s", ticket_id=number, caller=number, known_at=known, category1="class", category2=frame["category"]
    )


def panel(tickets: pd.DataFrame, rare: Iterable[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a surge frame of every level, in which the named series are rare, and the hierarchy."""
    named = {
        "total": [],
        "department": ["department"],
        "district": ["district"],
        "category": ["category1", "category2", "category"],
        "cell": ["category1", "category2", "category", "district"],
    }
    static, frames = [], []
    days = pd.date_range(end=TODAY, periods=HISTORY, freq="D")
    for level, columns in named.items():
        groups = tickets.groupby(columns) if columns else [((), tickets)]
        for key, rows in groups:
            values = dict(zip(columns, key, strict=True))
            name = series_id(level, values)
            of = rows["department"].iloc[0] if level in {"category", "cell", "department"} else ""
            blank = dict.fromkeys(("category1", "category2", "category", "district"), "")
            static.append({"unique_id": name, "level": level, **blank, **values, "department": of})
            y = rows.groupby(rows["opened_local"].dt.normalize()).size().reindex(days, fill_value=0).to_numpy()
            usual = y[:-1].mean()
            p = [0.5] * (HISTORY - 1) + [1e-6 if name in set(rare) else 0.5]
            frame = pd.DataFrame({"unique_id": name, "ds": days, "y": y, "expected": usual, "p_value": p})
            frames.append(frame.assign(upper=usual + 3, p_value_1=p, window=1, recurrence_days=1 / frame["p_value"]))
    found = pd.concat(frames, ignore_index=True)
    return found.assign(alarm=found["p_value"] < 0.01), pd.DataFrame(static)


def told(tickets: pd.DataFrame, rare: Iterable[str], **more: object) -> pd.DataFrame:
    frame, static = panel(tickets, rare)
    return merge_candidates(as_of=NOW, tickets=tickets, static=static, surges={"D": frame}, **more)  # type: ignore[arg-type]


def category(name: str) -> str:
    return series_id("category", {"category": name})


def cell(name: str, district: str) -> str:
    return series_id("cell", {"category": name, "district": district})


def test_no_heating_in_the_whole_city_is_one_sentence_with_its_districts() -> None:
    cold = calls({("isd", "heat", district): 4 + (n < 3) * 3 for n, district in enumerate(DISTRICTS)}, usual=1)
    found = told(cold, [category("heat"), cell("heat", "d0")])
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["category"], row["area"], row["observed"], row["department"]) == ("heat", "", 49, "isd")
    assert said_of(row["sentence"], "en") == (
        "heat: 49 on 22 Nov, usually at most 13; d0 7, d1 7, d2 7, d3 4, d4 4, d5 4, d6 4, d7 4, others 8; "
        "49 of them between 09:00 and 09:06 on 22 Nov"
    )
    assert said_of(row["sentence"], "zh-CN").startswith("heat：11月22日49件，通常不超过13件；其中d0 7件、")


def test_a_sum_that_one_cell_explains_is_told_as_the_cell() -> None:
    burst = calls({("isd", "heat", district): 30 if district == "d0" else 1 for district in DISTRICTS}, usual=1)
    found = told(burst, [category("heat"), cell("heat", "d0"), "district=d0", "total", "department=isd"])
    assert found["area"].tolist() == ["d0"]
    assert len(found.iloc[0]["tickets"]) == 30


def storm() -> pd.DataFrame:
    snow = {("works", name, district): 5 for name in ("plow", "ice", "hydrant", "parking") for district in DISTRICTS}
    return calls(snow | {("isd", "heat", district): 5 for district in DISTRICTS}, usual=1)


def test_a_storm_is_one_alert_with_its_departments_and_matters() -> None:
    names = ["plow", "ice", "hydrant", "parking", "heat"]
    rare = [*map(category, names), "department=works", *(cell("ice", district) for district in DISTRICTS[:3])]
    found = told(storm(), rare, hits=apply_rules(storm(), as_of=NOW, timezone="UTC"))
    assert len(found) == 1
    row = found.iloc[0]
    said = said_of(row["sentence"], "en")
    assert said.startswith("works: 200 on 22 Nov, usually at most")
    assert said.endswith("; at the same time heat 50")
    assert {part["name"] for part in row["evidence"]["signals"][0]["parts"]} == set(names[:4])
    assert [(one["category"], one["department"]) for one in row["siblings"]] == [("heat", "isd")]


def test_on_an_ordinary_day_two_matters_over_the_city_are_two_alerts() -> None:
    kinds = ["water", "heat"]
    usual = {("works", f"m{n}", district): 3 for n in range(8) for district in DISTRICTS}
    raised = {(f"of {name}", name, district): 3 for name in kinds for district in DISTRICTS}
    found = told(calls(usual | raised, usual=1), [*map(category, kinds)])
    assert sorted(found["category"]) == sorted(kinds)


def test_an_office_that_starts_is_one_sentence() -> None:
    kinds = [f"k{n}" for n in range(12)]
    started = {("", kind, "d0"): 12 for kind in kinds} | {("", kind, "d1"): 1 for kind in kinds}
    office = calls(started, usual=0)
    found = told(office, ["district=d0", *(cell(kind, "d0") for kind in kinds), *map(category, kinds)])
    assert len(found) == 1
    assert (found.iloc[0]["area"], found.iloc[0]["observed"]) == ("d0", 144)
    assert said_of(found.iloc[0]["sentence"], "en").startswith("d0: 144 on 22 Nov")


def test_a_level_is_a_family_of_its_own() -> None:
    everywhere = {("isd", f"m{n}", district): 1 for n in range(40) for district in DISTRICTS}
    busy = calls(everywhere | {("isd", "heat", district): 4 for district in DISTRICTS}, usual=1)
    frame, static = panel(busy, [])
    at = (frame["unique_id"] == category("heat")) & (frame["ds"] == TODAY)
    # Once in 250 days: too often among 451 series, rare enough among 41.
    frame.loc[at, ["p_value", "recurrence_days"]] = [0.004, 250.0]
    frame.loc[~at, "p_value"] = 0.9
    found = merge_candidates(as_of=NOW, tickets=busy, static=static, surges={"D": frame})
    assert found["category"].tolist() == ["heat"]


def test_a_label_that_took_over_from_another_one_is_no_surge() -> None:
    new = calls({("works", "inspection", district): 4 for district in DISTRICTS})
    days = [new.assign(opened_local=new["opened_local"] - pd.Timedelta(days=n)) for n in range(6)]
    old = [new.assign(category="repair", opened_local=new["opened_local"] - pd.Timedelta(days=n)) for n in range(6, 30)]
    swapped = pd.concat([*days, *old], ignore_index=True)
    swapped["ticket_id"] = swapped["caller"] = [str(n) for n in range(len(swapped))]
    swapped["category2"], swapped["known_at"] = swapped["category"], swapped["opened_local"].dt.tz_localize("UTC")
    assert told(swapped, [category("inspection")]).empty
    alone = swapped[(swapped["category"] == "inspection") & (swapped["opened_local"] >= TODAY)]
    assert told(alone, [category("inspection")])["category"].tolist() == ["inspection"]


def test_parts_are_renamed_with_the_labels() -> None:
    row = told(storm(), [*map(category, ["plow", "ice", "hydrant"]), "department=works"]).iloc[0]
    renamed = Sentence.of(row["sentence"]).renamed(matters={"ice": "black ice"}, areas={})
    assert "black ice 50" in renamed.said("en")


def test_a_sum_that_takes_others_in_leads_however_rare_they_are() -> None:
    cold = calls({("isd", "heat", district): 4 for district in DISTRICTS}, usual=1)
    frame, static = panel(cold, [category("heat"), cell("heat", "d0"), cell("heat", "d1")])
    now = (frame["unique_id"] != category("heat")) & (frame["p_value"] < 0.01)
    frame.loc[now, "recurrence_days"] = 1e9
    found = merge_candidates(as_of=NOW, tickets=cold, static=static, surges={"D": frame})
    assert found[["category", "area", "observed"]].to_numpy().tolist() == [["heat", "", 40]]


def test_a_district_that_is_a_little_higher_in_everything_is_no_cause() -> None:
    kinds = [f"k{n}" for n in range(12)]
    drift = calls({("works", kind, "d0"): 5 for kind in kinds} | {("works", kind, "d1"): 4 for kind in kinds}, usual=4)
    assert told(drift, ["district=d0", "department=works"]).empty
