from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from features.words import AreaNames
from serve.pages.language import Words
from serve.pages.views.cards import _tickets_of
from serve.pages.views.evidence import Curve, curve_of
from serve.store.tables import Alert

NAMES = AreaNames("全市", "区县", "Whole city", "District")

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
    curve = curve_of(alert, Words("zh-CN", ZoneInfo("Asia/Shanghai"), NAMES))
    assert curve is not None
    assert [count.marked for count in curve.counts] == marked


@pytest.mark.parametrize(("signals", "shown"), [([{"tickets": 31}], 31), ([{}], 27), ([], 27), ([{"tickets": 0}], 27)])
def test_repeat_calls_that_a_detector_merged_are_tickets_all_the_same(signals: list[object], shown: int) -> None:
    assert _tickets_of(Alert(observed=27, evidence={"signals": signals})) == shown


def drawn(counts: str | None, rows: list[dict[str, object]], language: str = "zh-CN") -> Curve:
    said = {} if counts is None else {"counts": counts}
    alert = Alert(
        category="施工噪声",
        area="海口市",
        window_start=datetime(2026, 11, 21),  # noqa: DTZ001 - local civil time
        window_end=datetime(2026, 11, 23, 8),  # noqa: DTZ001
        evidence={"curve": {"freq": "D", **said, "rows": rows}},
    )
    curve = curve_of(alert, Words(language, ZoneInfo("Asia/Shanghai"), NAMES))  # type: ignore[arg-type]
    assert curve is not None
    return curve


@pytest.mark.parametrize(
    ("counts", "zh", "en"),
    [
        (None, "每日", "by the day"),
        ("tickets", "每日 · 工单数", "by the day · tickets"),
        ("own", "每日 · 该来电人的工单数", "by the day · this caller's tickets"),
        ("callers", "每日 · 来电人数，同一人每天只计一次", "by the day · callers, each counted once a day"),
    ],
)
def test_a_curve_says_what_its_bars_count(counts: str | None, zh: str, en: str) -> None:
    rows: list[dict[str, object]] = [{"ds": "2026-11-22T00:00:00", "y": 5, "expected": 4.0, "upper": 9.0}]
    assert drawn(counts, rows).unit == zh
    assert drawn(counts, rows, "en").unit == en
    assert zh in drawn(counts, rows).wide


def test_the_alerts_own_part_stands_in_front_of_all_of_its_kind_and_an_unfinished_day_says_so() -> None:
    rows: list[dict[str, object]] = [
        {"ds": "2026-11-21T00:00:00", "y": 12, "expected": 4.0, "upper": 9.0, "own": 0},
        {"ds": "2026-11-22T00:00:00", "y": 8, "expected": 4.0, "upper": 9.0, "own": 3},
        {"ds": "2026-11-23T00:00:00", "y": 2, "expected": None, "upper": None, "own": 2, "partial": True},
    ]
    curve = drawn("callers", rows)
    assert curve.shares
    assert curve.judged
    assert curve.wide.count('class="bar own"') == 2
    assert curve.wide.count('class="bar above"') == 1
    assert 'class="bar marked"' not in curve.wide
    assert "11-22: 8 (3)" in curve.wide
    assert [one.partial for one in curve.counts] == [False, False, True]
    assert not drawn("tickets", [{"ds": "2026-11-22T00:00:00", "y": 5, "expected": None, "upper": None}]).judged
