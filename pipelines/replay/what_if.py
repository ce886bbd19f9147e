"""The same past under other thresholds and other weekly budgets: how many alerts, how much power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pandas as pd

from features.settings import Settings
from features.vocabulary import Kind
from models.hotspots.candidates import Thresholds
from pipelines.replay.episodes import Policy, fold_alerts, load_per_department_week
from pipelines.replay.power import alerts_on_bursts, burst_power, summarise_power

AS_CONFIGURED: Final = 1.0
RARITIES: Final = (0.1, 0.5, AS_CONFIGURED, 10.0, 100.0)
"""How many times as rare as configured a finding must be; below 1 is laxer."""
BUDGETS: Final = (3, 5, 10)
"""Beside the budget asked for, and none."""
_FIXED: Final = frozenset({Kind.FREQUENT, Kind.REPEAT, Kind.SENSITIVE, Kind.FORECAST})

Ladder = Mapping[float, Thresholds]


def ladder_of(thresholds: Thresholds, *, compare: bool = True) -> Ladder:
    """Return the thresholds to compare, by how rare they ask for, the laxest first; only the own ones if not to."""
    if not compare:
        return {AS_CONFIGURED: thresholds}
    return {times: thresholds if times == AS_CONFIGURED else thresholds.rarer(times) for times in RARITIES}


@dataclass(frozen=True)
class ReplaySpan:
    """What alerts of a replay are measured against.

    Attributes:
        start, end: First and last moment, naive local.
        departments: Departments that have tickets.
        arrivals: See `burst_power`.
        truth: Injected bursts; None where nobody knows of any.
        settings: The installation: its time zone and labels.
        runs: `moment, complete` of every run, before the span too; None for the moments of the candidates.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    departments: int
    arrivals: pd.DataFrame
    truth: pd.DataFrame | None
    settings: Settings = field(default_factory=Settings)
    runs: pd.DataFrame | None = None


@dataclass(frozen=True)
class PolicyOutcome:
    """What a policy made of candidates: the alerts, their load, and the bursts they held where some are known.

    Attributes:
        alerts: Those opened within the span; `on_burst` says which hold a known burst.
        load: Alerts below red per department and week: mean and largest.
        bursts: See `burst_power`.
        held: `alert, ticket, since`, see `fold_alerts`.
    """

    alerts: pd.DataFrame
    load: dict[str, float]
    bursts: pd.DataFrame | None
    held: pd.DataFrame


def outcome(candidates: pd.DataFrame, policy: Policy, span: ReplaySpan) -> PolicyOutcome:
    """Fold candidates into alerts and measure them."""
    alerts, held = fold_alerts(candidates, policy, settings=span.settings, runs=span.runs, start=span.start)
    bursts, found = None, set()
    if span.truth is not None:
        # An alert that was open before the span may hold a burst too: its department hears of the new tickets.
        bursts = burst_power(span.truth, span.arrivals, held, start=span.start, end=span.end)
        found = alerts_on_bursts(span.truth, span.arrivals, held)
    alerts = alerts[alerts["told_at"] >= span.start].assign(on_burst=alerts["alert"].isin(found))
    return PolicyOutcome(alerts, load_per_department_week(alerts, span.start, span.end, span.departments), bursts, held)


def what_if(candidates: Mapping[float, pd.DataFrame], ladder: Ladder, policy: Policy, span: ReplaySpan) -> pd.DataFrame:
    """Return rows of thresholds and budgets, the laxest threshold first.

    Args:
        candidates: Those of each threshold, by how rare it asks for.
        ladder: The thresholds.
        policy: What makes an alert; its own budget and none are tried at each threshold, and each of `BUDGETS` at the
            configured one.
        span: What to measure against.

    Returns:
        times_as_rare, q, surge_days, cluster_days, group_days, weekly_budget (NaN for none), alerts, fixed (of these,
        rules and seasons, which no threshold here moves), per department and week, largest; and power where bursts are
        known.
    """
    return pd.DataFrame(list(_rows(candidates, ladder, policy, span)))


def _rows(
    candidates: Mapping[float, pd.DataFrame], ladder: Ladder, policy: Policy, span: ReplaySpan
) -> Iterator[dict[str, Any]]:
    own = set() if policy.budget is None else {policy.budget}
    for times, thresholds in ladder.items():
        given = own | set(BUDGETS) if times == AS_CONFIGURED and len(ladder) > 1 else own
        for budget in (*sorted(given), None):
            found = outcome(candidates[times], replace(policy, budget=budget), span)
            yield {
                "times_as_rare": times,
                "q": thresholds.q,
                "surge_days": thresholds.surge_days,
                "cluster_days": thresholds.cluster_days,
                "group_days": thresholds.group_days,
                "weekly_budget": budget,
                "alerts": len(found.alerts),
                "fixed": int(found.alerts["kind"].isin(_FIXED).sum()),
                "per department and week": found.load["mean"],
                "largest": found.load["largest"],
                **({} if found.bursts is None else summarise_power(found.bursts)),
            }
