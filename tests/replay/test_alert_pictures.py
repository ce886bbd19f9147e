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
