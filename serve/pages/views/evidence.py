"""What an alert rests on, as pictures: the curve from the detector's numbers, the map from merged cells, past cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal

import structlog
from markupsafe import Markup

from features.sentences import said_of
from features.settings import Settings
from features.vocabulary import Frequency, read_rule
from serve.alerts.copies import ReadEvent
from serve.alerts.rule_text import recite
from serve.charts.curve import Count, alert_curve
from serve.charts.place_map import MapPlace, merged_cells, place_map
from serve.pages.language import Words
from serve.store.tables import Alert

_log = structlog.get_logger(__name__)
LONGEST: Final = 60
_MOST_TICKETS: Final = 500


@dataclass(frozen=True)
class Curve:
    """The curve of an alert, drawn twice: for wide and for narrow screens; `unit` says what a bar counts."""

    wide: Markup
    narrow: Markup
    counts: Sequence[Count]
    unit: str

    @property
    def shares(self) -> bool:
        """Whether bars hold more than the alert's own."""
        return any(one.own is not None for one in self.counts)

    @property
    def judged(self) -> bool:
        """Whether a detector said what is usual."""
        return any(one.expected is not None for one in self.counts)


@dataclass(frozen=True)
class PlacesMap:
    """The map of an alert and the cells on it."""

    picture: Markup
    places: Sequence[MapPlace]

    @property
    def count(self) -> int:
        """Tickets on the map."""
        return sum(place.count for place in self.places)


@dataclass(frozen=True)
class HistoryLine:
    """One line of what was done."""

    at: datetime
    what: str
    who: str
    note: str


def curve_of(alert: Alert, words: Words) -> Curve | None:
    """Return the alert's curve, from `evidence["curve"]`; None when the detector gave none."""
    rows = _curve_rows(alert.evidence)
    if not rows:
        return None
    freq = Frequency(alert.evidence["curve"].get("freq", Frequency.DAILY))
    counts = [_count(row, alert, freq.length) for row in rows[-LONGEST:]]
    unit = _unit(freq, alert.evidence["curve"].get("counts", ""), words)
    title = f"{words('alert.curve')} ({unit}): {alert.category}, {words.place(alert.area)}"
    return Curve(
        alert_curve(counts, title=title, name="curve-wide"),
        alert_curve(counts[-30:], title=title, name="curve-narrow", narrow=True),
        counts,
        unit,
    )


def map_of(
    settings: Settings, keys: Sequence[tuple[str, str]], words: Words
) -> tuple[PlacesMap | None, Literal["", "none", "unreadable"]]:
    """Return the map of an alert's tickets; None with the reason: few have a place, or the lake cannot be read."""
    if not keys:
        return None, "none"
    try:
        places = _places(settings.lake_path, settings.timezone, tuple(keys[:_MOST_TICKETS]))
    except Exception:  # noqa: BLE001 - an alert without its map is still an alert to act on
        _log.exception("no map: the lake cannot be read")
        return None, "unreadable"
    if not places:
        return None, "none"
    return PlacesMap(place_map(places, title=words("alert.map"), name="map"), places), ""


@lru_cache(maxsize=256)
def _places(lake_path: str, timezone: str, keys: tuple[tuple[str, str], ...]) -> tuple[MapPlace, ...]:
    """Return the merged cells of these tickets, remembered: several people open the same alert."""
    from features.knowledge import ticket_points

    return tuple(merged_cells(ticket_points(lake_path, timezone, keys)))


def history_of(events: Sequence[ReadEvent], words: Words) -> list[HistoryLine]:
    """Return what was done, newest first."""
    return [
        HistoryLine(event.at, words.of("event", event.kind), _who(event), _note(event, words))
        for event in reversed(events)
    ]


def past_of(cases: Sequence[Mapping[str, Any]], words: Words) -> list[str]:
    """Return the similar past cases that the reader may see, one sentence each."""
    return [sentence for case in cases if (sentence := _past_case(case, words))]


def _curve_rows(evidence: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    curve = evidence.get("curve")
    rows = curve.get("rows") if isinstance(curve, Mapping) else None
    return list(rows) if isinstance(rows, Sequence) and not isinstance(rows, str) else []


def _unit(freq: str, counts: str, words: Words) -> str:
    """Return how long a bar's period is and what it counts; older curves do not say what."""
    said = [words.of("alert.curve", freq)]
    if counts:
        by_period = counts == "callers"
        said.append(words.of("alert.counts.callers", freq) if by_period else words.of("alert.counts", counts))
    return " · ".join(said)


def _count(row: Mapping[str, Any], alert: Alert, period: timedelta) -> Count:
    """Return one bar, marked where its period and the alert's window meet: a window need not begin with a period."""
    moment = datetime.fromisoformat(str(row["ds"]))
    return Count(
        label=moment.strftime("%m-%d" if moment.hour == 0 else "%m-%d %H:%M"),
        count=float(row["y"]),
        expected=_number(row.get("expected")),
        upper=_number(row.get("upper")),
        marked=moment < alert.window_end and alert.window_start < moment + period,
        own=_number(row.get("own")),
        partial=bool(row.get("partial")),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _who(event: ReadEvent) -> str:
    if event.actor_role == "system":
        return ""
    return " · ".join(dict.fromkeys(part for part in (event.department, event.actor) if part))


def _note(event: ReadEvent, words: Words) -> str:
    payload = event.payload
    said = [str(payload[name]) for name in ("note", "text", "comment", "demand", "answer") if payload.get(name)]
    if event.kind == "dismissed" and payload.get("reason"):
        said.insert(0, words.of("dismiss", str(payload["reason"])))
    if event.kind == "assigned":
        said.insert(0, f"{words.of('alert.part', str(payload.get('part', 'lead')))}：{payload.get('department', '')}")
    if event.kind == "reassignment_asked":
        said.insert(0, str(payload.get("asked", "")))
    if event.kind == "escalated":
        step = words("concern.order_overdue") if payload.get("clock") == "supervision" else payload.get("step_name", "")
        said.insert(0, f"{step} → {words.audience(str(payload.get('to', '')))}")
    if event.kind == "resolved" and payload.get("closing"):
        said.insert(0, words.of("closed", str(payload["closing"])))
    if event.kind == "held" and payload.get("by"):
        said.insert(0, words.of("held", str(payload["by"])))
    if joined := payload.get("joined"):
        said.insert(0, said_of(joined["sentence"], words.language) or _rule_of(joined, words))
    return "　".join(said)


def _rule_of(joined: Mapping[str, Any], words: Words) -> str:
    return words.either(*recite(read_rule(joined["rule"]))) if joined["rule"] else ""


def _past_case(case: Mapping[str, Any], words: Words) -> str:
    when = str(case.get("window_start") or case.get("ds") or "")[:10]
    sentence = said_of(case.get("sentence"), words.language)
    if sentence:
        state = f"（{words.of('state', str(case['state']))}）" if case.get("state") else ""
        return f"{when}　{sentence}{state}"
    if case.get("y") is None:
        return ""
    usual = f"（{words('legend.expected')} {float(case['expected']):.1f}）" if case.get("expected") is not None else ""
    return f"{when}　{words('alert.observed')} {float(case['y']):.0f}{usual}"
