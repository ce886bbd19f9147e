"""Run the live detectors as of every past moment, and judge what they would have raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pandas as pd

from features.lake import Lake
from features.settings import Settings
from models.hotspots import SurgeConfig
from pipelines.detect import find_candidates, live_detector
from pipelines.errors import PipelineError
from pipelines.panels import open_lake
from pipelines.replay.episodes import Policy, fold_alerts, load_per_department_week
from pipelines.replay.power import burst_power, summarise_power

SCHEMA_VERSION: Final = 1
_BEFORE: Final = timedelta(days=30)
WHAT_IF: Final = tuple(
    Policy(budget=budget, min_recurrence_days=recurrence)
    for recurrence in (30.0, 100.0, 365.0, 1000.0)
    for budget in (3, 5, 10, None)
)
"""Policies that a replay compares."""


@dataclass(frozen=True)
class ReplayResult:
    """What a replay found.

    Attributes:
        start, end: First and last moment, naive local.
        moments: Detection runs made.
        candidates: Rows of `merge_candidates` with `moment`.
        alerts: What the policy opened.
        by_week: Alerts per department and week.
        load: Alerts below red per department and week.
        bursts: Injected bursts, where a truth was given.
        what_if: One row per policy of `WHAT_IF`: load, and power where a truth was given.
        detector: Version of `weisu-hotspot` that judged, "release" without a champion.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    moments: int
    candidates: pd.DataFrame
    alerts: pd.DataFrame
    by_week: pd.DataFrame
    load: dict[str, float]
    bursts: pd.DataFrame | None
    what_if: pd.DataFrame
    detector: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description, without the single candidates."""
        return {
            "schema_version": SCHEMA_VERSION,
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "detector": self.detector,
            "moments": self.moments,
            "candidates": len(self.candidates),
            "alerts": len(self.alerts),
            "kinds": {str(kind): int(count) for kind, count in self.alerts["kind"].value_counts().items()},
            "alerts_below_red_per_department_and_week": self.load,
            "by_department_and_week": self.by_week.astype({"week": "str"}).to_dict("records"),
            "power": None if self.bursts is None else summarise_power(self.bursts),
            "what_if": self.what_if.astype(object).where(self.what_if.notna(), None).to_dict("records"),
        }


def replay(
    settings: Settings,
    *,
    start: datetime,
    end: datetime,
    every: timedelta = timedelta(days=1),
    rules_every: timedelta | None = None,
    truth: pd.DataFrame | None = None,
    policy: Policy | None = None,
    surge: SurgeConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayResult:
    """Detect as of every moment from `start` to `end`, with the code that detects live.

    Args:
        settings: The installation, whose lake is read and nothing written.
        start: Aware; the first moment.
        end: Aware; the last moment, included.
        every: Between two runs of all detectors.
        rules_every: Between two runs of the recitable rules alone; none in between when None.
        truth: The simulator's truth, for power.
        policy: What becomes an alert.
        surge: The surge detector's configuration; when None the present champion's, whose settings hold no data of the
            replayed time, or the release's without one.
        progress: Called with moments done and moments in all.

    Raises:
        PipelineError: The lake is empty, or the span holds no moment.
    """
    policy = policy or Policy()
    lake = open_lake(settings)
    moments = list(_moments(start, end, every, rules_every))
    if not moments:
        raise PipelineError(f"no moment from {start} to {end}", hint="--to comes after --from")
    detector, version = (surge, "given") if surge else live_detector(settings)[:2]
    found = []
    # A month of news before the span: what came then may still be in a window.
    news = _news(lake, start - _BEFORE, end)
    with TemporaryDirectory(prefix="weisu-replay-") as scratch:
        # What detection keeps between runs (the memory of topics) starts empty and stays out of the installation.
        apart = settings.model_copy(update={"home": Path(scratch), "lake_url": settings.lake_path})
        before = start - every
        for done, (moment, rules_only) in enumerate(moments, start=1):
            keys = _known_between(news, before, moment) if rules_only else None
            result = find_candidates(apart, moment, lake=lake, surge=detector, rules_only=rules_only, keys=keys)
            found.append(result.candidates.assign(moment=_local(moment, settings)))
            before = moment
            if progress:
                progress(done, len(moments))
    candidates = pd.concat(found, ignore_index=True)
    judged = judge(
        candidates,
        _arrivals(lake, end, news, settings),
        settings=settings,
        start=start,
        end=end,
        runs=len(moments),
        truth=truth,
        policy=policy,
    )
    return replace(judged, detector=version)


def judge(
    candidates: pd.DataFrame,
    arrivals: pd.DataFrame,
    *,
    settings: Settings,
    start: datetime,
    end: datetime,
    runs: int,
    truth: pd.DataFrame | None,
    policy: Policy,
) -> ReplayResult:
    """Fold candidates into alerts and measure them; see `replay`."""
    first, last = _local(start, settings), _local(end, settings)
    weeks = max((last - first) / pd.Timedelta(days=7), 1 / 7)
    departments = max(arrivals.loc[arrivals["department"] != "", "department"].nunique(), 1)

    def outcome(chosen: Policy) -> tuple[pd.DataFrame, dict[str, float], pd.DataFrame | None]:
        alerts, held = fold_alerts(candidates, chosen)
        bursts = None if truth is None else burst_power(truth, arrivals, alerts, held, start=first, end=last)
        return alerts, load_per_department_week(alerts, weeks, departments), bursts

    alerts, load, bursts = outcome(policy)
    rows = []
    for other in WHAT_IF:
        opened, its_load, its_bursts = outcome(other)
        power = {} if its_bursts is None else summarise_power(its_bursts)
        rows.append(
            {
                "min_recurrence_days": other.min_recurrence_days,
                "weekly_budget": other.budget,
                "alerts": len(opened),
                "per department and week": its_load["mean"],
                "largest": its_load["largest"],
                **power,
            }
        )
    by_week = alerts.groupby(["department", "week"]).size().rename("alerts").reset_index()
    return ReplayResult(first, last, runs, candidates, alerts, by_week, load, bursts, pd.DataFrame(rows))


def _moments(
    start: datetime, end: datetime, every: timedelta, rules_every: timedelta | None
) -> Iterator[tuple[datetime, bool]]:
    """Yield each moment and whether only rules run then."""
    step = min(every, rules_every) if rules_every else every
    moment, full = start, start
    while moment <= end:
        due = moment >= full
        if due:
            full = moment + every
        yield moment, not due
        moment += step


def _local(moment: datetime, settings: Settings) -> pd.Timestamp:
    return pd.Timestamp(moment.astimezone(settings.zone).replace(tzinfo=None))


def _news(lake: Lake, since: datetime, until: datetime) -> pd.Series:
    """Return ticket keys by the moment at which a version of theirs became known, in that order."""
    rows = lake.news(since, until).to_pandas()
    return pd.Series((rows["source"] + "/" + rows["ticket_id"]).to_numpy(), index=pd.DatetimeIndex(rows["known_at"]))


def _known_between(news: pd.Series, since: datetime, until: datetime) -> set[str]:
    """Return the tickets of the batches ingested after one moment and by another."""
    first, last = news.index.searchsorted([pd.Timestamp(since), pd.Timestamp(until)], side="right")
    return set(news.iloc[first:last])


def _arrivals(lake: Lake, end: datetime, news: pd.Series, settings: Settings) -> pd.DataFrame:
    """Return the tickets with the moment they arrived; those from before the news count from their opening."""
    columns = ["source", "ticket_id", "opened_local", "caller", "department"]
    rows = lake.tickets(end, columns=columns).to_pandas()
    ticket = rows["source"] + "/" + rows["ticket_id"]
    first = news[~news.duplicated()]
    local = pd.Series(first.index.tz_convert(settings.zone).tz_localize(None), index=first.to_numpy())
    return rows.assign(
        ticket=ticket,
        arrived=ticket.map(local).fillna(rows["opened_local"]),
        caller=rows["caller"].fillna(ticket),
        department=rows["department"].fillna(""),
    )
