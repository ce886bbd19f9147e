"""From the signals of all detectors to one ranked list of candidates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd

from features.configuration.detection import CandidateConfig
from features.series import ONE_HAND
from features.vocabulary import Frequency, Kind, rule_document
from models.hotspots.candidates.focus import focus_of
from models.hotspots.candidates.overlap import merge_overlapping
from models.hotspots.candidates.past import Alarms, alarms_of, similar_past
from models.hotspots.candidates.sentences import sentence_of
from models.hotspots.candidates.siblings import Event, join_siblings, matter_of, told_beside, usual_departments
from models.hotspots.candidates.signals import (
    NAMING_ORDER,
    Signal,
    cluster_signals,
    forecast_signals,
    group_signals,
    rule_signals,
    surge_signals,
)
from models.hotspots.candidates.spread import places_of
from models.hotspots.candidates.sums import relabelled, with_parts
from models.hotspots.candidates.telling import is_scattered, lift_of
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
    "hours",
    "places",
    "label_days",
    "expected",
    "upper",
    "p_value",
    "recurrence_days",
    "score",
    "rank",
    "sensitive",
    "signs",
    "doubt",
    "rule",
    "sentence",
    "siblings",
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
    first_seen: Mapping[str, pd.Timestamp] | None = None,
    past: pd.DataFrame | None = None,
    q: float = 0.2,
    surge_days: float = 30.0,
    config: CandidateConfig | None = None,
) -> pd.DataFrame:
    """Return one ranked row per cause that the detectors found.

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
        first_seen: Category -> its first day, of categories younger than the counts; see `first_days`.
        past: Earlier candidates or episodes, for the similar past cases.
        q: False discovery rate held over all series of one level and frequency that a run tested.
        surge_days: A surge that chance brings more often than this is left out.
        config: What makes two signals one, and how they are ranked.

    Returns:
        `CANDIDATE_COLUMNS`, best first. `observed`, `callers` (0 where the source names none), `expected` and the
        window are those of the leading signal, whose sentence is given; `hours` and `places` say how widely its tickets
        are spread, `label_days` how long ago its category was first seen (None: not known to be young). `tickets` and
        `cells` are those of all, the leading signal's first; `siblings` are the other matters of the same cause, which
        the sentence names too; `evidence` lists every signal's numbers and sentence.
    """
    config = config or CandidateConfig()
    judged = {Frequency(freq): frame for freq, frame in (surges or {}).items()}
    clean = clean_tickets(tickets, as_of=as_of)
    signals = _rare_surges(judged, static, clean, q=q, surge_days=surge_days, config=config)
    for rows, reader in (
        (hits, rule_signals),
        (clusters, cluster_signals),
        (groups, group_signals),
        (forecasts, forecast_signals),
    ):
        signals += [] if rows is None or rows.empty else reader(rows)
    events = [sorted(group, key=_leads) for group in merge_overlapping(signals, share=config.overlap)]
    if not events:
        return pd.DataFrame(columns=list(CANDIDATE_COLUMNS))
    known = _Known.of(signals, clean, static, first_seen=first_seen or {}, past=past, judged=judged, config=config)
    causes = join_siblings(
        events, opened=known.opened, department_of=known.department_of, together=timedelta(hours=config.together_hours)
    )
    return ranked(pd.DataFrame([_candidate(cause, known) for cause in causes]))[list(CANDIDATE_COLUMNS)]


def _rare_surges(
    judged: Mapping[Frequency, pd.DataFrame],
    static: pd.DataFrame,
    clean: pd.DataFrame,
    *,
    q: float,
    surge_days: float,
    config: CandidateConfig,
) -> list[Signal]:
    """Return the surges that chance brings seldom, sums with their parts; a label that was renamed is none."""
    signals: list[Signal] = []
    for freq, frame in judged.items():
        found = surge_signals(frame, freq=freq, static=static, tickets=clean, q=q, min_count=config.min_count)
        rare = [signal for signal in found if signal.recurrence_days >= surge_days]
        rare = [with_parts(signal, clean) if signal.aggregate else signal for signal in rare]
        rare = [signal for signal in rare if not (signal.aggregate and is_scattered(signal, clean))]
        rare = [replace(signal, lift=lift_of(signal, freq)) for signal in rare]
        rose = {signal.category for signal in rare if signal.category}
        renamed = {new for _, new in relabelled(frame, static, sorted(rose))}
        signals += [signal for signal in rare if signal.category not in renamed]
    return signals


@dataclass(frozen=True)
class _Known:
    """What is known beside the signals.

    Attributes:
        caller_of: Ticket -> caller.
        opened: Ticket -> when it was opened, naive local civil time.
        place_of: Ticket -> its street, else its point, else its district.
        street_of: Ticket -> its street, '' without one.
        first_seen: Category -> its first day, of those younger than the counts.
        newest: When the newest ticket was opened.
        department_of: (category, district) -> who usually handles it.
        past: Earlier candidates or episodes.
        alarms: Earlier alarms of each frequency.
        config: What makes two signals one, and how they are ranked.
    """

    caller_of: Mapping[str, str]
    opened: Mapping[str, pd.Timestamp]
    place_of: Mapping[str, str]
    street_of: Mapping[str, str]
    first_seen: Mapping[str, pd.Timestamp]
    newest: pd.Timestamp
    department_of: Mapping[tuple[str, str], str]
    past: pd.DataFrame | None
    alarms: Mapping[Frequency, Alarms]
    config: CandidateConfig

    @classmethod
    def of(
        cls,
        signals: Sequence[Signal],
        clean: pd.DataFrame,
        static: pd.DataFrame,
        *,
        first_seen: Mapping[str, pd.Timestamp],
        past: pd.DataFrame | None,
        judged: Mapping[Frequency, pd.DataFrame],
        config: CandidateConfig,
    ) -> _Known:
        """Gather what is known of the tickets behind the signals; the arguments are those of `merge_candidates`."""
        behind = clean[clean["key"].isin({key for signal in signals for key in signal.tickets})]
        return cls(
            caller_of=dict(zip(behind["key"], behind["caller"], strict=True)),
            opened=dict(zip(behind["key"], behind["opened_local"], strict=True)),
            place_of=dict(zip(behind["key"], places_of(behind), strict=True)),
            street_of=dict(zip(behind["key"], behind["street"], strict=True)),
            first_seen=first_seen,
            newest=clean["opened_local"].max(),
            department_of=usual_departments(static),
            past=past,
            alarms={freq: alarms_of(frame) for freq, frame in judged.items()},
            config=config,
        )

    def focus(self, lead: Signal) -> dict[str, Any]:
        """Return the street and the hours that half of a surge's tickets share."""
        if lead.kind is not Kind.SURGE:
            return {}
        return focus_of(lead.tickets, self.opened, self.street_of, lead.window_end - lead.window_start)

    def spread(self, lead: Signal) -> dict[str, int | None]:
        """Return in how many hours and from how many places a signal's tickets came, and how old its label is."""
        first = self.first_seen.get(lead.category)
        return {
            "hours": len({self.opened[key].floor("h") for key in lead.tickets if key in self.opened}),
            "places": len({self.place_of[key] for key in lead.tickets if key in self.place_of}),
            "label_days": None if first is None else (self.newest - first).days,
        }


def _leads(signal: Signal) -> tuple[int, bool, bool, float, float]:
    """Order within an event: the kind that names it, the sum that takes the others in, the rarest, the largest."""
    recurrence = 0.0 if math.isnan(signal.recurrence_days) else signal.recurrence_days
    kind = NAMING_ORDER.index(signal.kind)
    return kind, signal.inside, not signal.aggregate, -recurrence, -float(signal.observed)


def _candidate(cause: Sequence[Event], known: _Known) -> dict[str, Any]:
    event = [signal for one in cause for signal in one]
    keys = list(dict.fromkeys(key for signal in event for key in signal.tickets))
    callers = len({known.caller_of.get(key, key) for key in keys})
    named = _callers_named(keys, known.caller_of)
    lead = event[0] if named else replace(event[0], callers=0)
    kinds = sorted({signal.kind for signal in event}, key=NAMING_ORDER.index)
    fixed = ("kind", "category1", "category2", "category", "area", "window_start", "window_end", "observed", "callers")
    numbers = ("expected", "upper", "p_value", "recurrence_days", "rule")
    matter = matter_of(lead, known.opened, known.department_of)
    siblings = told_beside(cause, known.department_of)
    return {
        **{name: getattr(lead, name) for name in (*fixed, *numbers)},
        "category": lead.category or (lead.parts[0].name if lead.parts else ""),
        **_place(event),
        **known.spread(lead),
        "kinds": kinds,
        "department": matter.department or next((signal.department for signal in event if signal.department), ""),
        "cells": list(dict.fromkeys(cell for signal in event for cell in signal.cells)),
        "tickets": keys,
        "score": score(event, callers=max(callers, event[0].callers), config=known.config),
        "sensitive": Kind.SENSITIVE in kinds,
        **_danger(event),
        "sentence": sentence_of(lead, known.focus(lead)).beside(siblings).document(),
        "siblings": siblings,
        "evidence": {
            "tickets_total": len(keys),
            "callers_total": callers if named else None,
            "arrived": matter.arrived and [moment.isoformat() for moment in matter.arrived],
            "lift": round(matter.lift, 2),
            "signals": [_evidence(signal if named else replace(signal, callers=0)) for signal in event],
        },
        "past": similar_past(event, cases=known.past, alarms=known.alarms),
    }


def _danger(event: Sequence[Signal]) -> dict[str, Any]:
    """Return what says the same beside the words of a sensitive matter, and whether its category speaks against it."""
    sensitive = [signal.evidence for signal in event if signal.kind is Kind.SENSITIVE]
    signs = dict.fromkeys(sign for evidence in sensitive for sign in evidence["signs"])
    return {"signs": list(signs), "doubt": bool(sensitive) and all(evidence["doubt"] for evidence in sensitive)}


def _callers_named(keys: Sequence[str], caller_of: Mapping[str, str]) -> bool:
    """Tell whether the source names the callers of these tickets, of half of them at least; of none it says nothing."""
    somebody = sum(not (caller := caller_of.get(key, key)).startswith(ONE_HAND) and caller != key for key in keys)
    return not keys or 2 * somebody >= len(keys)


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
        "level": signal.level,
        "parts": [{"name": part.name, "observed": part.observed, "expected": part.expected} for part in signal.parts],
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
