"""The level's reason names only conditions that were looked at."""

import pytest

from features.configuration import AlertPolicy
from serve.alerts.candidates import Candidate
from serve.alerts.levels import assess, say_level_rule


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
        (500, 3.0, "yellow", "Yellow: at least 5 tickets; the source does not say from how many people, so no higher"),
        (500, None, "yellow", "Yellow: at least 5 tickets; the source does not say from how many people, so no higher"),
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
