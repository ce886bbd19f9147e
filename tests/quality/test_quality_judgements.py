import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from features.configuration import QualityConfig
from features.quality import (
    complete_days,
    delay_profile,
    freshness,
    make_report,
    missing_values,
    render_fragment,
    render_page,
    unseen_labels,
    volume_against_expectation,
)

CONFIG = QualityConfig()
DAYS = pd.date_range("2026-01-05", periods=140)
NOW = datetime(2026, 5, 25, 0, 0, tzinfo=UTC)


def daily(**changes):
    """Weekdays about 100, weekends 30, Poisson noise; then single days are replaced."""
    rng = np.random.default_rng(3)
    tickets = pd.Series(rng.poisson(np.where(DAYS.day_of_week < 5, 100, 30)), index=DAYS)
    for day, value in changes.items():
        tickets[pd.Timestamp(day.replace("_", "-").lstrip("d"))] = value
    return pd.DataFrame({"source": "s", "day": DAYS, "tickets": tickets.to_numpy()})


def judgements(frame, **kwargs):
    return volume_against_expectation(frame, config=CONFIG, **kwargs).set_index("day")["judgement"]


def test_usual_days_are_ok_weekends_included():
    assert set(judgements(daily())) == {"ok"}


def test_half_a_day_is_low_a_burst_is_high_and_an_empty_day_is_low():
    result = judgements(daily(d2026_05_20=45, d2026_05_21=190, d2026_05_22=0))
    assert result[["2026-05-20", "2026-05-21", "2026-05-22"]].tolist() == ["low", "high", "low"]


def test_low_day_off_is_a_holiday():
    assert judgements(daily(d2026_05_20=10), holidays=["2026-05-20"])["2026-05-20"] == "holiday"


def test_young_source_is_not_judged():
    assert set(judgements(daily().tail(15))) == {"young"}


def test_volume_looks_back_only():
    changed = daily()
    changed.loc[changed["day"] == "2026-05-24", "tickets"] = 100_000
    before = volume_against_expectation(daily(), config=CONFIG).iloc[:-1]
    after = volume_against_expectation(changed, config=CONFIG).iloc[:-1]
    pd.testing.assert_frame_equal(before, after)


def test_silent_days_between_are_zeros():
    frame = complete_days(daily().drop(index=[50, 51]))
    assert len(frame) == 140
    assert frame.loc[[50, 51], "tickets"].tolist() == [0, 0]


def states(last, *, ended=False, per_day=80.0):
    moment = pd.Timestamp(last, tz="UTC")
    return pd.DataFrame(
        {
            "source": ["s"],
            "last_opened": [moment],
            "last_known": [moment],
            "known_through": [pd.NaT],
            "ended": [ended],
            "per_day": [per_day],
        }
    )


@pytest.mark.parametrize(
    ("last", "ended", "status"),
    [
        ("2026-05-24T20:00", False, "live"),
        ("2026-05-22T20:00", False, "stalled"),
        ("2026-05-22T20:00", True, "ended"),
    ],
)
def test_silence_of_a_busy_feed_is_a_stall(last, ended, status):
    assert freshness(states(last, ended=ended), as_of=NOW, config=CONFIG)["status"].item() == status


def test_silence_of_a_quiet_source_is_only_late():
    quiet = states("2026-05-19T00:00", per_day=0.5)
    assert freshness(quiet, as_of=NOW, config=CONFIG)["status"].item() == "late"


def test_feed_that_was_read_without_news_is_alive():
    read = states("2026-05-20T00:00").assign(known_through=pd.Timestamp("2026-05-24T23:00Z"))
    assert freshness(read, as_of=NOW, config=CONFIG)["status"].item() == "live"


def label_counts(*rows):
    return pd.DataFrame(rows, columns=["source", "label", "tickets", "first_day"])


def test_unseen_labels_are_told_with_what_they_look_like():
    known = label_counts(("s", "04 Brooklyn", 900, "2025-01-01"))
    recent = label_counts(
        ("s", "4 Brooklyn", 2, "2026-05-02"), ("s", "新类别", 7, "2026-05-03"), ("t", "x", 1, "2026-05-01")
    )
    result = unseen_labels(recent, known, dimension="district")
    assert result[["label", "looks_like"]].to_numpy().tolist() == [["新类别", ""], ["4 Brooklyn", "04 Brooklyn"]]


def test_rise_of_missing_values_is_judged():
    columns = ["category", "lat", "closed_at"]
    recent = pd.DataFrame({"source": "s", "column": columns, "missing": [30, 1, 60], "tickets": 100})
    before = pd.DataFrame({"source": "s", "column": columns, "missing": [10, 10, 10], "tickets": 1000})
    result = missing_values(recent, before, config=CONFIG).set_index("column")
    # Recent tickets are still open, so their closing is not missing.
    assert result["judgement"].to_dict() == {"category": "risen", "lat": "ok", "closed_at": "ok"}
    assert result.loc["category", ["share", "share_before"]].tolist() == [0.3, 0.01]


def test_delay_profile_against_plain_counting():
    rng = np.random.default_rng(0)
    hours = np.floor(rng.exponential(30, 5000)).astype(int)
    counted = pd.Series(hours).value_counts()
    delays = pd.DataFrame({"source": "s", "hours": counted.index, "tickets": counted.to_numpy()})
    result = delay_profile(delays).iloc[0]
    assert result["within_0d"] == pytest.approx((hours < 24).mean())
    assert result["within_7d"] == pytest.approx((hours < 8 * 24).mean())
    assert result["p50"] == np.quantile(hours, 0.5, method="inverted_cdf")
    assert result["p90"] == np.quantile(hours, 0.9, method="inverted_cdf")


def report(**replaced):
    tables = {
        "freshness": freshness(states("2026-05-22T20:00"), as_of=NOW, config=CONFIG),
        "volume": volume_against_expectation(daily(d2026_05_20=10), config=CONFIG),
        "unseen": unseen_labels(
            label_counts(("s", "<b>x", 2, "2026-05-02")),
            label_counts(("s", "y", 9, "2025-01-01")),
            dimension="category",
        ),
        "missing": pd.DataFrame(columns=["source", "column", "share", "share_before", "judgement"]),
        "duplicates": pd.DataFrame({"source": ["s"], "tickets": [3], "share": [0.01]}),
        "delay": delay_profile(pd.DataFrame({"source": ["s"], "hours": [1], "tickets": [2]})),
        "quarantine": pd.DataFrame(columns=["source", "column", "reason", "rows"]),
    }
    return make_report(tables | replaced, as_of=NOW, generated_at=NOW, snapshot=7)


def test_report_is_one_json_document_with_the_worst_first():
    document = json.loads(json.dumps(report(), ensure_ascii=False, allow_nan=False))
    assert document["schema_version"] == 1
    assert document["status"] == "stale"
    assert document["snapshot"] == 7
    assert document["problems"][0]["severity"] == "error"
    assert "52 小时没有新工单" in document["problems"][0]["zh"]
    assert any("on 2026-05-20: 10 tickets, low" in problem["en"] for problem in document["problems"])
    assert document["volume"][0]["day"] == "2026-05-11T00:00:00"


def test_report_without_problems_is_ok():
    fine = report(
        freshness=freshness(states("2026-05-24T20:00"), as_of=NOW, config=CONFIG),
        volume=volume_against_expectation(daily(), config=CONFIG),
        unseen=pd.DataFrame(columns=["source", "dimension", "label", "tickets", "first_day", "looks_like"]),
        duplicates=pd.DataFrame(columns=["source", "tickets", "share"]),
    )
    assert (fine["status"], fine["problems"]) == ("ok", [])


def test_page_shows_the_problems_escaped_and_needs_nothing_from_outside():
    page, fragment = render_page(report()), render_fragment(report())
    assert "&lt;b&gt;x" in page
    assert "<b>x" not in page
    assert "数据中断" in fragment
    assert "<html" not in fragment
    assert "http" not in page
