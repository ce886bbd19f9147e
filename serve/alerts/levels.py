"""How grave: 蓝黄橙红 by a rule that a person can recite, shown with every alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from features.configuration import AlertPolicy, LevelRule
from features.vocabulary import AlertLevel, Kind
from features.words import Family, Language, catalogue
from serve.alerts.candidates import Candidate

LEVEL_WORDS: Final = Family.of("level", AlertLevel)


class LevelReason(StrEnum):
    """Why an alert has its level; the sentences stand at `level_reason.CODE`."""

    SENSITIVE = "sensitive"
    FORECAST = "forecast"
    FAR_ABOVE_USUAL = "far_above_usual"
    NEAR_USUAL = "near_usual"
    MANY_CALLERS = "many_callers"
    FEW_CALLERS = "few_callers"
    AS_RECORDED = "as_recorded"
    """A sentence that an older version stored."""


LEVEL_REASONS: Final = Family.of("level_reason", LevelReason)


@dataclass(frozen=True)
class Assessment:
    """A level and why: the reason's code with the numbers that decided."""

    level: AlertLevel
    rule: Mapping[str, Any]

    @classmethod
    def of(cls, level: AlertLevel, reason: LevelReason, rule: LevelRule | None = None) -> Assessment:
        """Return a level with its reason and the thresholds that decided."""
        numbers = {"n": rule.callers, "times": rule.times_usual} if rule else {}
        return cls(level, {"code": reason.value, "params": numbers})

    def document(self) -> dict[str, Any]:
        """Return the rule as it is stored and sent."""
        return dict(self.rule)


def say_level_rule(level: AlertLevel, document: Mapping[str, Any], language: Language) -> str:
    """Return why an alert has its level, as a person recites it.

    >>> say_level_rule(AlertLevel.RED, {"code": "sensitive", "params": {}}, "zh-CN")
    '红色：敏感事项，一件即报'
    """
    words = catalogue(language)
    return words.of(LEVEL_REASONS, document["code"], level=words.of(LEVEL_WORDS, level), **document["params"])


def assess(candidate: Candidate, policy: AlertPolicy) -> Assessment:
    """Return the level of a candidate.

    A sensitive matter is red, a forecast (预告) blue. Otherwise the highest level whose two conditions both hold:
    enough distinct callers, and enough times the usual maximum. Without that maximum only callers count, up to yellow.
    """
    if candidate.sensitive:
        return Assessment.of(AlertLevel.RED, LevelReason.SENSITIVE)
    if candidate.kind is Kind.FORECAST:
        return Assessment.of(AlertLevel.BLUE, LevelReason.FORECAST)
    yellow = policy.levels[AlertLevel.YELLOW]
    if candidate.upper is None:
        # A rule's hit, for instance, has no usual maximum.
        enough = candidate.callers >= yellow.callers
        return (
            Assessment.of(AlertLevel.YELLOW, LevelReason.MANY_CALLERS, yellow)
            if enough
            else Assessment.of(AlertLevel.BLUE, LevelReason.FEW_CALLERS, yellow)
        )
    for level in (AlertLevel.RED, AlertLevel.ORANGE, AlertLevel.YELLOW):
        rule = policy.levels[level]
        if _applies(candidate, rule, candidate.upper):
            return Assessment.of(level, LevelReason.FAR_ABOVE_USUAL, rule)
    return Assessment.of(AlertLevel.BLUE, LevelReason.NEAR_USUAL, yellow)


def _applies(candidate: Candidate, rule: LevelRule, upper: float) -> bool:
    enough = candidate.callers >= rule.callers
    return enough and candidate.observed > upper and candidate.observed >= rule.times_usual * upper
