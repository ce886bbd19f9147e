"""From the signals of all detectors to one ranked list of candidates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd

from features.configuration.detection import CandidateConfig
from features.vocabulary import Frequency, Kind, rule_document
from models.hotspots.candidates.overlap import merge_overlapping
from models.hotspots.candidates.past import Alarms, alarms_of, similar_past
from models.hotspots.candidates.sentences import sentence_of
from models.hotspots.candidates.signals import (
    NAMING_ORDER,
    Signal,
    cluster_signals,
    forecast_signals,
    group_signals,
    rule_signals,
    surge_signals,
)
from models.hotspots.ticketframe import clean_tickets

CANDIDATE_COLUMNS: Final = (
    "kind",
    "kinds",
    "category1",
    "category2",
    "category",
    "area",
    "department",
    "cells",
    "tickets",
    "window_start",
    "window_end",
    "observed",
    "callers",
    "expected",
    "upper",
    "p_value",
    "recurrence_days",
    "score",
    "rank",
    "sensitive",
    "rule",
    "sentence",
    "evidence",
    "past",
    "lat",
    "lon",
    "radius_km",
)
"""Columns of the candidates, in order."""


def merge_candidates(
    *,
    tickets: Any,
    as_of: datetime,
    static: pd.DataFrame,
    surges: Mapping[Frequency, pd.DataFrame] | None = None,
    hits: pd.DataFrame | None = None,
    clusters: pd.DataFrame | None = None,
    groups: pd.DataFrame | None = None,
    forecasts: pd.DataFrame | None = None,
    past: pd.DataFrame | None = None,
    q: float = 0.2,
    surge_days: float = 30.0,
    config: CandidateConfig | None = None,
) -> pd.DataFrame:
    """Return one ranked row per event that the detectors found.

    Args:
        tickets: Tickets of the lake over all detectors' windows (frame or Arrow table), or already clean ones.
        as_of: Aware moment of the run; tickets known later are not seen.
        static: Hierarchy of the surge cells.
        surges: Frequency (W, D, h) -> whole output of `detect_surges`: all cells tested, history included. The last
            period of each frame is judged, the rest tells of the past.
        hits: Of `models.hotspots.rules.apply_rules`.
        clusters: Of `models.hotspots.spatial.find_clusters`.
        groups: Of `models.hotspots.textgroups.find_groups`, first-seen topics among them.
        forecasts: Of `models.hotspots.seasonal.due_forecasts`.
        past: Earlier candidates or episodes, for the similar past cases.
        q: False discovery rate held over all cells of one frequency that a run tested.
        surge_days: A surge that chance brings more often than this is left out.
        config: What makes two signals one, and how they are ranked.

    Returns:
        `CANDIDATE_COLUMNS`, best first. `observed`, `callers`, `expected` and the window are those of the leading
        signal, whose sentence is given; `tickets` and `cells` are those of all, the leading signal's first; `evidence`
        lists every signal's numbers and sentence.
    """
    config = config or CandidateConfig()
    judged = {Frequency(freq): frame for freq, frame in (surges or {}).items()}
    clean = clean_tickets(tickets, as_of=as_of)
    signals: list[Signal] = []
    for freq, frame in judged.items():
        found = surge_signals(frame, freq=freq, static=static, tickets=clean, q=q, min_count=config.min_count)
        signals += [signal for signal in found if signal.recurrence_days >= surge_days]
    for rows, reader in (
        (hits, rule_signals),
        (clusters, cluster_signals),
        (groups, group_signals),
        (forecasts, forecast_signals),
    ):
        signals += [] if rows is None or rows.empty else reader(rows)
    if not signals:
        return pd.DataFrame(columns=list(CANDIDATE_COLUMNS))
    behind = clean[clean["key"].isin({key for signal in signals for key in signal.tickets})]
    caller_of = dict(zip(behind["key"], behind["caller"], strict=True))
    alarms = {freq: alarms_of(frame) for freq, frame in judged.items()}
    events = [sorted(group, key=_leads) for group in merge_overlapping(signals, share=config.overlap)]
    rows = pd.DataFrame([_candidate(event, caller_of, past, alarms, config) for event in events])
    return ranked(rows)[list(CANDIDATE_COLUMNS)]


def _leads(signal: Signal) -> tuple[int, bool, float, int]:
    """Order within an event: the kind that names it, parts before sums, the most surprising, the largest."""
    recurrence = 0.0 if math.isnan(signal.recurrence_days) else signal.recurrence_days
    return NAMING_ORDER.index(signal.kind), signal.aggregate, -recurrence, -signal.observed


def _candidate(
    event: Sequence[Signal],
    caller_of: Mapping[str, str],
    past: pd.DataFrame | None,
    alarms: Mapping[Frequency, Alarms],
    config: CandidateConfig,
) -> dict[str, Any]:
    lead = event[0]
    keys = list(dict.fromkeys(key for signal in event for key in signal.tickets))
    callers = len({caller_of.get(key, key) for key in keys})
    kinds = sorted({signal.kind for signal in event}, key=NAMING_ORDER.index)
    fixed = ("kind", "category1", "category2", "category", "area", "window_start", "window_end", "observed", "callers")
    numbers = ("expected", "upper", "p_value", "recurrence_days", "rule")
    return {
        **{name: getattr(lead, name) for name in (*fixed, *numbers)},
        **_place(event),
        "kinds": kinds,
        "department": next((signal.department for signal in event if signal.department), ""),
        "cells": list(dict.fromkeys(cell for signal in event for cell in signal.cells)),
        "tickets": keys,
        "score": score(event, callers=max(callers, lead.callers), config=config),
        "sensitive": Kind.SENSITIVE in kinds,
        "sentence": sentence_of(lead).document(),
        "evidence": {
            "tickets_total": len(keys),
            "callers_total": callers,
            "signals": [_evidence(signal) for signal in event],
        },
        "past": similar_past(event, cases=past, alarms=alarms),
    }


def _place(event: Sequence[Signal]) -> dict[str, float]:
    """Return the circle of the most surprising space-time cluster in the event, NaN without one."""
    placed = next((signal for signal in event if signal.detector == "cluster"), event[0])
    return {"lat": placed.lat, "lon": placed.lon, "radius_km": placed.radius_km}


def _evidence(signal: Signal) -> dict[str, Any]:
    numbers = {
        "kind": signal.kind,
        "rule": None if signal.rule is None else rule_document(signal.rule),
        "detector": signal.detector,
        "cells": list(signal.cells),
        "window_start": signal.window_start.isoformat(),
        "window_end": signal.window_end.isoformat(),
        "observed": signal.observed,
        "tickets": len(signal.tickets),
        "callers": signal.callers,
        "expected": signal.expected,
        "upper": signal.upper,
        "p_value": signal.p_value,
        "recurrence_days": signal.recurrence_days,
        "sentence": sentence_of(signal).document(),
        **signal.evidence,
    }
    # JSON knows no NaN: what a detector cannot say is null.
    return {name: None if _unknown(value) else value for name, value in numbers.items()}


def _unknown(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


# In what order people should look.


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
