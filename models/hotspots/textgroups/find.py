"""From recent tickets to 多人同诉 and 首发: groups of one cause, judged against what the hotline heard before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from features.configuration import TextConfig
from features.configuration.detection import LabelConfig
from features.text import PLACE_MARK, is_place
from features.vocabulary import Kind
from models.hotspots.negative_binomial import at_least, usual_maximum
from models.hotspots.textgroups.grouping import group_texts
from models.hotspots.textgroups.memory import TopicMemory, pairs_of
from models.hotspots.textgroups.vectors import WordedTexts, word_texts
from models.hotspots.ticketframe import between, clean_tickets, local_now

GROUP_COLUMNS: Final = (
    "kind",
    "label",
    "terms",
    "places",
    "category1",
    "category2",
    "category",
    "area",
    "department",
    "tickets",
    "observed",
    "callers",
    "most_by_one",
    "absent_days",
    "expected",
    "upper",
    "p_value",
    "recurrence_days",
    "window_start",
    "window_end",
)
"""Columns of the groups, one row each, the most surprising first."""

_DAY: Final = pd.Timedelta(days=1)


def find_groups(
    tickets: Any,
    *,
    as_of: datetime,
    timezone: str = "Asia/Shanghai",
    memory: TopicMemory | None = None,
    config: TextConfig | None = None,
    only: Collection[str] | None = None,
) -> pd.DataFrame:
    """Return the groups of recent tickets with one cause, shared or first seen.

    Args:
        tickets: Tickets of the lake with masked `title` and `text` (frame or Arrow table), of the last `config.days`.
        as_of: Aware moment; tickets known later are not seen, the window ends here.
        timezone: Zone of `opened_local`.
        memory: What was heard before the window. Without it a group of `min_callers` is raised on that rule alone.
        config: Thresholds.
        only: Ticket keys ("source/ticket_id"), for instance of one ingested batch: only their districts are looked at,
            and groups without one are left out.

    Returns:
        `GROUP_COLUMNS`. Tickets are compared within their district; `most_by_one` is how many one caller sent at the
        most, `absent_days` how long a first-seen topic was not heard, as far as the memory reaches; `expected` is
        how many tickets of the window would say the rarest word or pair of words that the group shares,
        `recurrence_days` how often chance brings so many in any group examined.
    """
    config = config or TextConfig()
    now = local_now(as_of, timezone)
    recent = between(clean_tickets(tickets, as_of=as_of), now - config.days * _DAY, now + pd.Timedelta(1, "us"))
    recent = recent[(recent["title"] != "") | (recent["text"] != "")].reset_index(drop=True)
    looked_at = recent if only is None else _neighbourhood(recent, only)
    texts = word_texts(looked_at["title"].tolist(), looked_at["text"].tolist())
    found = [
        group
        for _, block in looked_at.groupby("district", sort=True)
        for group in _groups(block, texts, memory, config)
    ]
    # What a look at some districts would have examined in all of them.
    examined = round(len(found) * len(recent) / max(len(looked_at), 1))
    if only is not None:
        found = [(members, label) for members, label in found if members["key"].isin(only).any()]
    rows = [_judged(members, label, memory, examined, now, config) for members, label in found]
    frame = pd.DataFrame([row for row in rows if row is not None], columns=list(GROUP_COLUMNS))
    return frame.sort_values(["recurrence_days", "callers"], ascending=False, kind="stable", ignore_index=True)


def _neighbourhood(recent: pd.DataFrame, keys: Collection[str]) -> pd.DataFrame:
    """Return the tickets of the districts that have one of the keys."""
    touched = recent.loc[recent["key"].isin(keys), "district"].unique()
    return recent[recent["district"].isin(touched)].reset_index(drop=True)


def _groups(
    block: pd.DataFrame, texts: WordedTexts, memory: TopicMemory | None, config: TextConfig
) -> Iterator[tuple[pd.DataFrame, Label]]:
    """Yield the groups of one district with enough distinct callers."""
    inside = texts.take(block.index.tolist())
    home = str(block["district"].iloc[0])
    history = None if memory is None else memory.within(home)
    labels = group_texts(inside, config.grouping, callers=block["caller"].tolist(), history=history)
    background = background_of(inside)
    least = min(config.min_callers, config.first_callers)
    for number in range(int(labels.max(initial=-1)) + 1):
        rows = np.flatnonzero(labels == number)
        if rows.size >= least and block["caller"].iloc[rows].nunique() >= least:
            yield block.iloc[rows], label_group(inside, rows.tolist(), background, len(block), config.labels, home=home)


def _judged(
    members: pd.DataFrame,
    label: Label,
    memory: TopicMemory | None,
    examined: int,
    now: pd.Timestamp,
    config: TextConfig,
) -> dict[str, Any] | None:
    """Return a group's row, or None where it is old, small, or what history lets expect."""
    callers = int(members["caller"].nunique())
    start = members["opened_local"].iloc[0]
    if not label.terms or members["opened_local"].iloc[-1] <= now - pd.Timedelta(hours=config.fresh_hours):
        return None
    first = callers >= config.first_callers and _is_new(label, memory, start, config)
    numbers = _surprise(label, memory, callers, examined, config)
    usual = numbers["recurrence_days"] < config.min_recurrence_days
    if not first and (callers < config.min_callers or usual):
        return None
    latest = members.iloc[-1]
    common = members["category"].mode().iloc[0]
    named = members[members["category"] == common].iloc[-1]
    return {
        "kind": Kind.FIRST_SEEN if first else Kind.SHARED,
        "label": str(label),
        "terms": list(label.terms),
        "places": list(label.places),
        **{name: str(named[name]) for name in ("category1", "category2", "category")},
        "area": str(latest["district"]),
        "department": str(members["department"].mode().iloc[0]),
        "tickets": members["key"].tolist(),
        "observed": len(members),
        "callers": callers,
        "most_by_one": int(members["caller"].value_counts().iloc[0]),
        "absent_days": _absence(memory, config),
        **numbers,
        "window_start": start if first else now - config.days * _DAY,
        "window_end": now,
    }


def _is_new(label: Label, memory: TopicMemory | None, start: pd.Timestamp, config: TextConfig) -> bool:
    """Whether most members share a word, or a pair of leading words, that was not heard for a year.

    Names of places do not count: an old matter in a new street is not a new topic.
    """
    if memory is None or memory.days < config.learnt_days:
        return False
    absent = memory.days_absent(label.matter, start)
    return bool((absent >= _absence(memory, config)).any())


def _absence(memory: TopicMemory | None, config: TextConfig) -> int:
    """Return for how many days a topic has to be unheard; a young memory does not reach so far."""
    return min(config.absent_days, 0 if memory is None else memory.days)


def _surprise(
    label: Label, memory: TopicMemory | None, callers: int, examined: int, config: TextConfig
) -> dict[str, float]:
    """Return expected tickets, upper bound, p-value and recurrence of a group of `callers`, NaN without a memory."""
    if memory is None or memory.days < config.days:
        return dict.fromkeys(("expected", "upper", "p_value", "recurrence_days"), float("nan"))
    expected = max(config.days * _rarest_rate(label, memory), 1e-3)
    p_value = float(at_least(callers, expected, config.dispersion))
    return {
        "expected": expected,
        "upper": float(usual_maximum(expected, config.dispersion)),
        "p_value": p_value,
        "recurrence_days": 1 / max(min(p_value * examined, 1.0), 1e-12),
    }


def _rarest_rate(label: Label, memory: TopicMemory) -> float:
    """Return the daily rate of the rarest word or pair that most members share: it bounds the rate of the matter."""
    return float(memory.rates(label.shared or label.terms).min())


# What a group of texts is about, in words that its own members use.


@dataclass(frozen=True)
class Label:
    """A readable name.

    Attributes:
        terms: The words most members share and others do not.
        places: The names of places most members share.
        shared: Words and pairs of leading words, places included, that most members say: how rare the rarest is in a
            `TopicMemory` bounds how rare the matter is.
        matter: Those of them without a place.
    """

    terms: tuple[str, ...]
    places: tuple[str, ...]
    shared: tuple[str, ...]
    matter: tuple[str, ...]

    def __str__(self) -> str:
        said = "、".join(self.terms)
        return f"{'、'.join(self.places)}：{said}" if self.places else said


def label_group(
    texts: WordedTexts, rows: Sequence[int], background: Counter[str], size: int, config: LabelConfig, *, home: str = ""
) -> Label:
    """Return the label of a group.

    Args:
        texts: All texts of the block.
        rows: The group's.
        background: Word -> how many texts of the block say it.
        size: How many texts the block has.
        config: How many must share a word.
        home: Name of the block's district: it names no matter, and stands beside the label anyway.
    """
    said = Counter(word for row in rows for word in texts.words(row))
    support = {word: count / len(rows) for word, count in said.items() if count >= max(2, config.support * len(rows))}
    # Share inside minus share outside: what everybody says names nothing.
    outside = max(size - len(rows), 1)
    lift = {word: share - (background[word] - said[word]) / outside for word, share in support.items()}
    ranked = sorted(lift, key=lambda word: (-lift[word], word))
    places = [word.removeprefix(PLACE_MARK) for word in ranked if is_place(word) and lift[word] > config.support]
    words = [word for word in ranked if not is_place(word) and lift[word] > 0]
    terms = [word for word in words if not _within(word, home)] or words
    shared = (*(word for word in ranked if support[word] > config.most), *_shared_pairs(texts, rows, config.most))
    matter = tuple(said for said in shared if PLACE_MARK not in said)
    return Label(tuple(terms[:4]), tuple(places[:2]), shared, matter)


def _within(word: str, home: str) -> bool:
    """Tell whether a word is part of a name: any stretch of a Chinese one, a whole word of others."""
    return word in (home.casefold().split() if word.isascii() else home)


def _shared_pairs(texts: WordedTexts, rows: Sequence[int], most: float) -> tuple[str, ...]:
    """Return the pairs of leading words that most of a group's texts hold."""
    said: Counter[str] = Counter()
    for row in rows:
        said.update(pairs_of(texts, row))
    return tuple(sorted(both for both, count in said.items() if count > most * len(rows)))


def background_of(texts: WordedTexts) -> Counter[str]:
    """Return how many texts say each word."""
    return Counter(word for row in range(len(texts)) for word in texts.words(row))
