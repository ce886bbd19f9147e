from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from features.sentences import said_of
from features.series import series_id
from models.hotspots.candidates import CANDIDATE_COLUMNS, benjamini_hochberg, merge_candidates
from models.hotspots.rules import apply_rules

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
TODAY = pd.Timestamp("2026-11-22")
CELL = {"category1": "环境", "category2": "噪声", "category": "施工噪声", "district": "海口市"}


def tickets(count: int, *, first: int = 0, callers: int = 10_000, **labels: str) -> pd.DataFrame:
    opened = TODAY + pd.to_timedelta(np.linspace(1, 22, count), unit="h")
    return pd.DataFrame(
        {
            "source": "city",
            "ticket_id": [str(first + n) for n in range(count)],
            "opened_local": opened,
            "known_at": opened.tz_localize("UTC"),
            "caller": [f"c{first + n % callers}" for n in range(count)],
            "department": "城管局",
            **CELL,
            **labels,
        }
    )


def static(*levels: str, **labels: str) -> pd.DataFrame:
    dims = {**CELL, **labels}
    rows = []
    for level in levels or ("cell",):
        named = {
            "total": {},
            "district": {"district": dims["district"]},
            "cell": dims,
        }[level]
        rows.append(
            {
                "unique_id": series_id(level, dims),
                "level": level,
                **{name: named.get(name, "") for name in CELL},
                "department": "城管局" if level == "cell" else "",
            }
        )
    return pd.DataFrame(rows)


def surge(unique_id: str, y: int, *, expected: float = 5.0, p_value: float = 1e-6, days: int = 10) -> pd.DataFrame:
    frame = pd.DataFrame({"unique_id": unique_id, "ds": pd.date_range(end=TODAY, periods=days, freq="D")})
    frame = frame.assign(y=5, expected=expected, upper=expected + 6, p_value=0.5, p_value_1=0.5, alarm=False, window=1)
    frame.loc[days - 1, ["y", "p_value", "p_value_1"]] = [y, p_value, p_value]
    return frame.assign(recurrence_days=1 / frame["p_value"], alarm=frame["p_value"] < 0.01)


def merge(**kwargs: object) -> pd.DataFrame:
    return merge_candidates(as_of=NOW, **{"static": static(), "tickets": tickets(0), **kwargs})  # type: ignore[arg-type]


def test_a_surge_becomes_a_candidate_with_its_sentence_and_tickets() -> None:
    found = merge(tickets=tickets(27, callers=20), surges={"D": surge(series_id("cell", CELL), 27)})
    assert tuple(found.columns) == CANDIDATE_COLUMNS
    row = found.iloc[0]
    assert (row["kind"], row["category"], row["area"], row["department"]) == ("异动", "施工噪声", "海口市", "城管局")
    assert (row["observed"], row["callers"], len(row["tickets"]), row["rank"]) == (27, 20, 27, 1)
    assert said_of(row["sentence"], "zh-CN") == "海口市 施工噪声：11月22日27件（20人），通常不超过11件"
    assert said_of(row["sentence"], "en") == "施工噪声, 海口市: 27 on 22 Nov from 20 callers, usually at most 11"


def test_a_surge_of_callers_who_call_again_says_tickets_and_callers_apart() -> None:
    found = merge(tickets=tickets(41, callers=30), surges={"D": surge(series_id("cell", CELL), 27)})
    row = found.iloc[0]
    assert (row["observed"], row["callers"], len(row["tickets"])) == (27, 30, 41)
    assert row["evidence"]["signals"][0]["tickets"] == 41
    assert said_of(row["sentence"], "zh-CN") == "海口市 施工噪声：11月22日27人次（41件，30人），通常不超过11人次"
    assert said_of(row["sentence"], "en") == (
        "施工噪声, 海口市: 27 on 22 Nov, repeat calls merged (41 tickets from 30 callers), usually at most 11"
    )


@pytest.mark.parametrize(
    ("freq", "periods", "zh", "en"),
    [
        ("D", 3, "11月20日至22日（3天）36件", "36 in 3 days (20-22 Nov)"),
        ("W", 1, "第47周（11月16日至22日）12件", "12 in week 47 (16-22 Nov)"),
        ("W", 2, "第46周至第47周（11月9日至22日）24件", "24 in weeks 46-47 (9-22 Nov)"),
    ],
)
def test_a_scan_says_which_days_and_calendar_weeks_it_counted(freq: str, periods: int, zh: str, en: str) -> None:
    step, end = (7, "2026-11-16") if freq == "W" else (1, TODAY)
    days = pd.date_range(end=end, periods=10, freq=f"{step}D")
    frame = surge(series_id("cell", CELL), 12).assign(ds=days, window=periods, expected=1.0, upper=3.0)
    frame.loc[10 - periods :, "y"] = 12
    row = merge(surges={freq: frame}).iloc[0]
    assert said_of(row["sentence"], "zh-CN").startswith(f"海口市 施工噪声：{zh}，通常")
    assert said_of(row["sentence"], "en").startswith(f"施工噪声, 海口市: {en}, usually")


def test_a_window_is_told_as_the_shortest_that_holds_the_matter() -> None:
    frame = surge(series_id("cell", CELL), 27).assign(window=7, expected=1.0, upper=3.0)
    row = merge(surges={"D": frame.assign(y=[0] * 6 + [2, 1, 14, 12])}).iloc[0]
    assert said_of(row["sentence"], "en").startswith("施工噪声, 海口市: 26 in 2 days (21-22 Nov), usually at most")
    assert row["observed"] == 26


@pytest.mark.parametrize(("last", "told"), [((0, 0), 0), ((1, 1), 0), ((2, 1), 1)])
def test_a_window_whose_last_days_do_not_carry_it_is_not_told(last: tuple[int, int], told: int) -> None:
    frame = surge(series_id("cell", CELL), 27).assign(window=4, expected=1.0, upper=3.0)
    assert len(merge(surges={"D": frame.assign(y=[0] * 6 + [20, 20, *last])})) == told


def test_weeks_that_are_over_by_thursday_are_not_told_on_thursday() -> None:
    weeks = pd.date_range(end="2026-11-16", periods=10, freq="7D")
    frame = surge(series_id("cell", CELL), 27).assign(ds=weeks, window=2, expected=4.0, upper=9.0)
    within = tickets(27)
    within["opened_local"] -= pd.Timedelta(days=4)
    for shift, told in ((0, 0), (1, 1)):
        later = tickets(8, first=500, **({"category": "别的"} if not shift else {}))
        later["opened_local"] += pd.Timedelta(days=4)
        rows = pd.concat([within, later]).assign(known_at=pd.Timestamp(NOW))
        assert len(merge(tickets=rows, surges={"W": frame})) == told


def test_no_alert_lies_inside_what_is_usual_and_nothing_is_said_never_to_exceed_none() -> None:
    cell = series_id("cell", CELL)
    assert merge(surges={"D": surge(cell, 10, expected=5.4)}).empty
    rare = surge(cell, 4).assign(expected=0.02, upper=0.9)
    rare.loc[:8, "y"] = 0
    row = merge(surges={"D": rare}).iloc[0]
    assert said_of(row["sentence"], "zh-CN").endswith("11月22日4件，以前从未有过")
    assert said_of(row["sentence"], "en").endswith("4 on 22 Nov, never before")


def test_a_hotline_that_names_no_department_leaves_it_to_the_routing() -> None:
    rows = {"tickets": tickets(27, department=""), "surges": {"D": surge(series_id("cell", CELL), 27)}}
    unnamed = static().assign(department="未分类")
    assert merge(**rows, static=unnamed).iloc[0]["department"] == ""
    assert merge(**{**rows, "tickets": tickets(27)}, static=unnamed).iloc[0]["department"] == "城管局"


def test_an_hourly_scan_says_hours() -> None:
    frame = surge(series_id("cell", CELL), 12).assign(
        ds=pd.date_range(end="2026-11-22 23:00", periods=10, freq="h"), window=6, expected=1.0, upper=3.0
    )
    row = merge(tickets=tickets(0), surges={"h": frame}).iloc[0]
    assert said_of(row["sentence"], "en").endswith("32 in 5 hours, usually at most 9")
    assert row["window_start"] == pd.Timestamp("2026-11-22 19:00")


def test_quiet_cells_and_small_counts_are_left_out() -> None:
    cell = series_id("cell", CELL)
    assert merge(surges={"D": surge(cell, 27, p_value=0.3)}).empty
    assert merge(surges={"D": surge(cell, 2)}).empty
    assert merge(surges={"D": surge(cell, 27, p_value=0.05)}, q=0.5).empty, "every 20 days"


def test_false_discovery_control_spans_all_cells() -> None:
    quiet = [surge(f"category=q{n};district=d", 5, p_value=0.9) for n in range(200)]
    lucky = surge(series_id("cell", CELL), 27, p_value=0.02)
    assert merge(surges={"D": pd.concat([lucky, *quiet])}, surge_days=0).empty
    assert len(merge(surges={"D": lucky}, surge_days=0)) == 1


def test_rule_and_surge_about_the_same_tickets_are_one() -> None:
    rows = tickets(27)
    rows["text"] = ["燃气泄漏" if n == 3 else "" for n in range(27)]
    hits = apply_rules(rows, as_of=NOW, timezone="UTC")
    found = merge(tickets=rows, surges={"D": surge(series_id("cell", CELL), 27)}, hits=hits)
    assert found["kinds"].tolist() == [["异动", "高频"], ["敏感"]], "one ticket does not make a danger of 27"
    json.dumps([found.iloc[0]["evidence"], found.iloc[0]["past"]], allow_nan=False)
    assert found.iloc[0]["evidence"]["tickets_total"] == 27
    assert len(found.iloc[0]["evidence"]["signals"]) == 2


def test_two_events_of_two_departments_stay_two() -> None:
    rows = pd.concat([tickets(8), tickets(8, first=100, district="三亚市", department="三亚城管局")])
    hits = apply_rules(rows, as_of=NOW, timezone="UTC")
    assert sorted(merge(tickets=rows, hits=hits)["area"]) == ["三亚市", "海口市"]


def test_one_department_hears_once_of_the_same_matter_in_two_districts() -> None:
    rows = pd.concat([tickets(9), tickets(8, first=100, district="三亚市")])
    found = merge(tickets=rows, hits=apply_rules(rows, as_of=NOW, timezone="UTC"))
    assert found["area"].tolist() == ["海口市"]
    beside = [(one["category"], one["area"], one["observed"]) for one in found.iloc[0]["siblings"]]
    assert (beside, len(found.iloc[0]["tickets"])) == ([("施工噪声", "三亚市", 8)], 17)
    assert said_of(found.iloc[0]["sentence"], "zh-CN").endswith("；同时还有三亚市 施工噪声 8件")
    assert said_of(found.iloc[0]["sentence"], "en").endswith("; at the same time 施工噪声, 三亚市 8")


def test_what_came_within_the_same_hours_of_one_district_is_one_cause_for_both_departments() -> None:
    power = tickets(8, first=100, category="停电", department="供电局")
    early = pd.Timedelta(hours=10)
    water = tickets(6).assign(opened_local=TODAY + early + pd.to_timedelta(range(6), unit="m"))
    for hours, told in ((1, 1), (9, 2)):
        at = TODAY + early + pd.Timedelta(hours=hours) + pd.to_timedelta(range(8), unit="m")
        rows = pd.concat([water, power.assign(opened_local=at)])
        found = merge(tickets=rows, hits=apply_rules(rows, as_of=NOW, timezone="UTC"))
        assert len(found) == told
        assert [one["department"] for one in found.iloc[0]["siblings"]] == (["城管局"] if told == 1 else [])


def test_a_sum_is_told_as_the_cell_that_explains_it_and_adds_nothing_to_it() -> None:
    cell, district = (surge(series_id(level, CELL), y) for level, y in (("cell", 27), ("district", 30)))
    surges = {"D": pd.concat([cell, district])}
    found = merge(tickets=tickets(27), static=static("cell", "district"), surges=surges)
    assert len(found) == 1
    assert found.iloc[0]["cells"] == [series_id("cell", CELL)]
    assert found.iloc[0]["observed"] == 27


def test_a_sum_that_no_cell_shows_stands_alone() -> None:
    surges = {"D": pd.concat([surge(series_id("cell", CELL), 20), surge(series_id("total", {}), 900, expected=400)])}
    found = merge(tickets=tickets(20), static=static("cell", "total"), surges=surges)
    assert len(found) == 2


def test_one_more_than_the_most_that_is_usual_is_no_news() -> None:
    told = [
        len(merge(tickets=tickets(count), surges={"D": surge(series_id("cell", CELL), count)}))
        for count in (10, 11, 12, 13, 14)
    ]
    assert told == [0, 0, 0, 0, 1], "usually at most 11"


def test_a_sensitive_matter_stands_first() -> None:
    rows = pd.concat([tickets(6 + n, first=100 * n, district=f"d{n}", department=f"城管局{n}") for n in range(4)])
    rows.loc[(rows["district"] == "d0").to_numpy(), "text"] = "燃气泄漏"
    found = merge(tickets=rows, hits=apply_rules(rows, as_of=NOW, timezone="UTC"))
    assert found["rank"].tolist() == [1, 2, 3, 4]
    assert found["sensitive"].tolist() == [True, False, False, False]


def test_similar_past_cases_come_from_episodes_and_from_history() -> None:
    frame = surge(series_id("cell", CELL), 27)
    frame.loc[2, ["y", "alarm"]] = [30, True]
    episode = {"kind": "异动", "category": "施工噪声", "window_start": TODAY - pd.Timedelta(days=90), "observed": 9}
    past = pd.DataFrame([{**episode, "area": "三亚市"}, {**episode, "area": "海口市", "outcome": "handled"}])
    cases = merge(tickets=tickets(27), surges={"D": frame}, past=past).iloc[0]["past"]
    assert [case["source"] for case in cases] == ["episode", "episode", "history"]
    assert cases[0]["outcome"] == "handled"
    assert cases[2]["y"] == 30


def test_a_rule_has_past_cases_too_and_one_outbreak_is_one_case() -> None:
    rows = tickets(6)
    weeks = surge(series_id("cell", CELL), 5, p_value=0.9).assign(ds=pd.date_range(end=TODAY, periods=10, freq="7D"))
    weeks.loc[[1, 2, 3, 6], ["alarm"]] = True
    weeks.loc[[1, 2, 3, 6], "y"] = [9, 30, 12, 8]
    hits = apply_rules(rows, as_of=NOW, timezone="UTC")
    cases = merge(tickets=rows, hits=hits, surges={"W": weeks}).iloc[0]["past"]
    assert [(case["y"], case["ds"][:10]) for case in cases] == [
        (8, str(weeks.loc[6, "ds"].date())),
        (30, str(weeks.loc[2, "ds"].date())),
    ]


def test_a_label_under_two_parents_has_the_tickets_that_were_counted() -> None:
    rows = pd.concat([tickets(14), tickets(13, first=50, category1="城建", category2="道路")])
    row = merge(tickets=rows, surges={"D": surge(series_id("cell", CELL), 27)}).iloc[0]
    assert (row["observed"], len(row["tickets"]), row["callers"]) == (27, 27, 27)


def test_nothing_found_is_an_empty_frame_with_all_columns() -> None:
    assert tuple(merge().columns) == CANDIDATE_COLUMNS


def test_benjamini_hochberg_ignores_what_was_not_tested() -> None:
    assert benjamini_hochberg([np.nan, 0.001, 0.9], 0.1).tolist() == [False, True, False]
    assert not benjamini_hochberg([], 0.1).size


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0.01, 0.5))
def test_benjamini_hochberg_matches_its_definition(p: list[float], q: float) -> None:
    ordered = sorted(p)
    # On the limit itself the last digit of a float decides.
    assume(all(abs(value - q * k / len(p)) > 1e-12 for k, value in enumerate(ordered, start=1)))
    limits = [value for k, value in enumerate(ordered, start=1) if value <= q * k / len(p)]
    expected = [bool(limits) and value <= limits[-1] for value in p]
    assert benjamini_hochberg(p, q).tolist() == expected


@pytest.mark.parametrize("seed", range(3))
def test_later_known_tickets_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = tickets(27)
    later = tickets(int(rng.integers(1, 40)), first=1000).assign(known_at=pd.Timestamp(NOW) + pd.Timedelta(1, "s"))
    surges = {"D": surge(series_id("cell", CELL), 27)}
    one, other = (merge(tickets=frame, surges=surges) for frame in (rows, pd.concat([rows, later])))
    pd.testing.assert_frame_equal(one, other)


def test_a_place_is_named_inside_its_district() -> None:
    rows = tickets(6).assign(street="龙华街道")
    hits = apply_rules(rows, as_of=NOW, timezone="UTC")
    assert (
        said_of(merge(tickets=rows, hits=hits).iloc[0]["sentence"], "zh-CN")
        == "海口市龙华街道 施工噪声：7天内6件，达到“7天5件”"
    )
    earlier = tickets(5, first=50, street="龙华街道")
    earlier["opened_local"] -= pd.to_timedelta([8, 15, 22, 29, 29], unit="D")
    hits = apply_rules(pd.concat([earlier, rows]), as_of=NOW, timezone="UTC")
    said = merge(tickets=rows, hits=hits).iloc[0]
    assert said_of(said["sentence"], "zh-CN") == "海口市龙华街道 施工噪声：7天内6件，平时约1.2件，达到“7天5件”"
    assert said_of(said["sentence"], "en").endswith("6 in 7 days, usually about 1.2; the rule is 5 in 7 days")
