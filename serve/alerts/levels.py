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
    MANY_TICKETS = "many_tickets"
    """The source names no callers: so many tickets may be one person's."""
    FEW_TICKETS = "few_tickets"
    TICKETS_NEAR_USUAL = "tickets_near_usual"
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
    Where the source names no callers, tickets count in their place, up to yellow.
    """
    if candidate.sensitive:
        return Assessment.of(AlertLevel.RED, LevelReason.SENSITIVE)
    if candidate.kind is Kind.FORECAST:
        return Assessment.of(AlertLevel.BLUE, LevelReason.FORECAST)
    yellow = policy.levels[AlertLevel.YELLOW]
    if not candidate.callers and candidate.observed:
        return _by_tickets(candidate, yellow)
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
        if candidate.callers >= rule.callers and _beyond(candidate, rule):
            return Assessment.of(level, LevelReason.FAR_ABOVE_USUAL, rule)
    return Assessment.of(AlertLevel.BLUE, LevelReason.NEAR_USUAL, yellow)


def _by_tickets(candidate: Candidate, yellow: LevelRule) -> Assessment:
    """Nobody can say from how many people they are: a count alone is never graver than yellow."""
    if candidate.observed >= yellow.callers and _beyond(candidate, yellow):
        return Assessment.of(AlertLevel.YELLOW, LevelReason.MANY_TICKETS, yellow)
    few = LevelReason.FEW_TICKETS if candidate.upper is None else LevelReason.TICKETS_NEAR_USUAL
    return Assessment.of(AlertLevel.BLUE, few, yellow)


def _beyond(candidate: Candidate, rule: LevelRule) -> bool:
    upper = candidate.upper
    return upper is None or (candidate.observed > upper and candidate.observed >= rule.times_usual * upper)
