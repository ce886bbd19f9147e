"""The rule behind an alert, as a sentence that a person can recite."""

from __future__ import annotations

import math
from typing import Final

from features.vocabulary import BeyondHistory, Frequency, ManyTickets, Rule, RuleCode, Watched, rule_document
from features.words import Family, Language, catalogue

Sentences = tuple[str, str]
"""The rule in Chinese and in English."""

RULES: Final = Family.of("rule", RuleCode)
SPANS: Final = Family.of("span", Frequency)
"""A number of periods, `n`."""

_LISTED: Final[dict[Language, str]] = {"zh-CN": "、", "en": ", "}


def recite(rule: Rule | None, *, upper: float | None = None) -> Sentences:
    """Return the rule of an alert in words; nothing where its detector named none.

    Args:
        rule: The rule by its code and parameters.
        upper: The most that is usual.

    >>> recite(ManyTickets(tickets=5, days=7))[0]
    '同一地方、同一事项，7 天内满 5 件即报'
    >>> recite(BeyondHistory(freq=Frequency.DAILY, periods=2), upper=11.4)[1]
    'more within 2 days than its own history explains: usually at most 11'
    """
    return ("", "") if rule is None else (_said(rule, "zh-CN", upper), _said(rule, "en", upper))


def _said(rule: Rule, language: Language, upper: float | None) -> str:
    words = catalogue(language)
    match rule:
        case ManyTickets(chance=float(chance)):
            return words("rule.many_tickets.rare", tickets=rule.tickets, days=rule.days, once=round(1 / chance))
        case BeyondHistory() if upper is not None:
            span = words.of(SPANS, rule.freq, n=rule.periods)
            return words("rule.beyond_history.usual", span=span, most=math.floor(upper))
        case BeyondHistory():
            return words.of(RULES, rule.code, span=words.of(SPANS, rule.freq, n=rule.periods))
        case Watched():
            return words.of(RULES, rule.code, words=_LISTED[language].join(rule.words))
        case _:
            return words.of(RULES, rule.code, **rule_document(rule))
