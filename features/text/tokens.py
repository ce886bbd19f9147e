"""Cut texts into words: jieba for Chinese, a word pattern for languages with spaces; places are marked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from features.text.place_names import PLACE_MARK, is_place, is_street_ending, mark_places, western_places
from features.text.words import word_list

Tokens = list[str]

_HAN: Final = re.compile("[\u4e00-\u9fff]")
_SHORTEST: Final = 2
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_LETTERED: Final = re.compile(r"(?<=[a-z0-9][市区县])|(?<=[-.])(?=[a-z0-9]+[市区县])")
"""Where an area with a letter or number for a name (A3区) ends, and where it starts behind a list's number (1.A3区)."""


def tokenise(texts: Iterable[str], *, max_chars: int = 300) -> list[Tokens]:
    """Return the words of each text, without stop words; names of places are marked by `PLACE_MARK`.

    A text with Chinese characters is cut by jieba, another at its spaces; words are lower-cased. Digits alone are no
    words: they are dates, sums and house numbers.

    Args:
        texts: Masked texts, never missing.
        max_chars: What follows is not read: the matter is said first.

    >>> tokenise(["丽发新城附近搅拌站噪音扰民", "Trash not collected on Beacon Street"])
    [['@丽发新城', '搅拌站', '噪音', '扰民'], ['@beacon street', 'trash', 'collected']]
    """
    return [list(_tokens(text[:max_chars])) for text in texts]


# Hourly runs over the same three days cut each text once.
@lru_cache(maxsize=1 << 17)
def _tokens(text: str) -> tuple[str, ...]:
    if _HAN.search(text):
        import rjieba  # it reads its dictionary at once

        words = mark_places(rjieba.cut(_LETTERED.sub(" ", text.lower())))
        return tuple(filter(_says_something, words))
    places = western_places(text)
    for name in places:
        text = text.replace(name, " ")
    said = (word for word in _WORD.findall(text.lower()) if word not in word_list("stop_western"))
    return (*(PLACE_MARK + name.lower() for name in places), *said)


# Hardly a word of a ticket is new: each is looked up once.
@lru_cache(maxsize=1 << 17)
def _says_something(word: str) -> bool:
    if len(word) < _SHORTEST or word in word_list("stop_zh") or is_street_ending(word):
        return False
    return (word[0].isalpha() and not word.isdecimal()) or is_place(word)
