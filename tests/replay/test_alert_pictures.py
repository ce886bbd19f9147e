from __future__ import annotations

import pandas as pd
import pytest

from features.errors import BadInputError
from pipelines import pictures
from pipelines.pictures import alert_picture

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
