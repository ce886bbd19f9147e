"""Spellings of one label: "4 Brooklyn" and "04 Brooklyn", "海口" and "海口市"."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from typing import Any, Final

import pandas as pd

_NUMBER: Final = re.compile(r"\d+")
_BREAKS: Final = re.compile(r"[\s\W_]+")
_NUMBER_IN_WORD: Final = re.compile(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")
_AREA_SUFFIX: Final = re.compile(
    r"(?<=[\u4e00-\u9fff]{2})(?:[\u4e00-\u9fff]{0,4}自治[县州区]|市|区|县|镇|乡|街道|办事处)$"
)
_TYPO: Final = 0.9
_LEAST_TYPO_LENGTH: Final = 6
_CHILDREN: Final = 3
_BULK: Final = 0.9
_RARE: Final = 0.01
"""A label is rare below this share of the median label among those that make up the bulk of the tickets."""


def normal_label(label: str) -> str:
    """Return what all spellings of a label share: width, case, blanks, punctuation, leading zeros, order of words.

    >>> normal_label("4 Brooklyn") == normal_label("Brooklyn, 04")
    True
    >>> normal_label("海口市") == normal_label("海口 ")
    True
    """
    text = unicodedata.normalize("NFKC", label).strip().casefold()
    text = _AREA_SUFFIX.sub("", text)
    text = _NUMBER.sub(lambda digits: str(int(digits[0])), _NUMBER_IN_WORD.sub(" ", text))
    return " ".join(sorted(_BREAKS.sub(" ", text).split()))


def suggest_aliases(labels: Any, *, context: Any = None, tickets: Any = None, dominance: float = 5.0) -> Any:
    """Suggest which labels are other spellings of a commoner one.

    Args:
        labels: Series of labels; missing and empty ones are left out.
        context: Series beside it with the parent (a borough, a city): completes labels that give only a number.
        tickets: Series beside it with the number of tickets each row stands for; one when None.
        dominance: A label counts as an alias only of one that is this many times as frequent.

    Returns:
        Frame `old, new, reason, count, count_new, context`, most frequent first. Reasons: `spelling` (equal but for
        form), `typo` (90 % alike, the same numbers), `context` (a number that the parent completes; holds only there),
        `parent` (names what several labels have in common, so it is coarser than they are), `unmatched` (rare, and like
        nothing known). For the last two `new` is empty: a person must look.
    """
    frame = pd.DataFrame({"old": labels, "context": "" if context is None else context, "tickets": tickets})
    frame["tickets"] = 1 if tickets is None else frame["tickets"]
    frame = frame[frame["old"].notna() & (frame["old"] != "")].fillna({"context": ""})
    counts = frame.groupby("old")["tickets"].sum().sort_values(ascending=False, kind="stable")
    counts = counts[counts > 0]
    table = pd.DataFrame({"old": counts.index, "count": counts.to_numpy()})
    table["key"] = [normal_label(label) for label in table["old"]]
    best = table.drop_duplicates("key")  # sorted: the first of a key is its commonest spelling
    rare = _RARE * best.loc[best["count"].cumsum() <= _BULK * best["count"].sum(), "count"].median()
    found = [row for one in table.itertuples() if (row := _suggestion(one, best, rare, dominance)) is not None]
    if context is not None:
        found = _completed(found, frame, best)
    columns = ["old", "new", "reason", "count", "count_new", "context"]
    result = pd.DataFrame(found, columns=columns)
    return result.sort_values(["count", "old"], ascending=[False, True]).reset_index(drop=True)


def alias_rows(aliases: Any, *, since: Any, dimension: str = "category") -> Any:
    """Return spellings and typos as rows of a crosswalk, for a person to edit.

    Args:
        aliases: What `suggest_aliases` returned; suggestions that hold for one parent only cannot be rows.
        since: Day from which the rows hold: the first of the data, since a spelling never was a label of its own.
        dimension: `category` or `district`.
    """
    sure = aliases[aliases["reason"].isin(["spelling", "typo"])]
    rows = sure[["old", "new"]].drop_duplicates("old")
    return rows.assign(valid_from=pd.Timestamp(since).normalize(), weight=1.0, dimension=dimension).reset_index(
        drop=True
    )


def _suggestion(one: Any, best: Any, rare: float, dominance: float) -> tuple[str, str, str, int, int, str] | None:
    same = best[best["key"] == one.key].iloc[0]
    if same["old"] != one.old and not one.key.isdigit():
        return (one.old, same["old"], "spelling", int(one.count), int(same["count"]), "")
    words = set(one.key.split())
    if not one.key.isdigit() and sum(words < set(key.split()) for key in best["key"]) >= _CHILDREN:
        return (one.old, "", "parent", int(one.count), 0, "")
    if one.count >= rare:
        return None
    for other in best[best["count"] >= max(rare, dominance * one.count)].itertuples():
        if _alike(one.key, other.key):
            return (one.old, other.old, "typo", int(one.count), int(other.count), "")
    return (one.old, "", "unmatched", int(one.count), 0, "")


def _alike(key: str, other: str) -> bool:
    if _NUMBER.findall(key) != _NUMBER.findall(other) or min(len(key), len(other)) < _LEAST_TYPO_LENGTH:
        return False
    return SequenceMatcher(None, key, other, autojunk=False).ratio() >= _TYPO


def _completed(found: list[Any], frame: Any, best: Any) -> list[Any]:
    """Replace unmatched labels that are a bare number by what they mean under each parent."""
    by_key = best.set_index("key")["old"].to_dict()
    counts = best.set_index("old")["count"]
    kept = []
    for row in found:
        old, _, reason, left, _, _ = row
        numbers = _NUMBER.findall(normal_label(old)) if reason == "unmatched" else []
        mine = frame[frame["old"] == old] if len(numbers) == 1 else frame.iloc[:0]
        parents = mine.groupby("context")["tickets"].sum()
        for parent, times in parents.items():
            target = by_key.get(normal_label(f"{numbers[0]} {parent}")) if parent else None
            if target is not None and target != old:
                kept.append((old, target, "context", int(times), int(counts[target]), str(parent)))
                left -= int(times)
        if left:
            kept.append((*row[:3], left, *row[4:]))
    return kept
