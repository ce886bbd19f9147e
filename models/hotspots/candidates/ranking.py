"""In what order people should look."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from features.configuration.detection import CandidateConfig
from features.vocabulary import Kind
from models.hotspots.candidates.signals import Signal


def score(group: Sequence[Signal], *, callers: int, config: CandidateConfig) -> float:
    """Return how urgently one event asks to be looked at; higher is sooner.

    The strongest detector's surprise in powers of ten of days (a recurrence of 1,000 days is 3, capped at 6; a rule
    counts how often it was met over), half a point per doubling of distinct callers, half a point for every further
    kind that agrees, and four for a sensitive matter, so that it stands before anything statistical of equal size.
    """
    surprise = max(_surprise(signal, config.detector_cap) for signal in group)
    kinds = {signal.kind for signal in group}
    size = 0.5 * math.log2(1 + callers)
    return (
        surprise
        + size
        + config.kind_bonus * (len(kinds) - 1)
        + (config.sensitive_bonus if Kind.SENSITIVE in kinds else 0.0)
    )


def _surprise(signal: Signal, cap: float) -> float:
    if math.isfinite(signal.recurrence_days):
        return min(math.log10(max(signal.recurrence_days, 1.0)), cap)
    threshold = signal.evidence.get("threshold", 0)
    usual = max(threshold, signal.evidence.get("usual", 0.0) or 0.0)
    if not math.isfinite(usual) or usual <= 0:
        usual = max(threshold, 1)
    return min(math.log2(max(signal.observed / usual, 1.0)), cap)


def ranked(candidates: pd.DataFrame) -> pd.DataFrame:
    """Return the candidates by falling score, with `rank` (1 = first)."""
    ordered = candidates.sort_values(["score", "observed"], ascending=False, kind="stable", ignore_index=True)
    return ordered.assign(rank=range(1, len(ordered) + 1))
