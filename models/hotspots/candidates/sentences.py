"""The facts of the sentence that a person can recite: what, where, how unusual; `features.sentences` has the words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from features.sentences import Sentence, SentenceCode
from features.series import UNCLASSIFIED
from features.vocabulary import Kind, ManyTickets
from models.hotspots.candidates.signals import Signal

Facts = dict[str, Any]


def sentence_of(signal: Signal, focus: Mapping[str, Any] | None = None) -> Sentence:
    """Return a signal's sentence, by its code and facts.

    Args:
        signal: What it is about.
        focus: The street and the hours that half of its tickets share, where there are such.
    """
    code = SentenceCode.CLUSTER if signal.detector == "cluster" else _CODES[signal.kind]
    shared = {name: value for name, value in (focus or {}).items() if name != "spot" or not _place(signal)}
    return Sentence(code, _common(signal) | _OWN[code](signal) | shared)


def _place(signal: Signal) -> str:
    return str(signal.evidence.get("place") or "")


def _common(signal: Signal) -> Facts:
    cluster = signal.detector == "cluster"
    areas = [area for area in signal.evidence.get("areas") or [signal.area] if area]
    return {
        "matter": signal.category or signal.category2 or signal.category1 or _of_department(signal),
        "areas": areas or ([UNCLASSIFIED] if cluster else []),
        "place": _place(signal),
        "lat": _known(signal.lat) if cluster else None,
        "lon": _known(signal.lon) if cluster else None,
        "observed": signal.observed,
        "tickets": len(signal.tickets),
        "callers": signal.callers,
        "start": signal.window_start.isoformat(),
        "end": signal.window_end.isoformat(),
    }


_NAMED: Final = 8
"""Parts of a sum that its sentence names: those of the largest excess, the largest of them first."""


def _of_department(signal: Signal) -> str:
    return signal.department if signal.level == "department" else ""


def _surge(signal: Signal) -> Facts:
    told = {"freq": signal.evidence["freq"], "expected": _known(signal.expected), "upper": _known(signal.upper)}
    if not signal.aggregate:
        return told
    largest = sorted(signal.parts[:_NAMED], key=lambda part: -part.observed)
    named = [{"name": part.name, "observed": part.observed} for part in largest]
    return told | {"parts": named, "others": signal.observed - sum(part.observed for part in largest)}


def _cluster(signal: Signal) -> Facts:
    return {"expected": _known(signal.expected), "upper": _known(signal.upper), "radius_km": signal.radius_km}


def _frequent(signal: Signal) -> Facts:
    chance = signal.rule.chance if isinstance(signal.rule, ManyTickets) else None
    return {"threshold": signal.evidence["threshold"], "usual": _known(signal.evidence["usual"]), "chance": chance}


def _sensitive(signal: Signal) -> Facts:
    return {"words": signal.evidence["words"]}


def _evidence(*names: str) -> Callable[[Signal], Facts]:
    return lambda signal: {name: signal.evidence[name] for name in names}


def _season(signal: Signal) -> Facts:
    names = ("years_seen", "years", "aligned", "act_by_week", "return_week", "overdue")
    return {name: signal.evidence[name] for name in names} | {"expected": signal.expected}


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


_CODES: Final = {
    Kind.SURGE: SentenceCode.SURGE,
    Kind.FREQUENT: SentenceCode.FREQUENT,
    Kind.REPEAT: SentenceCode.REPEAT,
    Kind.SENSITIVE: SentenceCode.SENSITIVE,
    Kind.SHARED: SentenceCode.SHARED,
    Kind.FIRST_SEEN: SentenceCode.FIRST_SEEN,
    Kind.FORECAST: SentenceCode.SEASON,
}
_OWN: Final[Mapping[SentenceCode, Callable[[Signal], Facts]]] = {
    SentenceCode.SURGE: _surge,
    SentenceCode.CLUSTER: _cluster,
    SentenceCode.FREQUENT: _frequent,
    SentenceCode.REPEAT: lambda _: {},
    SentenceCode.SENSITIVE: _sensitive,
    SentenceCode.SHARED: _evidence("label", "most_by_one"),
    SentenceCode.FIRST_SEEN: _evidence("label", "most_by_one", "absent_days"),
    SentenceCode.SEASON: _season,
}
