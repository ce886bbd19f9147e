"""Apply the recitable rules to tickets as known at a moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from features.branches import chain_of
from features.configuration import FrequentRule, RepeatRule, RuleConfig, SensitiveRule
from features.danger import DangerTable
from features.series import ONE_HAND, UNCLASSIFIED
from features.vocabulary import Kind, ManyTickets, OneCaller, SecondSign, Watched
from models.hotspots.negative_binomial import at_least
from models.hotspots.rules.versions import category_paths, versions
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
    "signs",
    "doubt",
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
    dangers: DangerTable | None = None,
) -> pd.DataFrame:
    """Return what the recitable rules catch at a moment.

    Args:
        tickets: Tickets of the lake (frame or Arrow table), at least the last `config.lookback_days` days.
        config: Thresholds, watched words, overrides per category; the defaults when None.
        as_of: Aware moment; later-known tickets are not seen, and windows end here.
        timezone: Zone of `opened_local`.
        only: Ticket keys ("source/ticket_id"), for instance of one ingested batch: hits without one are left out.
        dangers: What words say of danger (敏感); the shipped table when None.

    Returns:
        One row per hit with `HIT_COLUMNS`: `kind` is 高频, 一人多诉 or 敏感, `rule` the configured rule
        (`features.vocabulary.Rule`; in a busy place with the chance it has to beat), `tickets` a list of keys, newest
        last, `usual` the place's usual count (NaN where no history is at hand), times naive and local. Of 敏感, `words`
        are those that count, `signs` what says the same beside them (`SecondSign`), and `doubt` tells that the text
        denies what the category says.
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
        *(
            _sensitive(rule, part, now, dangers or DangerTable.shipped())
            for rule, part in versions(config, "sensitive", late)
        ),
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
    somebody = (tickets["caller"] != tickets["key"]) & ~tickets["caller"].str.startswith(ONE_HAND)
    current = tickets[(tickets["opened_local"] > start) & somebody]
    # One caller's matter is the category, wherever they call about it: people name the same place differently.
    matter = ["category1", "category2", "category", "caller"]
    groups = _gather(_at_least(rule.times, current, matter), matter).assign(
        usual=np.nan, window_end=now, rule=OneCaller(times=rule.times, days=rule.days)
    )
    return _hits(groups, kind=Kind.REPEAT, threshold=rule.times, start=start)


def _sensitive(rule: SensitiveRule, tickets: pd.DataFrame, now: pd.Timestamp, dangers: DangerTable) -> pd.DataFrame:
    start = now - pd.Timedelta(hours=rule.hours)
    current = tickets[tickets["opened_local"] > start]
    table = dangers.with_words(rule.words)
    said = (current["title"] + "\n" + current["text"]).str.strip()
    judged = [table.judge(text, category) for text, category in zip(said, current["category"], strict=True)]
    codes, paths = category_paths(current)
    watched = set(rule.categories)
    listed = np.array([not watched.isdisjoint(chain_of(*path)) for path in paths], dtype=bool)[codes]
    words = [
        one.counted or ((category,) if by_category else ())
        for one, category, by_category in zip(judged, current["category"], listed, strict=True)
    ]
    caught = current.assign(
        words=words,
        person=[one.persons for one in judged],
        listed=listed,
        # The category says danger and the text denies it: somebody has to look.
        doubt=[
            bool(by_category and one.found and not one.counted) for one, by_category in zip(judged, listed, strict=True)
        ],
    )
    caught = caught[np.array([bool(several) for several in words], dtype=bool)]
    # One row per matter: a knife beside a gas leak in one district and category is one alert with both words.
    groups = _gather(caught, _MATTER).assign(usual=np.nan, window_end=now)
    told = caught.groupby(_MATTER, sort=False).agg(
        words=("words", _in_order), person=("person", "any"), listed=("listed", "any"), doubt=("doubt", "all")
    )
    groups = groups.join(told, on=_MATTER)
    groups["rule"] = [Watched(words=tuple(several)) for several in groups["words"]]
    groups["signs"] = [_signs(row) for row in groups[["person", "listed", "observed", "callers"]].to_dict("records")]
    return _hits(groups, kind=Kind.SENSITIVE, threshold=1, start=start)


def _in_order(words: pd.Series) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for several in words for word in several))


def _signs(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what says the same beside the words of a matter."""
    signs = {
        SecondSign.CALLERS: row["callers"] > 1,
        SecondSign.PERSON: row["person"],
        SecondSign.CATEGORY: row["listed"],
    }
    return tuple(sign.value for sign, there in signs.items() if there)


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
        words=groups["words"] if "words" in groups else [()] * len(groups),
        signs=groups["signs"] if "signs" in groups else [()] * len(groups),
        doubt=groups.get("doubt", False),
        window_start=groups["first"] if kind is Kind.SENSITIVE else start,
        **columns,
    )
    return named[list(HIT_COLUMNS)]


# What is usual for a matter in a place: counts of the windows before, how they vary, and what chance brings.


_UNMEASURED: Final = 2.0
"""Variance over mean where a single window before cannot show it."""
_PRIOR: Final = 0.5
"""Tickets added to the sum of the windows before (Jeffreys): silence in a few windows is no proof of silence."""


@dataclass(frozen=True)
class Usual:
    """The windows before the judged one.

    Attributes:
        totals: Tickets of each matter and place that was heard in them, indexed by the columns of the matter.
        windows: How many of them the tickets reach back over; 0 where they do not reach back over one.
        dispersion: Variance over mean of a count from window to window, at least 1, over all matters together.
    """

    totals: pd.Series
    windows: int
    dispersion: float

    def mean(self, groups: pd.DataFrame) -> np.ndarray:
        """Return the mean count of each group, NaN where no window is at hand."""
        if self.windows == 0:
            return np.full(len(groups), np.nan)
        matter = list(self.totals.index.names)
        totals = groups[matter].join(self.totals.rename("total"), on=matter)["total"]
        return np.asarray(totals.fillna(0) / self.windows, dtype=float)

    def chance(self, groups: pd.DataFrame, counted: pd.Series) -> np.ndarray:
        """Return how likely a window holds `counted` or more of each group, NaN where no window is at hand.

        The predictive distribution of a count whose mean is known from a few windows only: negative binomial, its
        variance `dispersion` times the mean, widened by the error of the mean. Without overdispersion it is the Poisson
        count with Jeffreys' prior for its mean.
        """
        if self.windows == 0:
            return np.full(len(groups), np.nan)
        mean = self.mean(groups) + _PRIOR / self.windows
        return at_least(counted, mean, self.dispersion * (1 + 1 / self.windows))


def usual_counts(
    tickets: pd.DataFrame, matter: list[str], start: pd.Timestamp, *, days: int, most: int, per_caller: int
) -> Usual:
    """Count each matter in the windows before `start`.

    Args:
        tickets: Clean tickets, sorted by opening, with the matter's columns.
        matter: Columns that say what and where.
        start: Start of the judged window.
        days: Length of a window.
        most: How many windows are counted at most, fewer where the tickets do not reach back.
        per_caller: Most tickets of a caller that count in one window, as in the judged one.
    """
    window = np.floor((start - tickets["opened_local"]) / pd.Timedelta(days=days)) + 1
    windows = 0 if tickets.empty else min(max(int(window.iloc[0]), 0), most)
    earlier = tickets.assign(window=window)[(window >= 1) & (window <= windows)]
    rank = earlier.groupby([*matter, "window", "caller"], sort=False).cumcount()
    counts = earlier[rank < per_caller].groupby([*matter, "window"], sort=False).size()
    totals = counts.groupby(level=matter, sort=False).sum()
    return Usual(totals, windows, _dispersion(counts, totals, windows))


def _dispersion(counts: pd.Series, totals: pd.Series, windows: int) -> float:
    """Return Pearson's dispersion, pooled: squared deviations over what Poisson counts of the same means would show."""
    if windows < 2 or totals.empty:  # noqa: PLR2004
        return _UNMEASURED
    deviations = float((counts**2).sum() - (totals**2).sum() / windows)
    return max(deviations / float(totals.sum() * (windows - 1) / windows), 1.0)
