"""What would become of one text: the words that count as danger, what excepted the others, and the alert's level."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from features.danger import DangerTable, Found, Sign
from features.vocabulary import SecondSign
from features.words import Family, Language, catalogue
from serve.alerts.levels import say_level_rule, sensitive_level

EXCEPTING: Final = Family.of(
    "danger.excepted", (Sign.HARMLESS, Sign.NEGATION, Sign.CONTEXT, Sign.PAST, Sign.SETTLED, Sign.WEAK)
)


def tried_text(
    table: DangerTable, text: str, category: str = "", watched: Collection[str] = (), *, language: Language = "en"
) -> dict[str, Any]:
    """Return what the table says of a text: `text`, `level` ('' for no alert), `rule`, and `words` with what is said.

    Args:
        table: In force.
        text: As a ticket has it.
        category: What it is filed under.
        watched: Categories of which every ticket is sensitive.
        language: Of `rule` and of `said`.
    """
    danger, listed = table.judge(text, category), category in watched
    found = [_said(one, language) for one in danger.found]
    if not danger.counted and not listed:
        return {"text": text, "level": "", "rule": "", "words": found}
    there = {SecondSign.PERSON: danger.persons, SecondSign.CATEGORY: listed}
    signs = [sign for sign, holds in there.items() if holds]
    assessment = sensitive_level(signs, doubt=bool(listed and danger.found and not danger.counted))
    rule = say_level_rule(assessment.level, assessment.document(), language)
    return {"text": text, "level": assessment.level.value, "rule": rule, "words": found}


def _said(found: Found, language: Language) -> dict[str, str]:
    words = catalogue(language)
    said = words.of(EXCEPTING, found.excepted, by=found.by) if found.excepted else words("danger.counts")
    return {"word": found.word, "excepted": found.excepted, "by": found.by, "said": said}
