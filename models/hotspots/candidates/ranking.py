"""In what order people should look, and where a weekly budget would cut."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from features.vocabulary import Kind
from models.hotspots.candidates.signals import Signal

_DETECTOR_CAP = 6.0
_SENSITIVE_BONUS = 4.0
_KIND_BONUS = 0.5


def score(group: Sequence[Signal], *, callers: int) -> float:
    """Return how urgently one event asks to be looked at; higher is sooner.

    The strongest detector's surprise in powers of ten of days (a recurrence of 1,000 days is 3, capped at 6; a rule
    counts how often it was met over), half a point per doubling of distinct callers, half a point for every further
    kind that agrees, and four for a sensitive matter, so that it stands before anything statistical of equal size.
    """
    surprise = max(_surprise(signal) for signal in group)
    kinds = {signal.kind for signal in group}
    size = 0.5 * math.log2(1 + callers)
    return surprise + size + _KIND_BONUS * (len(kinds) - 1) + (_SENSITIVE_BONUS if Kind.SENSITIVE in kinds else 0.0)


def _surprise(signal: Signal) -> float:
    if math.isfinite(signal.recurrence_days):
        return min(math.log10(max(signal.recurrence_days, 1.0)), _DETECTOR_CAP)
    threshold = signal.evidence.get("threshold", 0)
    usual = max(threshold, signal.evidence.get("usual", 0.0) or 0.0)
    if not math.isfinite(usual) or usual <= 0:
        usual = max(threshold, 1)
    return min(math.log2(max(signal.observed / usual, 1.0)), _DETECTOR_CAP)


def rank_and_cut(candidates: pd.DataFrame, *, budget: int, raised: dict[str, int] | None = None) -> pd.DataFrame:
    """Order candidates and propose which a department's weekly budget would let through.

    The budget is only proposed here; the alert life cycle applies it once. Sensitive candidates always pass and
    do not use the budget.

    Args:
        candidates: Rows with `score`, `department`, `sensitive`.
        budget: Alerts a department takes per week.
        raised: Department -> alerts already raised this week.

    Returns:
        The rows by falling score, with `rank` (1 = first), `department_rank` among the budgeted, `within_budget`.
    """
    ordered = candidates.sort_values(["score", "observed"], ascending=False, kind="stable", ignore_index=True)
    ordered["rank"] = range(1, len(ordered) + 1)
    budgeted = ~ordered["sensitive"].astype(bool)
    place = budgeted.groupby(ordered["department"]).cumsum().where(budgeted, 0).astype(int)
    used = ordered["department"].map(raised or {}).fillna(0).astype(int)
    return ordered.assign(department_rank=place, within_budget=~budgeted | (place + used <= budget))
