"""How grave: 蓝黄橙红 by a rule that a person can recite, shown with every alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from features.configuration import AlertPolicy, LevelRule
from features.vocabulary import AlertLevel, Kind, SecondSign
from features.words import Family, Language, catalogue
from serve.alerts.candidates import Candidate

LEVEL_WORDS: Final = Family.of("level", AlertLevel)


class LevelReason(StrEnum):
    """Why an alert has its level; the sentences stand at `level_reason.CODE`."""

    SENSITIVE = "sensitive"
    SENSITIVE_SECOND = "sensitive_second"
    """A second sign says the same."""
    SENSITIVE_DOUBT = "sensitive_doubt"
    """The category says danger and the text denies it."""
    FORECAST = "forecast"
    FAR_ABOVE_USUAL = "far_above_usual"
    SPREAD = "spread"
    """Far above what is usual, and from several hours or places."""
    SPREAD_TICKETS = "spread_tickets"
    """The same of tickets whose callers nobody names: from several hours and places."""
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
SECOND_SIGNS: Final = Family.of("second_sign", SecondSign)


@dataclass(frozen=True)
class Assessment:
    """A level and why: the reason's code with the numbers that decided."""

    level: AlertLevel
    rule: Mapping[str, Any]

    @classmethod
    def of(cls, level: AlertLevel, reason: LevelReason, rule: LevelRule | None = None) -> Assessment:
        """Return a level with its reason and the thresholds that decided."""
        numbers: dict[str, Any] = {"n": rule.callers, "times": rule.times_usual} if rule else {}
        if rule and reason in {LevelReason.SPREAD, LevelReason.SPREAD_TICKETS}:
            numbers |= {"hours": rule.hours, "places": rule.places}
        return cls(level, {"code": reason.value, "params": numbers})

    def document(self) -> dict[str, Any]:
        """Return the rule as it is stored and sent."""
        return dict(self.rule)


def say_level_rule(level: AlertLevel, document: Mapping[str, Any], language: Language) -> str:
    """Return why an alert has its level, as a person recites it.

    >>> say_level_rule(AlertLevel.ORANGE, {"code": "sensitive", "params": {}}, "zh-CN")
    '橙色：敏感事项，一件即报'
    """
    words = catalogue(language)
    params = dict(document["params"])
    if "sign" in params:
        params["sign"] = words.of(SECOND_SIGNS, params["sign"])
    return words.of(LEVEL_REASONS, document["code"], level=words.of(LEVEL_WORDS, level), **params)


def assess(candidate: Candidate, policy: AlertPolicy) -> Assessment:
    """Return the level of a candidate.

    A sensitive matter is orange, red with a second sign; a forecast (预告) is blue. Otherwise the highest level whose
    conditions all hold: enough distinct callers, enough times the usual maximum, and calls from several hours or
    places. Without that maximum only callers count, up to yellow. Where the source names no callers, tickets count in
    their place, and above yellow they come from several hours and several places. A young label is never red by count.
    """
    if candidate.sensitive:
        several = max(candidate.callers, 0 if candidate.callers else candidate.observed) > 1
        signs = [*candidate.signs, *([SecondSign.CALLERS] if several else [])]
        return sensitive_level(signs, doubt=candidate.doubt)
    if candidate.kind is Kind.FORECAST:
        return Assessment.of(AlertLevel.BLUE, LevelReason.FORECAST)
    named = bool(candidate.callers) or not candidate.observed
    for level in (AlertLevel.RED, AlertLevel.ORANGE):
        if _is_spread(candidate, policy.levels[level], named=named) and not (
            level is AlertLevel.RED and _is_young(candidate, policy)
        ):
            reason = LevelReason.SPREAD if named else LevelReason.SPREAD_TICKETS
            return Assessment.of(level, reason, policy.levels[level])
    return _by_count(candidate, policy.levels[AlertLevel.YELLOW], named=named)


def sensitive_level(signs: Sequence[SecondSign], *, doubt: bool) -> Assessment:
    """Return the level of a sensitive matter: one ticket is enough, and only red needs a second sign.

    Args:
        signs: What says the same beside its words.
        doubt: The text denies what its category says: somebody has to look.
    """
    if doubt:
        return Assessment.of(AlertLevel.YELLOW, LevelReason.SENSITIVE_DOUBT)
    for sign in signs:
        document = {"code": LevelReason.SENSITIVE_SECOND.value, "params": {"sign": sign.value}}
        return Assessment(AlertLevel.RED, document)
    return Assessment.of(AlertLevel.ORANGE, LevelReason.SENSITIVE)


def _is_spread(candidate: Candidate, rule: LevelRule, *, named: bool) -> bool:
    """Tell whether a candidate is far above what is usual, and its calls come from several hours or places."""
    count = candidate.callers if named else candidate.observed
    if candidate.upper is None or count < rule.callers or not _beyond(candidate, rule):
        return False
    several = (candidate.hours >= rule.hours, candidate.places >= rule.places)
    return any(several) if named else all(several)


def _is_young(candidate: Candidate, policy: AlertPolicy) -> bool:
    return candidate.label_days is not None and candidate.label_days < policy.young_label_days


def _by_count(candidate: Candidate, yellow: LevelRule, *, named: bool) -> Assessment:
    """Return yellow for enough callers (or tickets) above the usual maximum, where there is one; else blue."""
    count = candidate.callers if named else candidate.observed
    if count >= yellow.callers and _beyond(candidate, yellow):
        told = LevelReason.FAR_ABOVE_USUAL if candidate.upper is not None else LevelReason.MANY_CALLERS
        return Assessment.of(AlertLevel.YELLOW, told if named else LevelReason.MANY_TICKETS, yellow)
    if candidate.upper is None:
        few = LevelReason.FEW_CALLERS if named else LevelReason.FEW_TICKETS
    else:
        few = LevelReason.NEAR_USUAL if named else LevelReason.TICKETS_NEAR_USUAL
    return Assessment.of(AlertLevel.BLUE, few, yellow)


def _beyond(candidate: Candidate, rule: LevelRule) -> bool:
    upper = candidate.upper
    return upper is None or (candidate.observed > upper and candidate.observed >= rule.times_usual * upper)
