"""Run the live detectors as of every past moment, and judge what they would have raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pandas as pd

from features.configuration import SurgeConfig
from features.knowledge import Knowledge, open_lake
from features.lake import Lake
from features.settings import Settings
from features.taxonomy.installed import crosswalk_path
from pipelines.replay.detectors import InForce
from pipelines.replay.episodes import Policy
from pipelines.replay.inject import Injection, inject_bursts
from pipelines.replay.listing import listed
from pipelines.replay.power import power_by_callers, summarise_power
from pipelines.replay.span import check_span, known_span
from pipelines.replay.what_if import AS_CONFIGURED, Ladder, ReplaySpan, ladder_of, outcome, what_if
from pipelines.run_detectors import configured_thresholds, find_batch, find_everything

SCHEMA_VERSION: Final = 4
_BEFORE: Final = timedelta(days=30)

Judged = dict[str, dict[str, Any]]
"""Frequency -> how many series could be judged, see `models.hotspots.surge.coverage`."""


@dataclass(frozen=True)
class ReplayResult:
    """What a replay found.

    Attributes:
        start, end: First and last moment, naive local.
        moments: Detection runs made within the span.
        every: Between two runs of all detectors.
        candidates: Rows of `merge_candidates` with `moment`, at the configured thresholds.
        alerts: What departments were told of; `on_burst` says which hold a known burst.
        held: `alert, ticket, since`: the tickets of each alert, of those open before the span too.
        by_week: Alerts per department and week.
        load: Alerts below red per department and week.
        departments: Departments that have tickets.
        policy: What became an alert.
        bursts: Injected bursts, where a truth was given or bursts were put on top.
        what_if: See `pipelines.replay.what_if`.
        detectors: `version, first, last, runs`: which version of `weisu-hotspot` was in force when.
        judged: Moment -> frequency -> how many series could be judged, of the first and the last complete run.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    moments: int
    every: timedelta
    candidates: pd.DataFrame
    alerts: pd.DataFrame
    held: pd.DataFrame
    by_week: pd.DataFrame
    load: dict[str, float]
    departments: int
    policy: Policy
    bursts: pd.DataFrame | None
    what_if: pd.DataFrame
    detectors: pd.DataFrame
    judged: dict[str, Judged] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description, without the single candidates."""
        return {
            "schema_version": SCHEMA_VERSION,
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "detectors": self.detectors.astype({"first": "str", "last": "str"}).to_dict("records"),
            "moments": self.moments,
            "every_hours": self.every / timedelta(hours=1),
            "candidates": len(self.candidates),
            "alerts": len(self.alerts),
            "alerts_on_bursts": None if self.bursts is None else int(self.alerts["on_burst"].sum()),
            "departments": self.departments,
            "weekly_budget": self.policy.budget,
            "kinds": {str(kind): int(count) for kind, count in self.alerts["kind"].value_counts().items()},
            "alerts_below_red_per_department_and_week": self.load,
            "by_department_and_week": self.by_week.astype({"week": "str"}).to_dict("records"),
            "judged": self.judged,
            "listed": listed(self.alerts, self.held),
            "power": None if self.bursts is None else summarise_power(self.bursts),
            "power_by_callers": None if self.bursts is None else power_by_callers(self.bursts),
            "what_if": self.what_if.astype(object).where(self.what_if.notna(), None).to_dict("records"),
        }


@dataclass(frozen=True)
class Moment:
    """One run of a replay.

    Attributes:
        at: When.
        rules_only: Whether only the rules and the texts of a batch are looked at.
        surge: Settings of the surge detector in force then.
        version: Their version of `weisu-hotspot`.
    """

    at: datetime
    rules_only: bool
    surge: SurgeConfig
    version: str


def replay(
    settings: Settings,
    *,
    start: datetime,
    end: datetime,
    every: timedelta = timedelta(days=1),
    rules_every: timedelta | None = None,
    truth: pd.DataFrame | None = None,
    injection: Injection | None = None,
    policy: Policy | None = None,
    compare: bool = True,
    surge: SurgeConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayResult:
    """Detect as of every moment from `start` to `end`, with the code that detects live.

    One run before the span tells what was open already when it began: see `fold_alerts`.

    Args:
        settings: The installation, whose lake is read and nothing written.
        start: Aware; the first moment.
        end: Aware; the last moment, included.
        every: Between two runs of all detectors.
        rules_every: Between two runs of the recitable rules alone; none in between when None.
        truth: The simulator's truth, for power.
        injection: Bursts to put on top of what the lake holds, for power where nobody knows the truth.
        policy: What becomes an alert; as configured when None.
        compare: Also judge the span at other thresholds and budgets, which takes longer; without it `what_if` has the
            row of this replay alone.
        surge: The surge detector's configuration at all moments; when None the champion's of each moment.
        progress: Called with moments done and moments in all.

    Raises:
        BadInputError: The span ends before it begins, or lies outside the history.
        PipelineError: The lake is empty, or nothing is there to model bursts on.
    """
    lake = open_lake(settings)
    history = known_span(lake)
    check_span(history, settings, start, end)
    moments = list(_moments(settings, start, end, every=every, rules_every=rules_every, surge=surge))
    before = [replace(moments[0], at=start - every)] if start - every >= history.judged_from else []
    ladder = ladder_of(configured_thresholds(settings), compare=compare)
    with TemporaryDirectory(prefix="weisu-replay-") as scratch:
        # What detection keeps between runs (the memory of topics) starts empty and stays out of the installation.
        apart = _apart(settings, Path(scratch))
        if injection is not None:
            before_span = Knowledge.at(settings, start, lake=lake)
            lake, injected = inject_bursts(before_span, injection, Path(scratch) / "bursts.parquet", end=end)
            truth = injected if truth is None else _together(truth, injected)
        # A month of news before the span: what came then may still be in a window.
        knowledge = Knowledge.at(settings, end, lake=lake)
        news = _news(knowledge, start - _BEFORE)
        found, judged = _detect(apart, lake, [*before, *moments], ladder, news, progress)
        arrivals = _arrivals(knowledge, news)
    first, last = _local(start, settings), _local(end, settings)
    detectors = _detectors(moments, settings)
    policy = policy or Policy.of(settings.alerts)
    departments = max(arrivals.loc[arrivals["department"] != "", "department"].nunique(), 1)
    runs = pd.DataFrame([(_local(run.at, settings), not run.rules_only) for run in [*before, *moments]])
    span = ReplaySpan(
        first, last, departments, arrivals, truth, settings, runs.set_axis(["moment", "complete"], axis=1)
    )
    return replace(judge(found, ladder, span, detectors, every=every, policy=policy), judged=_ends(judged))


def _apart(settings: Settings, scratch: Path) -> Settings:
    """Return the installation with a home of its own; issued forecasts are read where they were published."""
    published = settings.database_url or (settings.home / "weisu.db").exists()
    database = {"database_url": settings.store_url} if published else {}
    taxonomy = settings.taxonomy.model_copy(update={"crosswalk": crosswalk_path(settings).resolve()})
    apart = {"home": scratch, "lake_folder": Path(settings.lake_path), "taxonomy": taxonomy}
    return settings.model_copy(update={**apart, **database})


def _together(truth: pd.DataFrame, injected: pd.DataFrame) -> pd.DataFrame:
    own = injected.assign(incident=injected["incident"] + truth["incident"].max() + 1)
    return pd.concat([truth, own], ignore_index=True)


def _detect(
    settings: Settings,
    lake: Lake,
    moments: Sequence[Moment],
    ladder: Ladder,
    news: pd.Series,
    progress: Callable[[int, int], None] | None,
) -> tuple[dict[float, pd.DataFrame], dict[str, Judged]]:
    """Return the candidates of all moments at every threshold, and what could be judged at each moment.

    The detectors run once, at the laxest threshold.
    """
    judged: dict[str, Judged] = {}
    laxest = ladder[min(ladder)]
    found: dict[float, list[pd.DataFrame]] = {times: [] for times in ladder}
    before = moments[0].at
    for done, moment in enumerate(moments, start=1):
        if moment.rules_only:
            keys = _known_between(news, before, moment.at)
            findings = find_batch(settings, moment.at, lake=lake, keys=keys, thresholds=laxest)
        else:
            findings = find_everything(settings, moment.at, lake=lake, surge=moment.surge, thresholds=laxest)
            local = _local(moment.at, settings).isoformat()
            judged[local] = {freq: part.to_json() for freq, part in findings.coverage.items()}
        for times, thresholds in ladder.items():
            found[times].append(findings.candidates(thresholds).assign(moment=_local(moment.at, settings)))
        before = moment.at
        if progress:
            progress(done, len(moments))
    return {times: pd.concat(parts, ignore_index=True) for times, parts in found.items()}, judged


def _ends(judged: dict[str, Judged]) -> dict[str, Judged]:
    """Return what could be judged at the first and the last moment."""
    return {moment: judged[moment] for moment in dict.fromkeys([min(judged), max(judged)])} if judged else {}


def _detectors(moments: Sequence[Moment], settings: Settings) -> pd.DataFrame:
    """Return which version of the surge detector was in force from when to when, in order."""
    rows = [{"version": moment.version, "at": _local(moment.at, settings)} for moment in moments]
    runs = pd.DataFrame(rows)
    changes = (runs["version"] != runs["version"].shift()).cumsum()
    spans = runs.groupby(changes)
    described = spans.agg(version=("version", "first"), first=("at", "first"), last=("at", "last"), runs=("at", "size"))
    return described.reset_index(drop=True)


def judge(
    candidates: Mapping[float, pd.DataFrame],
    ladder: Ladder,
    span: ReplaySpan,
    detectors: pd.DataFrame,
    *,
    every: timedelta,
    policy: Policy,
) -> ReplayResult:
    """Fold candidates into alerts and measure them; see `replay`."""
    told = candidates[AS_CONFIGURED]
    configured = outcome(told, policy, span)
    return ReplayResult(
        start=span.start,
        end=span.end,
        moments=int(detectors["runs"].sum()),
        every=every,
        candidates=told[told["moment"] >= span.start].reset_index(drop=True),
        alerts=configured.alerts,
        held=configured.held,
        by_week=configured.alerts.groupby(["department", "week"]).size().rename("alerts").reset_index(),
        load=configured.load,
        departments=span.departments,
        policy=policy,
        bursts=configured.bursts,
        what_if=what_if(candidates, ladder, policy, span),
        detectors=detectors,
    )


def _moments(
    settings: Settings,
    start: datetime,
    end: datetime,
    *,
    every: timedelta,
    rules_every: timedelta | None,
    surge: SurgeConfig | None,
) -> Iterator[Moment]:
    in_force = InForce(settings)
    step = min(every, rules_every) if rules_every else every
    at, full = start, start
    while at <= end:
        due = at >= full
        if due:
            full = at + every
        config, version = (surge, "given") if surge else in_force.at(at)
        yield Moment(at, not due, config, version)
        at += step


def _local(moment: datetime, settings: Settings) -> pd.Timestamp:
    return pd.Timestamp(moment.astimezone(settings.zone).replace(tzinfo=None))


def _news(knowledge: Knowledge, since: datetime) -> pd.Series:
    """Return ticket keys by the moment at which a version of theirs became known, in that order."""
    rows = knowledge.arrivals(since, knowledge.as_of).to_pandas()
    return pd.Series((rows["source"] + "/" + rows["ticket_id"]).to_numpy(), index=pd.DatetimeIndex(rows["known_at"]))


def _known_between(news: pd.Series, since: datetime, until: datetime) -> set[str]:
    """Return the tickets of the batches ingested after one moment and by another."""
    first, last = news.index.searchsorted([pd.Timestamp(since), pd.Timestamp(until)], side="right")
    return set(news.iloc[first:last])


def _arrivals(knowledge: Knowledge, news: pd.Series) -> pd.DataFrame:
    """Return the tickets with the moment they arrived; those from before the news count from their opening."""
    columns = ["source", "ticket_id", "opened_local", "caller", "department"]
    rows = knowledge.tickets(columns=columns).to_pandas()
    ticket = rows["source"] + "/" + rows["ticket_id"]
    first = news[~news.duplicated()]
    local = pd.Series(first.index.tz_convert(knowledge.settings.zone).tz_localize(None), index=first.to_numpy())
    return rows.assign(
        ticket=ticket,
        arrived=ticket.map(local).fillna(rows["opened_local"]),
        caller=rows["caller"].fillna(ticket),
        department=rows["department"].fillna(""),
    )
