"""Names of places inside a text: they say where a matter is, not what it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from features.text.words import word_list

PLACE_MARK: Final = "@"
"""First character of a token that names a place."""

_ENDING: Final = re.compile("(?:小区|社区|花园|家园|公寓|广场|大道|大厦|新城|新村|[路街巷村镇乡县苑湾])$")
_STREET: Final = re.compile("^.[路街巷弄]$")
"""横街, 中路, 后巷: the ending of a street's name."""
_NAMED: Final = 3
_WESTERN_PLACE: Final = re.compile(
    r"\b(?:\d{1,5}\s+)?[A-ZÄÖÜ][\wäöüß.'-]+(?:\s[A-ZÄÖÜ][\wäöüß.'-]+){0,2}\s"
    r"(?:St|Street|Ave|Avenue|Rd|Road|Blvd|Square|Sq|Lane|Ln|Drive|Dr|Park|Place|Pl)\b"
    r"|\b[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|str\.|platz|weg|allee|gasse|park|ring)(?!\w)"
    # Hauptstätter Straße, and not "Dieser Weg".
    r"|\b(?!(?:Dies|Jed|Uns|Eu|Welch|D)er\b)[A-ZÄÖÜ][\wäöüß-]+er\s(?:Straße|Strasse|Str\.|Platz|Weg|Allee|Gasse|Ring)(?!\w)"
)


def western_places(text: str) -> list[str]:
    """Return the street-like names in a text with spaces.

    >>> western_places("Pothole on 12 Beacon Street, Allston"), western_places("Müll in der Königstraße")
    (['12 Beacon Street'], ['Königstraße'])
    >>> western_places("Loch im Gehweg, Hauptstätter Straße 5")
    ['Hauptstätter Straße']
    """
    common = word_list("place_common_western")
    return [name for name in _WESTERN_PLACE.findall(text) if name.lower() not in common]


def mark_places(words: Sequence[str]) -> list[str]:
    """Return cut Chinese words with the names of places joined and marked.

    A bare ending (小区, 路, 新城) takes the word before it, and one more when that is a single character; a word that
    ends like a place and is no common noun is one itself.

    >>> mark_places(["丽发", "新城", "附近", "建", "搅拌站"]), mark_places(["农村", "道路"])
    (['@丽发新城', '附近', '建', '搅拌站'], ['农村', '道路'])
    >>> mark_places(["解放", "横街", "的", "士"])
    ['@解放横街', '的', '士']
    """
    marked: list[str] = []
    for word in words:
        if _is_ending(word) and marked and _takes_an_ending(marked[-1]):
            name = marked.pop()
            if len(name) == 1 and marked and _takes_an_ending(marked[-1]):
                name = marked.pop() + name
            marked.append(PLACE_MARK + name.removeprefix(PLACE_MARK) + word)
        else:
            marked.append(_marked(word))
    return marked


def _is_ending(word: str) -> bool:
    return word in word_list("place_endings") or is_street_ending(word)


def is_street_ending(word: str) -> bool:
    """Tell whether a word ends the names of streets or estates, and is no matter by itself.

    >>> is_street_ending("横街"), is_street_ending("小区"), is_street_ending("短路")
    (True, True, False)
    """
    if word in word_list("place_bare"):
        return True
    return bool(_STREET.match(word)) and word not in word_list("place_common")


def _takes_an_ending(word: str) -> bool:
    return word[-1:].isalnum() and not any(word in word_list(f"place_{name}") for name in ("common", "endings", "lead"))


# Hardly a word of a ticket is new: each is looked up once.
@lru_cache(maxsize=1 << 17)
def _marked(word: str) -> str:
    a_place = len(word) >= _NAMED and word not in word_list("place_common") and _ENDING.search(word)
    return PLACE_MARK + word if a_place else word


def is_place(token: str) -> bool:
    """Return whether a token of `tokenise` names a place."""
    return token.startswith(PLACE_MARK)
