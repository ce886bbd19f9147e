"""The rule behind an alert in words that a person can recite, wherever it is shown."""

from __future__ import annotations

import doctest

import pytest

from serve.alerts import recite as module
from serve.alerts.recite import recite


@pytest.mark.parametrize(
    ("kind", "rule", "chinese", "english"),
    [
        ("高频", "5/7d", "7 天内满 5 件即报", "at least 5 in 7 days"),
        ("高频", "5/7d<0.001", "不足 1000 分之一", "more than chance brings once in 1,000"),
        ("一人多诉", "3/30d", "同一来电人、同一事项，30 天内满 3 次", "at least 3 times in 30 days"),
        ("敏感", "燃气泄漏", "敏感事项“燃气泄漏”，一件即报", "“燃气泄漏”: one is enough"),
        ("异动", "W:3", "3 周内的件数超出自身历史所能解释：通常至多 11 件", "within 3 weeks"),
        ("异动", "h:1", "1 小时内", "within one hour"),
        ("异动", "0.9km", "半径 0.9 公里内聚集", "within 0.9 km"),
        ("预告", "2/3", "3 年中有 2 年在同一时节重现", "in 2 of 3 years"),
        ("多人同诉", "停水、爆管", "多人反映同一件事：停水、爆管", "one cause: 停水、爆管"),
        ("首发", "新票务", "历史上没有过的话题：新票务", "a topic that history does not know: 新票务"),
    ],
)
def test_every_kind_says_its_rule(kind, rule, chinese, english):
    said = recite(kind, rule, upper=11.9)
    assert chinese in said[0]
    assert english in said[1]


@pytest.mark.parametrize("kind", ["异动", "高频", "敏感"])
def test_a_rule_that_is_a_sentence_stays(kind):
    assert recite(kind, "1天内27件，平时至多11件，一件即报") == ("1天内27件，平时至多11件，一件即报",) * 2


def test_the_examples_hold():
    assert doctest.testmod(module).failed == 0
