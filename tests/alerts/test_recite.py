"""The rule behind an alert in words that a person can recite, wherever it is shown."""

from __future__ import annotations

import doctest

import pytest

from features.vocabulary import (
    BeyondHistory,
    Cluster,
    Frequency,
    ManyTickets,
    NewTopic,
    OneCaller,
    Season,
    SharedCause,
    Watched,
)
from serve.alerts import rule_text as module
from serve.alerts.rule_text import recite


@pytest.mark.parametrize(
    ("rule", "chinese", "english"),
    [
        (ManyTickets(tickets=5, days=7), "7 天内满 5 件即报", "at least 5 in 7 days"),
        (ManyTickets(tickets=5, days=7, chance=0.001), "不足 1000 分之一", "more than chance brings once in 1,000"),
        (OneCaller(times=3, days=30), "同一来电人、同一事项，30 天内满 3 次", "at least 3 times in 30 days"),
        (Watched(words=("燃气泄漏",)), "敏感事项“燃气泄漏”，一件即报", "“燃气泄漏”: one is enough"),
        (Watched(words=("着火", "爆炸")), "敏感事项“着火、爆炸”", "“着火, 爆炸”"),
        (
            BeyondHistory(freq=Frequency.WEEKLY, periods=3),
            "3 周内的件数超出自身历史所能解释：通常至多 11 件",
            "within 3 weeks",
        ),
        (BeyondHistory(freq=Frequency.HOURLY, periods=1), "1 小时内", "within one hour"),
        (Cluster(radius_km=0.9), "半径 0.9 公里内聚集", "within 0.9 km"),
        (Season(years_seen=2, years=3), "3 年中有 2 年在同一时节重现", "in 2 of 3 years"),
        (SharedCause(topic="停水、爆管"), "多人反映同一件事：停水、爆管", "one cause: 停水、爆管"),
        (NewTopic(topic="新票务"), "历史上没有过的话题：新票务", "a topic that history does not know: 新票务"),
    ],
)
def test_every_rule_is_said_in_words(rule, chinese, english):
    said = recite(rule, upper=11.9)
    assert chinese in said[0]
    assert english in said[1]


def test_a_surge_without_a_usual_maximum_says_none():
    rule = BeyondHistory(freq=Frequency.DAILY, periods=2)
    assert recite(rule) == ("2 天内的件数超出自身历史所能解释", "more within 2 days than its own history explains")


def test_no_rule_is_no_sentence():
    assert recite(None) == ("", "")


def test_the_examples_hold():
    assert doctest.testmod(module).failed == 0
