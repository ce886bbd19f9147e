"""How grave: 蓝黄橙红 by a rule that a person can recite, shown with every alert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from features.vocabulary import AlertLevel, Kind
from serve.alerts.candidates import Candidate
from serve.alerts.policy import AlertPolicy, LevelRule

LEVEL_WORDS: Final[dict[str, dict[AlertLevel, str]]] = {
    "zh-CN": {
        AlertLevel.RED: "红色",
        AlertLevel.ORANGE: "橙色",
        AlertLevel.YELLOW: "黄色",
        AlertLevel.BLUE: "蓝色",
    },
    "en": {AlertLevel.RED: "Red", AlertLevel.ORANGE: "Orange", AlertLevel.YELLOW: "Yellow", AlertLevel.BLUE: "Blue"},
}
"""Language -> level -> what it is called."""


@dataclass(frozen=True)
class Assessment:
    """A level and the sentence that explains it."""

    level: AlertLevel
    rule_zh: str
    rule_en: str

    def document(self) -> dict[str, Any]:
        """Return the rule as it is stored and shown."""
        return {"zh-CN": self.rule_zh, "en": self.rule_en}


def assess(candidate: Candidate, policy: AlertPolicy) -> Assessment:
    """Return the level of a candidate.

    A sensitive matter is red, a forecast (预告) blue. Otherwise the highest level whose two conditions both hold:
    enough distinct callers, and enough times the usual maximum. Without that maximum only callers count, up to yellow.
    """
    if candidate.sensitive:
        return Assessment(AlertLevel.RED, "红色：敏感事项，一件即报", "Red: a sensitive matter, one is enough")
    if candidate.kind is Kind.FORECAST:
        return Assessment(
            AlertLevel.BLUE, "蓝色：预告，诉求尚未到来", "Blue: a forecast, the complaints have not come yet"
        )
    if candidate.upper is None:
        return _by_callers_alone(candidate, policy.levels[AlertLevel.YELLOW])
    for level in (AlertLevel.RED, AlertLevel.ORANGE, AlertLevel.YELLOW):
        rule = policy.levels[level]
        if _applies(candidate, rule, candidate.upper):
            return Assessment(level, _zh(level, rule), _en(level, rule))
    rule = policy.levels[AlertLevel.YELLOW]
    return Assessment(
        AlertLevel.BLUE,
        f"蓝色：不足{rule.callers}人，或未超过平时上限的{_times(rule)}倍",
        f"Blue: fewer than {rule.callers} callers, or not above {_times(rule)} times the usual maximum",
    )


def _by_callers_alone(candidate: Candidate, rule: LevelRule) -> Assessment:
    """Return yellow or blue: a rule's hit, for instance, has no usual maximum."""
    if candidate.callers >= rule.callers:
        return Assessment(
            AlertLevel.YELLOW, f"黄色：不少于{rule.callers}人来电", f"Yellow: at least {rule.callers} callers"
        )
    return Assessment(AlertLevel.BLUE, f"蓝色：不足{rule.callers}人来电", f"Blue: fewer than {rule.callers} callers")


def _applies(candidate: Candidate, rule: LevelRule, upper: float) -> bool:
    enough = candidate.callers >= rule.callers
    return enough and candidate.observed > upper and candidate.observed >= rule.times_usual * upper


def _times(rule: LevelRule) -> str:
    return f"{rule.times_usual:g}"


def _zh(level: AlertLevel, rule: LevelRule) -> str:
    return f"{LEVEL_WORDS['zh-CN'][level]}：不少于{rule.callers}人来电，且超过平时上限的{_times(rule)}倍"


def _en(level: AlertLevel, rule: LevelRule) -> str:
    return (
        f"{LEVEL_WORDS['en'][level]}: at least {rule.callers} callers, and above {_times(rule)} times the usual maximum"
    )
