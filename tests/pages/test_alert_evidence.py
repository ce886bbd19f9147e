from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from serve.pages.language import Words
from serve.pages.views.evidence import curve_of
from serve.store.tables import Alert

STARTS = {
    "W": ["2026-11-02T00:00:00", "2026-11-09T00:00:00", "2026-11-16T00:00:00"],
    "D": ["2026-11-20T00:00:00", "2026-11-21T00:00:00", "2026-11-22T00:00:00"],
    "h": ["2026-11-22T07:00:00", "2026-11-22T08:00:00", "2026-11-22T09:00:00"],
}


@pytest.mark.parametrize(
    ("freq", "since", "until", "marked"),
    [
        ("W", "2026-11-18T00:00", "2026-11-21T00:00", [False, False, True]),
        ("W", "2026-11-12T07:00", "2026-11-19T07:00", [False, True, True]),
        ("W", "2026-11-16T00:00", "2026-11-23T00:00", [False, False, True]),
        ("D", "2026-11-21T18:00", "2026-11-22T06:00", [False, True, True]),
        ("D", "2026-11-22T09:00", "2026-11-22T10:00", [False, False, True]),
        ("h", "2026-11-22T08:30", "2026-11-22T09:00", [False, True, False]),
    ],
)
def test_every_bar_that_the_window_touches_is_marked(freq: str, since: str, until: str, marked: list[bool]) -> None:
    rows = [{"ds": ds, "y": 5, "expected": 4.0, "upper": 9.0} for ds in STARTS[freq]]
    alert = Alert(
        category="施工噪声",
        area="海口市",
        window_start=datetime.fromisoformat(since),
        window_end=datetime.fromisoformat(until),
        evidence={"curve": {"freq": freq, "rows": rows}},
    )
    curve = curve_of(alert, Words("zh-CN", ZoneInfo("Asia/Shanghai")))
    assert curve is not None
    assert [count.marked for count in curve.counts] == marked
