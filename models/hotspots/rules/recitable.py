"""Apply the recitable rules to tickets as known at a moment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from features.configuration import FrequentRule, RepeatRule, RuleConfig, SensitiveRule
from features.series import UNCLASSIFIED
from features.vocabulary import Kind, ManyTickets, OneCaller, Watched
from models.hotspots.rules.usual import usual_counts
from models.hotspots.rules.versions import versions
from models.hotspots.rules.watchwords import watched_words
from models.hotspots.ticketframe import between, clean_tickets, local_now

HIT_COLUMNS: Final = (
    "kind",
    "rule",
    "category1",
    "category2",
    "category",
    "area",
    "place",
    "department",
    "tickets",
    "observed",
    "callers",
    "threshold",
    "usual",
    "words",
    "window_start",
    "window_end",
)
"""Columns of the hits: one row per matter that a rule caught."""

_MATTER: Final = ["category1", "category2", "category", "district"]

_COUNTED: Final = ("key", "opened_local", *_MATTER, "street", "address", "department", "caller")
"""What counting tickets needs of them: their words are long, and taken along at every step."""


def apply_rules(
    tickets: Any,
    config: RuleConfig | None = None,
    *,
    as_of: datetime,
    timezone: str = "Asia/Shanghai",
    only: Collection[str] | None = None,
) -> pd.DataFrame:
    """Return what the recitable rules catch at a moment.

    Args:
        tickets: Tickets of the lake (frame or Arrow table), at least the last `config.lookback_days` days.
        config: Thresholds, watched words, overrides per category; the defaults when None.
        as_of: Aware moment; later-known tickets are not seen, and windows end here.
        timezone: Zone of `opened_local`.
        only: Ticket keys ("source/ticket_id"), for instance of one ingested batch: hits without one are left out.

    Returns:
        One row per hit with `HIT_COLUMNS`: `kind` is 高频, 一人多诉 or 敏感, `rule` the configured rule
        (`features.vocabulary.Rule`; in a busy place with the chance it has to beat), `tickets` a list of keys, newest
        last, `usual` the place's usual count (NaN where no history is at hand), times naive and local.
    """
    config = config or RuleConfig()
    now = local_now(as_of, timezone)
    clean = clean_tickets(tickets, as_of=as_of)
    clean = between(clean, now - pd.Timedelta(days=config.lookback_days), now + pd.Timedelta(1, "us"))
    counted = clean[list(_COUNTED)]
    late = between(clean, now - pd.Timedelta(days=config.said_days), now + pd.Timedelta(1, "us"))
    found = [
        *(_frequent(rule, part, now) for rule, part in versions(config, "frequent", counted)),
        *(_repeat(rule, part, now) for rule, part in versions(config, "repeat", counted)),
        *(_sensitive(rule, part, now) for rule, part in versions(config, "sensitive", late)),
    ]
    hits = pd.concat([pd.DataFrame(columns=list(HIT_COLUMNS)), *(hit for hit in found if len(hit))], ignore_index=True)
    if only is not None:
        wanted = set(only)
        hits = hits[[not wanted.isdisjoint(keys) for keys in hits["tickets"]]].reset_index(drop=True)
    return hits


def _frequent(rule: FrequentRule, tickets: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    start = now - pd.Timedelta(days=rule.days)
    named = tickets[rule.place] if rule.place != "district" else tickets["district"]
    placed = tickets.assign(place=named.mask(named == "", tickets["district"]))
    # Tickets that nobody placed are not in one place.
    placed = placed[placed["place"] != UNCLASSIFIED]
    current = placed[placed["opened_local"] > start]
    matter = [*_MATTER, "place"]
    current = _at_least(rule.tickets, current, matter)
    rank = current.groupby([*matter, "caller"], sort=False).cumcount()
    counted = current[rank < rule.per_caller].groupby(matter, sort=False).size().rename("counted").reset_index()
    groups = counted[counted["counted"] >= rule.tickets]
    usual = usual_counts(placed, matter, start, days=rule.days, most=rule.usual_windows, per_caller=rule.per_caller)
    plain = ManyTickets(tickets=rule.tickets, days=rule.days)
    groups = groups.assign(usual=usual.mean(groups), rule=plain)
    if rule.usual_factor:
        everyday = usual.chance(groups, pd.Series(rule.tickets, index=groups.index)) >= rule.everyday
        busy = ((groups["place"] == groups["district"]) | everyday) & (rule.usual_chance < 1)
        rarer = replace(plain, chance=rule.usual_chance)
        groups = groups.assign(rule=[rarer if judged else plain for judged in busy])
        by_chance = busy & (usual.chance(groups, groups["counted"]) >= rule.usual_chance)
        groups = groups[~by_chance & ~(groups["counted"] < rule.usual_factor * groups["usual"])]
    # Most matters with enough tickets are usual ones: only what is left is gathered ticket by ticket.
    gathered = _gather(current.merge(groups[matter], on=matter), matter)
    found = gathered.join(groups.set_index(matter), on=matter).assign(window_end=now)
    return _hits(found, kind=Kind.FREQUENT, threshold=rule.tickets, start=start)


def _repeat(rule: RepeatRule, tickets: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    start = now - pd.Timedelta(days=rule.days)
    current = tickets[(tickets["opened_local"] > start) & (tickets["caller"] != tickets["key"])]
    # One caller's matter is the category, wherever they call about it: people name the same place differently.
    matter = ["category1", "category2", "category", "caller"]
    groups = _gather(_at_least(rule.times, current, matter), matter).assign(
        usual=np.nan, window_end=now, rule=OneCaller(times=rule.times, days=rule.days)
    )
    return _hits(groups, kind=Kind.REPEAT, threshold=rule.times, start=start)


def _sensitive(rule: SensitiveRule, tickets: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    start = now - pd.Timedelta(hours=rule.hours)
    current = tickets[tickets["opened_local"] > start]
    words = watched_words(current["title"] + "\n" + current["text"], rule.words)
    listed = current[["category1", "category2", "category"]].isin(rule.categories).any(axis=1)
    words = words.mask((words == "") & listed, current["category"])
    caught = current.assign(words=words)[words != ""]
    # One row per matter and wording: two gas leaks in one district are one hit, a knife beside them another.
    groups = _gather(caught, [*_MATTER, "words"]).assign(usual=np.nan, window_end=now)
    groups["rule"] = [Watched(words=_each(words, rule.categories)) for words in groups["words"]]
    return _hits(groups, kind=Kind.SENSITIVE, threshold=1, start=start)


def _each(words: str, categories: Collection[str]) -> tuple[str, ...]:
    """Return the watched words of a ticket one by one; a watched category is one, commas and all."""
    return (words,) if words in categories else tuple(words.split(","))


def _at_least(size: int, tickets: pd.DataFrame, matter: list[str]) -> pd.DataFrame:
    """Return the tickets of matters with `size` tickets or more: most matters are small, and listing keys is slow."""
    codes = tickets.groupby(matter, sort=False).ngroup().to_numpy()
    return tickets[np.bincount(codes)[codes] >= size] if len(tickets) else tickets


def _gather(tickets: pd.DataFrame, matter: list[str]) -> pd.DataFrame:
    """Return one row per matter with its tickets (oldest first), callers, and the last ticket's labels."""
    grouped = tickets.groupby(matter, sort=False)
    columns = {
        "tickets": ("key", list),
        "observed": ("key", "size"),
        "callers": ("caller", "nunique"),
        "department": ("department", "last"),
        "first": ("opened_local", "first"),
    }
    if "district" not in matter:
        columns["district"] = ("district", "last")
    return grouped.agg(**columns).reset_index()


def _hits(groups: pd.DataFrame, *, kind: Kind, threshold: int, start: pd.Timestamp) -> pd.DataFrame:
    columns = {"place": groups["district"]} if "place" not in groups else {}
    named = groups.assign(
        kind=kind,
        threshold=threshold,
        area=groups["district"],
        words=groups.get("words", ""),
        window_start=groups["first"] if kind is Kind.SENSITIVE else start,
        **columns,
    )
    return named[list(HIT_COLUMNS)]
