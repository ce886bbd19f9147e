"""Run every detector as of one moment, and make one list of what they found at given thresholds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import pandas as pd
import pyarrow as pa

from features.branches import is_unclassified
from features.configuration import CandidateConfig, RuleConfig, ScanConfig, SurgeConfig
from features.danger import DangerTable
from features.knowledge import Knowledge, KnownPanel
from features.lake import Lake
from features.panel import Panel
from features.seasons import SEASON_WEEKS
from features.series import ONE_HAND, UNCLASSIFIED
from features.settings import Settings
from features.vocabulary import Frequency, Idle
from models.hotspots import detect_surges
from models.hotspots.candidates import Thresholds, merge_candidates
from models.hotspots.candidates.spread import first_days
from models.hotspots.rules import apply_rules
from models.hotspots.spatial import find_clusters
from models.hotspots.surge.coverage import Coverage
from models.hotspots.surge.stand_in import stand_in
from models.hotspots.textgroups import TopicMemory, find_groups
from models.hotspots.ticketframe import READ_COLUMNS, between, clean_tickets, local_now, with_streets
from pipelines.curves import with_curves
from pipelines.parallel_search import Search, clocked, searched_beside
from pipelines.seasons import due_seasons
from pipelines.topic_memory import load_or_learn, load_topic_memory

_CURVE: Final = {Frequency.DAILY: 56, Frequency.WEEKLY: 26}
_LEAST_HISTORY: Final = 8  # periods before the first one judged
_LEVELS: Final = ["total", "district", "department", "category", "category1_district", "cell"]
"""Families of tests, each with a control of false discoveries of its own."""
_SEASONAL: Final = ("category", "cell")
_CITY: Final = 200_000
"""Recent tickets (two million a year) that make up for starting a process."""
_SAID: Final = ["title", "text", "address"]


def configured_thresholds(settings: Settings) -> Thresholds:
    """Return the thresholds that an installation detects with."""
    return Thresholds(
        q=settings.detect.q,
        surge_days=settings.candidates.surge_recurrence_days,
        cluster_days=settings.scan.min_recurrence_days,
        group_days=settings.text.min_recurrence_days,
    )


_SOME: Final = 0.02
"""A column that fewer tickets have than this says nothing."""


def idle_detectors(tickets: pd.DataFrame) -> list[Idle]:
    """Return what clean tickets lack that a detector needs; nothing is known of none."""
    if tickets.empty:
        return []
    somebody = (tickets["caller"] != tickets["key"]) & ~tickets["caller"].str.startswith(ONE_HAND)
    there = {
        Idle.NO_STREETS: tickets["street"] != "",
        Idle.NO_POINTS: tickets[["lat", "lon"]].notna().all(axis=1),
        Idle.NO_TEXTS: (tickets["title"] != "") | (tickets["text"] != ""),
        Idle.NO_CALLERS: somebody,
    }
    return [code for code, has in there.items() if has.mean() < (_SOME if code is not Idle.NO_TEXTS else 1e-9)]


@dataclass(frozen=True)
class Findings:
    """What every detector found at one moment, before it is one list.

    Attributes:
        as_of: The moment.
        tickets: Recent tickets as known then, clean.
        static: Hierarchy of the series that surges are about.
        hits: Of the recitable rules.
        surges: Frequency -> the surge detector's whole output.
        clusters, groups: At the thresholds they were searched with; None where nobody looked.
        forecasts: Seasonal problems that are due; None where nobody looked.
        daily, weekly: The panels; None when only rules ran.
        took: Wall seconds of each part of the search; a large city's memory of topics and scan run beside the others.
        ranking: How the signals become one list.
    """

    as_of: datetime
    tickets: pd.DataFrame
    static: pd.DataFrame
    hits: pd.DataFrame
    surges: dict[Frequency, pd.DataFrame]
    clusters: pd.DataFrame | None
    groups: pd.DataFrame | None
    forecasts: pd.DataFrame | None
    daily: KnownPanel | None = None
    weekly: KnownPanel | None = None
    took: Mapping[str, float] = field(default_factory=dict)
    ranking: CandidateConfig = field(default_factory=CandidateConfig)

    @property
    def coverage(self) -> dict[str, Coverage]:
        """Frequency -> how many of its series could be judged."""
        return {freq.value: Coverage.of(frame) for freq, frame in self.surges.items()}

    @property
    def idle(self) -> list[Idle]:
        """What the recent tickets lack, so that a detector never runs or sees less; none where there is no ticket."""
        return idle_detectors(self.tickets)

    @property
    def first_seen(self) -> dict[str, pd.Timestamp]:
        """When categories were first seen that are younger than the counts; none where only rules ran."""
        return first_days(self.daily.panel.y, self.daily.panel.static) if self.daily else {}

    def candidates(self, thresholds: Thresholds, *, past: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return the ranked list (see `CANDIDATE_COLUMNS`) at thresholds no laxer than those of the search.

        Each candidate's evidence has the curve that shows it; `past` are ended episodes, for its similar past cases.
        """
        found = merge_candidates(
            tickets=self.tickets,
            as_of=self.as_of,
            static=self.static,
            surges=self.surges,
            hits=self.hits,
            clusters=None if self.clusters is None else thresholds.clusters(self.clusters),
            groups=None if self.groups is None else thresholds.groups(self.groups),
            forecasts=self.forecasts,
            first_seen=self.first_seen,
            past=past,
            q=thresholds.q,
            surge_days=thresholds.surge_days,
            config=self.ranking,
        )
        return with_curves(found, self.surges, self.weekly.panel.y if self.weekly else None, self.tickets)


def find_everything(
    settings: Settings, as_of: datetime, *, lake: Lake, surge: SurgeConfig, thresholds: Thresholds | None = None
) -> Findings:
    """Run every detector as of one moment (replay does so for every past day): counts, places, texts and seasons.

    Args:
        settings: The installation.
        as_of: Aware moment; nothing known later is seen.
        lake: The ticket lake.
        surge: Configuration of the surge detector.
        thresholds: The laxest ones that candidates will be asked at; the configured ones when None.
    """
    laxest, rules = thresholds or configured_thresholds(settings), settings.rules
    took: dict[str, float] = {}
    knowledge = Knowledge.at(settings, as_of, lake=lake)
    with clocked(took, "tickets"):
        recent = _recent(knowledge, rules)
    searches = _searches(knowledge, recent, laxest)
    with searched_beside(searches, took, apart=bool(searches) and len(recent) >= _CITY) as found:
        with clocked(took, "rules"):
            hits = _hits(settings, recent, as_of)
        with clocked(took, "panels"):
            daily, weekly = _panels(knowledge)
        with clocked(took, "surges"):
            surges = {known.panel.freq: _surges(known, surge) for known in (daily, weekly) if _old_enough(known.panel)}
        with clocked(took, "seasons"):
            forecasts = due_seasons(settings, _years(knowledge, weekly), as_of)
        groups = None
        if "memory" in searches:
            memory = found("memory")
            with clocked(took, "texts"):
                groups = _groups(settings, recent, as_of, laxest, memory)
        clusters = found("scan") if "scan" in searches else None
    return Findings(
        as_of=as_of,
        tickets=recent,
        static=daily.panel.static,
        hits=hits,
        surges=surges,
        clusters=clusters,
        groups=groups,
        forecasts=forecasts,
        daily=daily,
        weekly=weekly,
        took=took,
        ranking=settings.candidates,
    )


def find_batch(
    settings: Settings,
    as_of: datetime,
    *,
    lake: Lake,
    keys: Collection[str] | None,
    thresholds: Thresholds | None = None,
) -> Findings:
    """Judge a batch in a moment: the recitable rules, and the texts of the districts that its tickets lie in.

    Five callers whose tickets were filed under three categories are no matter to a rule, and one to the texts. It waits
    for no year to be learnt: without a memory its texts are not judged.

    Args:
        settings: The installation.
        as_of: Aware moment; nothing known later is seen.
        lake: The ticket lake.
        keys: Ticket keys that a finding must touch; None for the rules alone, on all recent tickets.
        thresholds: The laxest ones that candidates will be asked at; the configured ones when None.
    """
    laxest, rules = thresholds or configured_thresholds(settings), settings.rules
    took: dict[str, float] = {}
    knowledge = Knowledge.at(settings, as_of, lake=lake)
    with clocked(took, "tickets"):
        recent = _recent(knowledge, rules)
    with clocked(took, "rules"):
        hits = _hits(settings, recent, as_of, keys)
    groups = None
    if keys is not None and settings.detect.text:
        with clocked(took, "texts"):
            memory = load_topic_memory(knowledge, settings.text)
            groups = _groups(settings, recent, as_of, laxest, memory, keys) if memory.through is not None else None
    nothing = pd.DataFrame(columns=["unique_id", "level"])
    return Findings(as_of, recent, nothing, hits, {}, None, groups, None, took=took, ranking=settings.candidates)


def _recent(knowledge: Knowledge, rules: RuleConfig) -> pd.DataFrame:
    """Return the reports of the longest window of the rules, the texts and the scan; words only where they are read."""
    settings, as_of = knowledge.settings, knowledge.as_of
    scan, text = settings.scan, settings.text
    days = max(rules.lookback_days, text.days, *scan.durations) + 1
    first, worded = (as_of - timedelta(days=n) for n in (days, min(max(rules.said_days, text.days) + 1, days)))
    tickets = _reports(knowledge, first, worded, addressed=rules.reads("address"))
    if not rules.reads("address") and (tickets["street"] != "").mean() < _STREETS:
        tickets = _reports(knowledge, first, worded, addressed=True)
    return with_streets(tickets)


_STREETS: Final = 0.5
"""Where fewer tickets than this have a street, addresses are read too: they name streets."""


def _reports(knowledge: Knowledge, first: datetime, worded: datetime, *, addressed: bool) -> pd.DataFrame:
    """Return the reports opened since `first`, with words since `worded`, with addresses throughout if asked for."""
    counted = [name for name in READ_COLUMNS if name not in _SAID or (name == "address" and addressed)]
    tickets = [
        knowledge.reports(since=first, until=worded, columns=counted),
        knowledge.reports(since=worded, columns=READ_COLUMNS),
    ]
    return clean_tickets(pa.concat_tables(tickets, promote_options="default"), as_of=knowledge.as_of)


def _hits(
    settings: Settings, recent: pd.DataFrame, as_of: datetime, keys: Collection[str] | None = None
) -> pd.DataFrame:
    dangers = DangerTable.of_installation(settings)
    return apply_rules(recent, settings.rules, as_of=as_of, timezone=settings.timezone, only=keys, dangers=dangers)


def _searches(knowledge: Knowledge, recent: pd.DataFrame, laxest: Thresholds) -> dict[str, Search]:
    """Return what takes long and needs nothing of the others, in the order in which it is waited for."""
    settings, as_of = knowledge.settings, knowledge.as_of
    config = settings.detect
    searches: dict[str, Search] = {}
    if config.text:
        searches["memory"] = partial(load_or_learn, knowledge, settings.text, days=config.topic_days)
    if config.space:
        scan = settings.scan.model_copy(update={"min_recurrence_days": max(laxest.cluster_days, 1.0)})
        placed = _last_days(recent, max(scan.durations), settings, as_of).drop(columns=_SAID)
        searches["scan"] = partial(_clusters, knowledge, placed, scan)
    return searches


def _last_days(recent: pd.DataFrame, days: int, settings: Settings, as_of: datetime) -> pd.DataFrame:
    now = local_now(as_of, settings.timezone)
    return between(recent, now - pd.Timedelta(days=days), now + pd.Timedelta(1, "us"))


def _panels(knowledge: Knowledge) -> tuple[KnownPanel, KnownPanel]:
    """Return the daily and the weekly panel."""
    config = knowledge.settings.detect
    periods = {Frequency.DAILY: config.daily_history, Frequency.WEEKLY: config.weekly_history}
    known = knowledge.panels(periods, levels=_LEVELS, keep=True)
    return known[Frequency.DAILY], known[Frequency.WEEKLY]


def _years(knowledge: Knowledge, weekly: KnownPanel) -> Panel:
    """Return the weeks that the seasonal calendar looks at, however few the weekly detector is content with."""
    if knowledge.settings.detect.weekly_history < SEASON_WEEKS:
        return knowledge.panel(Frequency.WEEKLY, periods=SEASON_WEEKS, levels=list(_SEASONAL), keep=True).panel
    panel = weekly.panel
    static = panel.static[panel.static["level"].isin(_SEASONAL)].reset_index(drop=True)
    y = panel.y[panel.y["unique_id"].isin(static["unique_id"])].reset_index(drop=True)
    return replace(panel, y=y, static=static)


def _old_enough(panel: Panel) -> bool:
    """A new hotline has rules and days to go by before it has weeks to compare."""
    return bool(panel.y["ds"].nunique() > _LEAST_HISTORY)


def _surges(known: KnownPanel, config: SurgeConfig) -> pd.DataFrame:
    """Judge the newest periods, enough of them to draw the curve; unclassified cells are an operator's matter."""
    panel = known.panel
    ds = panel.y["ds"]
    step = panel.freq.length
    start = max(ds.max() - step * (_CURVE[panel.freq] - 1), ds.min() + _LEAST_HISTORY * step)
    of_nobody = panel.static["category"].map(is_unclassified) | (panel.static["district"] == UNCLASSIFIED)
    named = panel.static.loc[~of_nobody, "unique_id"]
    y = panel.y[panel.y["unique_id"].isin(named)]
    days = known.calendar(ds.min().date(), (ds.max() + step).date())
    rows = detect_surges(y, freq=panel.freq, start=start, calendar=days, static=panel.static, config=config)
    return stand_in(rows, y, panel.static, config.stand_in) if panel.freq is Frequency.DAILY else rows


def _clusters(knowledge: Knowledge, recent: pd.DataFrame, scan: ScanConfig) -> pd.DataFrame:
    return find_clusters(knowledge.placed(**scan.asked), recent, as_of=knowledge.as_of, config=scan)


def _groups(
    settings: Settings,
    recent: pd.DataFrame,
    as_of: datetime,
    laxest: Thresholds,
    memory: TopicMemory,
    keys: Collection[str] | None = None,
) -> pd.DataFrame:
    config = settings.text.model_copy(update={"min_recurrence_days": laxest.group_days})
    window = _last_days(recent, config.days, settings, as_of)
    return find_groups(window, as_of=as_of, timezone=settings.timezone, memory=memory, config=config, only=keys)
