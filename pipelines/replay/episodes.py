"""Fold the candidates of many moments into alerts: one event is one alert, and a department has a weekly budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Self

import pandas as pd

from features.configuration import AlertPolicy
from features.vocabulary import AlertLevel, Kind
from serve.alerts import Candidate
from serve.alerts.levels import assess

ALERT_COLUMNS: Final = (
    "alert",
    "opened_at",
    "week",
    "department",
    "kind",
    "category",
    "area",
    "sensitive",
    "red",
    "observed",
    "callers",
    "recurrence_days",
    "score",
    "window_start",
    "window_end",
    "sentence",
    "evidence",
    "updates",
    "last_at",
)
"""Columns of the alerts; `opened_at` and `last_at` are naive local moments of detection runs."""


@dataclass(frozen=True)
class Policy:
    """What becomes an alert.

    Attributes:
        budget: Alerts below red that a department takes a week; None for no limit.
        quiet_days: An alert that nothing renewed for so long is over; the same matter then opens a new one.
        alerting: Says which alerts are red: they are outside the budget.
    """

    budget: int | None = AlertPolicy().weekly_budget
    quiet_days: int = 7
    alerting: AlertPolicy = field(default_factory=AlertPolicy)

    @classmethod
    def of(cls, alerting: AlertPolicy) -> Self:
        """Return the policy that an installation runs live."""
        return cls(budget=alerting.weekly_budget, alerting=alerting)


@dataclass
class _Episode:
    number: int
    row: dict[str, Any]
    last_at: pd.Timestamp
    updates: int = 0


def fold_alerts(
    candidates: pd.DataFrame, policy: Policy | None = None, *, start: pd.Timestamp | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the alerts that a policy opens, and which tickets each held from when on.

    A candidate updates an open alert of the same kind, category and area, or one that shares a ticket or a cell;
    otherwise it opens one, the best of a moment first, as long as its department's week has budget. What the budget
    holds back may open at a later moment, if it is still found.

    Args:
        candidates: Rows of `merge_candidates` of many moments, with `moment` (naive local).
        policy: What becomes an alert.
        start: What is found before this moment is open already, whatever the budget, and spends none of it: in the
            first week of a replay the backlog of months would leave nothing for what is new.

    Returns:
        Alerts with `ALERT_COLUMNS`; and `alert, ticket, since`: the moment each ticket became part of each alert.
    """
    policy = policy or Policy()
    episodes: list[_Episode] = []
    latest: dict[Any, _Episode] = {}
    spent: Counter[tuple[str, pd.Timestamp]] = Counter()
    held: dict[tuple[int, str], pd.Timestamp] = {}
    ordered = candidates.sort_values(["moment", "score"], ascending=[True, False], kind="stable")
    for row in ordered.to_dict("records"):
        names = _names(row)
        episode = _open_episode(names, latest, row["moment"] - pd.Timedelta(days=policy.quiet_days))
        if episode is None:
            week = row["moment"].normalize() - pd.Timedelta(days=row["moment"].weekday())
            red = _is_red(row, policy.alerting)
            known = start is not None and row["moment"] < start
            if not (red or known or _afford(row["department"], week, spent, policy.budget)):
                continue
            episode = _Episode(len(episodes), {**row, "week": week, "red": red}, row["moment"])
            episodes.append(episode)
        elif row["moment"] > episode.last_at:
            episode.updates += 1
        episode.last_at = row["moment"]
        latest.update(dict.fromkeys(names, episode))
        for ticket in row["tickets"]:
            held.setdefault((episode.number, ticket), row["moment"])
    alerts = pd.DataFrame([_alert(episode) for episode in episodes], columns=list(ALERT_COLUMNS))
    tickets = pd.DataFrame([(*key, since) for key, since in held.items()], columns=["alert", "ticket", "since"])
    return alerts, tickets


def _names(row: dict[str, Any]) -> list[Any]:
    """Return all by which a later candidate is recognised as the same event."""
    return [(row["kind"], row["category"], row["area"]), *row["tickets"], *row["cells"]]


def _open_episode(names: list[Any], latest: dict[Any, _Episode], since: pd.Timestamp) -> _Episode | None:
    """Return the open episode that most of the names belong to."""
    known = Counter(latest[name].number for name in names if name in latest and latest[name].last_at >= since)
    if not known:
        return None
    number = known.most_common(1)[0][0]
    return next(latest[name] for name in names if name in latest and latest[name].number == number)


def _is_red(row: dict[str, Any], alerting: AlertPolicy) -> bool:
    """Whether a candidate would open as a red alert."""
    upper = None if pd.isna(row["upper"]) else float(row["upper"])
    weighed = Candidate.model_construct(
        kind=Kind(row["kind"]),
        sensitive=bool(row["sensitive"]),
        observed=int(row["observed"]),
        callers=int(row["callers"]),
        upper=upper,
    )
    return assess(weighed, alerting).level is AlertLevel.RED


def _afford(department: str, week: pd.Timestamp, spent: Counter[Any], budget: int | None) -> bool:
    if budget is None:
        return True
    if spent[department, week] >= budget:
        return False
    spent[department, week] += 1
    return True


def _alert(episode: _Episode) -> dict[str, Any]:
    own = {"alert": episode.number, "opened_at": episode.row["moment"], "updates": episode.updates}
    return {**episode.row, **own, "last_at": episode.last_at}


def load_per_department_week(alerts: pd.DataFrame, weeks: float, departments: int) -> dict[str, float]:
    """Return alerts below red per department and week: the mean, and the largest of any department in any week."""
    below = alerts[~alerts["red"].astype(bool)]
    most = below.groupby(["department", "week"]).size().max() if len(below) else 0
    return {"mean": len(below) / max(departments * weeks, 1e-9), "largest": int(most)}
