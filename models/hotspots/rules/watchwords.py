"""Watched words in a text, unless the words before them say that the thing did not happen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pandas as pd

_NEGATIONS: Final = (
    "没有",
    "沒有",
    "并没",
    "并未",
    "未发生",
    "未出现",
    "未发现",
    "不是",
    "不存在",
    "无",
    "防止",
    "预防",
    "防范",
    "避免",
    "以免",
    "谨防",
    "杜绝",
    "演练",
    "not ",
    "no ",
    "without ",
    "never ",
    "prevent ",
    "avoid ",
)
_REACH: Final = r"[^。！？!?.;；，,\n]{0,4}"
"""How far a negation reaches: a few characters, and never over the end of a clause."""


def watched_words(texts: pd.Series, words: Sequence[str]) -> pd.Series:
    """Return the watched words that each text holds without a negation before them, joined by a comma.

    A word inside the reach of a negation ("没有发生爆炸", "no gas leak") does not count; the same word elsewhere in the
    text still does. Case is ignored; words are found inside longer words in Chinese and at word starts in Latin script.

    Args:
        texts: Free texts, never missing.
        words: Watched words; empty finds nothing.

    Returns:
        A string per text, empty where nothing was found, on the index of `texts`.

    >>> texts = pd.Series(["小区煤气泄漏", "没有发生爆炸", "无煤气泄漏，但邻居持刀"])
    >>> watched_words(texts, ["煤气泄漏", "爆炸", "持刀"]).tolist()
    ['煤气泄漏', '', '持刀']
    """
    if not words or texts.empty:
        return pd.Series("", index=texts.index, dtype="str")
    longest_first = sorted({word.strip().lower() for word in words if word.strip()}, key=len, reverse=True)
    watched = "|".join(rf"(?<![a-z]){re.escape(w)}" if w[0].isascii() else re.escape(w) for w in longest_first)
    negated = re.compile(f"(?:{'|'.join(map(re.escape, _NEGATIONS))}){_REACH}(?:{watched})")
    watch = re.compile(watched)
    lowered = texts.str.lower()
    # Hardly any text holds a watched word, so the cheap test runs over all and the exact one over the few.
    suspects = lowered[lowered.str.contains(watch, regex=True)]
    found = [",".join(dict.fromkeys(watch.findall(negated.sub("", text)))) for text in suspects]
    return pd.Series(found, index=suspects.index, dtype="str").reindex(texts.index, fill_value="")
