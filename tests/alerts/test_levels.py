"""The level's reason names only conditions that were looked at."""

import pytest

from features.configuration import AlertPolicy
from serve.alerts.candidates import Candidate
from serve.alerts.levels import assess, say_level_rule

FEW_PLACES = (
    "Yellow: at least 5 tickets; the source names no callers, and few hours or places say that they are many people"
)


@pytest.mark.parametrize(
    ("callers", "observed", "upper", "zh", "en"),
    [
        (7, 7, None, "黄色：不少于5人来电", "Yellow: at least 5 callers"),
        (1, 49, None, "蓝色：不足5人来电", "Blue: fewer than 5 callers"),
        (
            7,
            7,
            6.0,
            "黄色：不少于5人来电，且超过平时上限的1倍",
            "Yellow: at least 5 callers, and above 1 times the usual maximum",
        ),
        (
            7,
            7,
            8.0,
            "蓝色：不足5人，或未超过平时上限的1倍",
            "Blue: fewer than 5 callers, or not above 1 times the usual maximum",
        ),
    ],
)
def test_a_matter_without_a_usual_maximum_is_not_compared_with_one(callers, observed, upper, zh, en):
    found = Candidate(
        kind="高频", category="停水", area="海口市", callers=callers, observed=observed, upper=upper,
        window_start="2026-11-16T00:00", window_end="2026-11-23T00:00",
    )  # fmt: skip
    assessment = assess(found, AlertPolicy())
    said = [say_level_rule(assessment.level, assessment.document(), language) for language in ("zh-CN", "en")]
    assert said == [zh, en]
    assert assessment.level == {"黄": "yellow", "蓝": "blue"}[zh[0]]


@pytest.mark.parametrize(
    ("observed", "upper", "level", "en"),
    [
        (500, 3.0, "yellow", FEW_PLACES),
        (500, None, "yellow", FEW_PLACES),
        (4, None, "blue", "Blue: fewer than 5 tickets"),
        (9, 20.0, "blue", "Blue: fewer than 5 tickets, or not above 1 times the usual maximum"),
    ],
)
def test_without_callers_a_count_alone_is_never_orange_or_red(observed, upper, level, en):
    found = Candidate(
        kind="异动", category="停水", area="海口市", callers=0, observed=observed, upper=upper,
        window_start="2026-11-16T00:00", window_end="2026-11-23T00:00",
    )  # fmt: skip
    assessment = assess(found, AlertPolicy())
    assert assessment.level == level
    assert say_level_rule(assessment.level, assessment.document(), "en") == en
    sensitive = assess(found.model_copy(update={"sensitive": True}), AlertPolicy())
    assert sensitive.level == "red"


@pytest.mark.parametrize(
    ("callers", "hours", "places", "label_days", "level"),
    [
        (40, 5, 1, None, "red"),
        (40, 1, 5, None, "red"),
        (40, 1, 2, None, "yellow"),
        (40, 5, 5, 27, "orange"),
        (40, 5, 5, 28, "red"),
        (12, 3, 1, 3, "orange"),
        (0, 5, 1, None, "yellow"),
        (0, 1, 5, None, "yellow"),
        (0, 5, 5, None, "red"),
        (0, 0, 0, None, "yellow"),
    ],
)
def test_above_yellow_calls_come_from_several_hours_or_places(callers, hours, places, label_days, level):
    found = Candidate(
        kind="异动", category="停水", area="海口市", callers=callers, observed=max(callers, 40), upper=4.0,
        hours=hours, places=places, label_days=label_days,
        window_start="2026-11-16T00:00", window_end="2026-11-23T00:00",
    )  # fmt: skip
    assessment = assess(found, AlertPolicy())
    assert assessment.level == level
    for language in ("zh-CN", "en"):
        assert say_level_rule(assessment.level, assessment.document(), language)


def test_the_rule_of_an_orange_alert_can_be_recited():
    found = Candidate(
        kind="异动", category="停水", area="海口市", callers=0, observed=20, upper=4.0, hours=4, places=7,
        window_start="2026-11-16T00:00", window_end="2026-11-23T00:00",
    )  # fmt: skip
    assessment = assess(found, AlertPolicy())
    said = say_level_rule(assessment.level, assessment.document(), "zh-CN")
    assert said == "橙色：不少于10件（来源不注明来电人），超过平时上限的2倍，且来自3个以上钟点和3处以上地点"
