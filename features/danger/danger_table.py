"""Danger to people in a text: which words count, what excepts the others, and what says that somebody is in danger.

A table that officials edit says it all (`words.csv`): words of events, harmless phrases that hold such words, what
makes a clause a question, a plan or the distant past, what settles a matter. A negation acts only on the word right
behind it, never inside a word and never across a clause.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from features.errors import BadInputError
from features.privacy import quotable
from features.settings import Settings

COLUMNS: Final = ("sign", "phrase", "category", "note")
"""Columns of the table. `category` limits a row to tickets whose category holds that text; `note` is for readers."""


class Sign(StrEnum):
    """What a phrase of the table says."""

    EVENT = "event"
    """Something dangerous: it counts unless something excepts it."""
    WEAK = "weak"
    """Dangerous where it happens to somebody: it counts beside a person (倒在, 卡住)."""
    HARMLESS = "harmless"
    """A phrase that holds a word of an event and is none (打不着火)."""
    NEGATION = "negation"
    """Right before a word of an event: it did not happen."""
    CONTEXT = "context"
    """Its clause asks, plans, warns or teaches."""
    PAST = "past"
    """Long ago, until something says that it goes on."""
    SETTLED = "settled"
    """It is over, or was none, unless a later clause contradicts."""
    CONTRARY = "contrary"
    """What follows goes on all the same."""
    PERSON = "person"
    """Somebody is there: a second sign beside an event."""


@dataclass(frozen=True)
class Found:
    """A word of an event in a text; `excepted` is the sign that excepts it, `by` its phrase, '' where it counts."""

    word: str
    excepted: str = ""
    by: str = ""


@dataclass(frozen=True)
class Danger:
    """What a text says of danger.

    Attributes:
        found: The words of events in it, in order.
        persons: Whether it speaks of somebody who is there.
    """

    found: tuple[Found, ...] = ()
    persons: bool = False

    @property
    def counted(self) -> tuple[str, ...]:
        """The words that count, each once."""
        return tuple(dict.fromkeys(one.word for one in self.found if not one.excepted))


@dataclass(frozen=True)
class DangerTable:
    """The table, ready to judge texts.

    Attributes:
        phrases: Sign -> (phrase, category) of each row.
    """

    phrases: Mapping[Sign, Sequence[tuple[str, str]]] = field(default_factory=dict)

    @classmethod
    def shipped(cls) -> DangerTable:
        """Return the table that an installation starts with."""
        return _shipped()

    @classmethod
    def of_installation(cls, settings: Settings) -> DangerTable:
        """Return the table of an installation: its own where `[rules.sensitive] table` names one.

        Raises:
            BadInputError: The own table cannot be read.
        """
        own = settings.rules.sensitive.table
        return cls.read(settings.home / own) if own else cls.shipped()

    def with_words(self, words: Sequence[str]) -> DangerTable:
        """Return the table with more words of events."""
        more = [(word.strip().lower(), "") for word in words if word.strip()]
        if not more:
            return self
        return DangerTable({**self.phrases, Sign.EVENT: [*self.phrases.get(Sign.EVENT, ()), *more]})

    @classmethod
    def read(cls, path: Path) -> DangerTable:
        """Return an installation's own table.

        Raises:
            BadInputError: The file cannot be read, or a row of it says nothing.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInputError(
                f"{path}: the table of dangers cannot be read: {error}",
                hint="save it as CSV in UTF-8; `weisu rules table` writes the shipped one",
            ) from error
        return cls.of(text, str(path))

    @classmethod
    def of(cls, text: str, name: str) -> DangerTable:
        """Return the table of a CSV text; `name` is said in errors."""
        rows = csv.DictReader(io.StringIO(text))
        if missing := {"sign", "phrase"} - set(rows.fieldnames or ()):
            raise BadInputError(
                f"{name}: no column {', '.join(sorted(missing))}", hint=f"columns: {', '.join(COLUMNS)}"
            )
        phrases: dict[Sign, list[tuple[str, str]]] = {sign: [] for sign in Sign}
        for line, row in enumerate(rows, start=2):
            sign, phrase = (row["sign"] or "").strip(), (row["phrase"] or "").strip().lower()
            if sign not in set(Sign) or not phrase.strip("…"):
                said = f"sign {quotable(sign)!r}, phrase {quotable(phrase)!r}"
                raise BadInputError(f"{name}, line {line}: {said}", hint=f"signs: {', '.join(Sign)}")
            phrases[Sign(sign)].append((phrase, (row.get("category") or "").strip().lower()))
        return cls(phrases)

    def judge(self, text: str, category: str = "") -> Danger:
        """Return what a text says of danger.

        Args:
            text: A ticket's words.
            category: What the ticket is filed under: rows may hold for some categories only.

        >>> table = DangerTable.shipped()
        >>> table.judge("热水器打不着火").counted, table.judge("没有人管，已经起火了").counted
        ((), ('起火',))
        """
        text = normal(text)[:READ]
        judged = tuple(self._judged(text, category.lower()))
        return Danger(judged, bool(judged and self._spans(Sign.PERSON, text, category.lower())))

    def _judged(self, text: str, category: str) -> Iterator[Found]:
        events = [(*span, False) for span in self._spans(Sign.EVENT, text, category)]
        events += [(*span, True) for span in self._spans(Sign.WEAK, text, category)]
        if not events:
            return
        harmless = self._spans(Sign.HARMLESS, text, category)
        clauses = [match.span() for match in _CLAUSE.finditer(text)]
        contrary = [start for start, _, _ in self._spans(Sign.CONTRARY, text, category)]
        alone = not self._spans(Sign.PERSON, text, category)
        for start, end, word, weak in sorted(events):
            clause = next((span for span in clauses if span[0] <= start < span[1]), (0, len(text)))
            by = self._excepts(text, (start, end), clause, harmless, contrary, category)
            yield Found(word, *(by if by[0] or not (weak and alone) else (Sign.WEAK.value, word)))

    def _excepts(
        self,
        text: str,
        span: tuple[int, int],
        clause: tuple[int, int],
        harmless: Sequence[tuple[int, int, str]],
        contrary: Sequence[int],
        category: str,
    ) -> tuple[str, str]:
        """Return the sign and the phrase that except a word, or two empty ones."""
        start, end = span
        for first, last, phrase in harmless:
            if first < end and start < last:
                return Sign.HARMLESS.value, phrase
        if match := self._negated.search(text[clause[0] : start]):
            return Sign.NEGATION.value, match.group().strip()
        for _, last, phrase in self._spans(Sign.CONTEXT, text[clause[0] : clause[1]], category):
            if not any(clause[0] + last <= at <= start for at in contrary):
                return Sign.CONTEXT.value, phrase
        for sign in (Sign.PAST, Sign.SETTLED):
            for first, last, phrase in self._spans(sign, text, category):
                goes_on = any(last <= at <= start for at in contrary)
                if not goes_on and (sign is Sign.SETTLED or first < clause[1]):
                    return sign.value, phrase
        return "", ""

    def _spans(self, sign: Sign, text: str, category: str) -> list[tuple[int, int, str]]:
        """Return where phrases of a sign stand, the longest at each place."""
        by_first, limited = self._patterns[sign], self._limited[sign]
        spans, at = [], 0
        while at < len(text):
            pattern = by_first.get(text[at])
            match = pattern.match(text, at) if pattern else None
            only = limited.get(match.group()) if match else None
            if match is None or (only is not None and not any(one in category for one in only)):
                at += 1
                continue
            spans.append((*match.span(), match.group()))
            at = match.end()
        return spans

    @cached_property
    def _limited(self) -> dict[Sign, dict[str, list[str]]]:
        """The phrases that hold for some categories only, by sign."""
        limited: dict[Sign, dict[str, list[str]]] = {sign: {} for sign in Sign}
        for sign, rows in self.phrases.items():
            for phrase, category in rows:
                if category:
                    limited[sign].setdefault(phrase, []).append(category)
        return limited

    @cached_property
    def _patterns(self) -> dict[Sign, dict[str, re.Pattern[str]]]:
        """The phrases of each sign by their first character: hardly any position needs more than a look."""
        return {sign: _patterns_of([phrase for phrase, _ in self.phrases.get(sign, ())]) for sign in Sign}

    @cached_property
    def _negated(self) -> re.Pattern[str]:
        words = "|".join(_phrase(phrase) for phrase, _ in self.phrases.get(Sign.NEGATION, ())) or r"(?!)"
        return re.compile(rf"(?:{words})(?:{_BETWEEN}){{0,2}}\s*$")


@lru_cache(maxsize=1)
def _shipped() -> DangerTable:
    return DangerTable.of(shipped_text(), "the shipped table")


def shipped_text() -> str:
    """Return the shipped table as CSV, to be edited."""
    return (files("features.danger") / "words.csv").read_text(encoding="utf-8")


READ: Final = 160
"""Characters of a text that are read: who is in danger says so first, and long letters hold every word there is."""
_BETWEEN: Final = (
    "发生|出现|发现|造成|引发|引起|任何|人员|房屋|车辆|一起|一例|闻到|看到|有|明显|明|到|受|被|再|见|"
    r"\s+(?:any|a|an|the|sign of|signs of|evidence of|real|actual|been|be)(?=\s)"
)
"""What may stand between a negation and the word that it acts on."""
_CLAUSE: Final = re.compile(r"[^，,。；;！!？?、\n.]+(?:\.(?=\d)[^，,。；;！!？?、\n.]*)*")
_GAP: Final = r"[^，,。；;！!？?、\n.]{0,8}?"
_WIDE: Final = str.maketrans(
    "煙燒樓門開車個漁鐵對塌壓傷殺槍藥電觸樹橋隧應場間頭聲沒無裡裏進來還這後動東風飛爐氣氺著亂揮斬廁鎖遊兒媽爺醫院訊雞貓話險",
    "烟烧楼门开车个渔铁对塌压伤杀枪药电触树桥隧应场间头声没无里里进来还这后动东风飞炉气水着乱挥斩厕锁游儿妈爷医院讯鸡猫话险",
)


def normal(text: str) -> str:
    """Return a text as the table is written: lower case, half width, common traditional characters simplified."""
    half = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" and c not in "，。；！？" else c for c in text)
    return half.translate(_WIDE).lower().replace("’", "'")


def _patterns_of(phrases: Sequence[str]) -> dict[str, re.Pattern[str]]:
    by_first: dict[str, list[str]] = {}
    for phrase in sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase)):
        by_first.setdefault(phrase[0], []).append(_phrase(phrase))
    return {first: re.compile("|".join(several)) for first, several in by_first.items()}


def _phrase(phrase: str) -> str:
    """Return a phrase as a pattern: … stands for a few characters of one clause, a word in Latin script ends as one."""
    said = _GAP.join(re.escape(part) for part in phrase.split("…"))
    if phrase[0].isascii():
        said = rf"(?<![a-z]){said}(?![a-z])" if phrase[-1].isascii() and phrase[-1].isalpha() else rf"(?<![a-z]){said}"
    return said
