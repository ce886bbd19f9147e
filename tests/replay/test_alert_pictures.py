from __future__ import annotations

import pandas as pd
import pytest

from features.errors import BadInputError
from pipelines import pictures
from pipelines.curves import with_curves
from pipelines.pictures import alert_picture, picture_of

SERIES = pd.DataFrame({"ds": pd.date_range("2026-11-01", periods=20), "y": 5.0, "expected": 5.0, "upper": 11.0})
WINDOW = (pd.Timestamp("2026-11-19"), pd.Timestamp("2026-11-21"))


def test_svg_and_png_are_drawn_and_repeatable() -> None:
    svg = alert_picture(SERIES, WINDOW, title="海口市 施工噪声：过去2天27件")
    assert svg.startswith(b"<?xml")
    assert svg == alert_picture(SERIES, WINDOW, title="海口市 施工噪声：过去2天27件")
    png = alert_picture(SERIES, WINDOW, file_format="png", language="en", title="27 in 2 days")
    assert png.startswith(b"\x89PNG")


def test_without_a_chinese_font_labels_are_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "cjk_font", lambda: None)
    assert alert_picture(SERIES, WINDOW, title="海口市").startswith(b"<?xml")


def test_bad_series_are_refused() -> None:
    with pytest.raises(BadInputError, match="lacks the columns upper"):
        alert_picture(SERIES.drop(columns="upper"), WINDOW)
    with pytest.raises(BadInputError, match="nothing to draw"):
        alert_picture(SERIES.head(0), WINDOW)


def candidate(kind: str, detector: str, **signal: object) -> dict[str, object]:
    lead = {"kind": kind, "detector": detector, "cells": [], "expected": 5.0, **signal}
    return {
        "kind": kind,
        "category1": "环境",
        "category2": "噪声",
        "category": "施工噪声",
        "area": "海口市",
        "cells": lead["cells"],
        "evidence": {"signals": [lead]},
    }


def test_every_kind_has_the_curve_that_shows_it() -> None:
    cell, category = "category=施工噪声;district=海口市", "category=施工噪声"
    days = pd.concat([SERIES.assign(unique_id=name) for name in (cell, category)])
    weeks = SERIES.assign(unique_id=cell, ds=pd.date_range(end="2026-11-16", periods=20, freq="7D"), y=9.0)
    season = weeks.assign(unique_id=category, y=7.0)
    rows = [
        candidate("异动", "surge", freq="D", cells=[category]),
        candidate("异动", "surge", freq="W", cells=[cell]),
        candidate("异动", "cluster"),
        candidate("多人同诉", "text"),
        candidate("高频", "rule"),
        candidate("预告", "forecast", cells=[category]),
        {**candidate("敏感", "rule"), "category": ""},
    ]
    found = with_curves(pd.DataFrame(rows), {"D": days, "W": weeks}, season)
    curves = [evidence.get("curve") for evidence in found["evidence"]]
    assert [curve and (curve["freq"], curve["rows"][0]["y"]) for curve in curves] == [
        ("D", 5),
        ("W", 9),
        ("D", 5),
        ("D", 5),
        ("D", 5),
        ("W", 7),
        None,
    ]
    assert {row["upper"] for row in curves[5]["rows"]} == {None}
    drawn = [picture_of(evidence, WINDOW) for evidence in found["evidence"]]
    assert [picture is not None for picture in drawn] == [True] * 6 + [False]
    assert b"path" in drawn[5]


def clean(rows: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    """Return tickets of (opened, caller, category, district), keyed t/0, t/1, ..."""
    frame = pd.DataFrame(rows, columns=["opened_local", "caller", "category", "district"])
    keys = [f"t/{number}" for number in range(len(frame))]
    return frame.assign(
        opened_local=pd.to_datetime(frame["opened_local"]), key=keys, category1="环境", category2="噪声"
    )


def test_a_text_group_is_shown_by_all_the_cells_it_lies_in_with_its_own_part() -> None:
    tickets = clean(
        [
            ("2026-11-19 09:00", "a", "施工噪声", "海口市"),
            ("2026-11-19 10:00", "a", "施工噪声", "海口市"),
            ("2026-11-19 11:00", "b", "扬尘", "海口市"),
            ("2026-11-19 12:00", "e", "未分类", "海口市"),
            ("2026-11-21 01:00", "c", "施工噪声", "海口市"),
            ("2026-11-21 02:00", "d", "扬尘", "海口市"),
        ]
    )
    cells = [f"category={name};district=海口市" for name in ("施工噪声", "扬尘")]
    days = pd.concat([SERIES.assign(unique_id=name, tickets=SERIES["y"] + 1) for name in cells])
    row = {**candidate("多人同诉", "text"), "tickets": tickets["key"].tolist()}
    curve = with_curves(pd.DataFrame([row]), {"D": days}, None, tickets)["evidence"].iloc[0]["curve"]
    assert curve["counts"] == "callers"
    known = {shown["ds"][:10]: shown for shown in curve["rows"]}
    assert known["2026-11-19"] == {
        "ds": "2026-11-19T00:00:00",
        "y": 11,  # e's ticket is in no judged cell
        "expected": 10.0,
        "upper": 18.49,  # 10 + the root of 6 squared twice
        "own": 3,  # a called twice
    }
    assert known["2026-11-20"]["own"] == 0
    assert known["2026-11-21"] == {
        "ds": "2026-11-21T00:00:00",
        "y": 2,
        "expected": None,
        "upper": None,
        "own": 2,
        "partial": True,
    }
    assert picture_of({"curve": curve, **row["evidence"]}, WINDOW) != picture_of(
        {"curve": {**curve, "rows": [{**one, "own": 0} for one in curve["rows"]]}, **row["evidence"]}, WINDOW
    )


def test_what_joined_an_alert_is_not_the_part_that_its_sentence_is_about() -> None:
    tickets = clean([(f"2026-11-{day} 09:00", f"c{day}", "施工噪声", "海口市") for day in (17, 18, 19)])
    days = SERIES.assign(unique_id="category=施工噪声;district=海口市")
    row = {**candidate("异动", "cluster", tickets=1), "tickets": tickets["key"].tolist()[::-1]}
    curve = with_curves(pd.DataFrame([row]), {"D": days}, None, tickets)["evidence"].iloc[0]["curve"]
    assert [one["ds"][8:10] for one in curve["rows"] if one["own"]] == ["19"]


def test_a_stray_ticket_of_a_group_brings_no_other_cell_along() -> None:
    tickets = clean([(f"2026-11-19 0{hour}:00", f"c{hour}", "施工噪声", "海口市") for hour in range(8)])
    tickets.loc[7, "category"] = "扬尘"
    nine = SERIES.assign(y=9.0)
    days = pd.concat([nine.assign(unique_id=f"category={name};district=海口市") for name in ("施工噪声", "扬尘")])
    row = {**candidate("多人同诉", "text"), "tickets": tickets["key"].tolist()}
    curve = with_curves(pd.DataFrame([row]), {"D": days}, None, tickets)["evidence"].iloc[0]["curve"]
    shown = {one["ds"][:10]: one for one in curve["rows"]}
    assert (shown["2026-11-18"]["y"], shown["2026-11-18"]["upper"]) == (9, 11.0)
    assert (shown["2026-11-19"]["y"], shown["2026-11-19"]["own"]) == (10, 8)


def test_one_caller_is_shown_by_every_ticket_of_theirs_and_no_band() -> None:
    tickets = clean([(f"2026-11-{day} 0{hour}:00", "a", "施工噪声", "海口市") for day in (3, 3, 20) for hour in (1, 2)])
    days = SERIES.assign(unique_id="category=施工噪声;district=海口市", tickets=SERIES["y"])
    window = {"window_start": pd.Timestamp("2026-11-01 08:00"), "window_end": pd.Timestamp("2026-11-21 08:00")}
    row = {**candidate("一人多诉", "rule"), **window, "tickets": tickets["key"].tolist()}
    curve = with_curves(pd.DataFrame([row]), {"D": days}, None, tickets)["evidence"].iloc[0]["curve"]
    assert curve["counts"] == "own"
    assert {shown["ds"][5:10]: shown["y"] for shown in curve["rows"] if shown["y"]} == {"11-03": 4, "11-20": 2}
    assert len(curve["rows"]) == 21
    assert {shown["upper"] for shown in curve["rows"]} == {None}


def test_a_curve_of_callers_says_so_only_where_they_are_not_as_many_as_the_tickets() -> None:
    cell = "category=施工噪声;district=海口市"
    row = candidate("异动", "surge", freq="D", cells=[cell])
    for tickets, said in ((SERIES["y"], "tickets"), (SERIES["y"] + 1, "callers")):
        days = SERIES.assign(unique_id=cell, tickets=tickets)
        curve = with_curves(pd.DataFrame([row]), {"D": days})["evidence"].iloc[0]["curve"]
        assert curve["counts"] == said
        assert "own" not in curve["rows"][0]
