"""A signal: what one detector says about one set of tickets, in the shape that all detectors share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from features.series import UNCLASSIFIED
from features.vocabulary import BeyondHistory, Cluster, Frequency, Kind, NewTopic, Rule, Season, SharedCause
from models.hotspots.candidates.fdr import benjamini_hochberg
from models.hotspots.candidates.fresh import is_carried, least_told, most_of_late, shortest_window
from models.hotspots.ticketframe import between

NAMING_ORDER: Final = (
    Kind.SENSITIVE,
    Kind.FIRST_SEEN,
    Kind.SURGE,
    Kind.SHARED,
    Kind.FREQUENT,
    Kind.REPEAT,
    Kind.FORECAST,
)
"""Of several kinds about the same tickets, the first in this order names the candidate."""

_DIMENSIONS: Final = ("category1", "category2", "category", "district", "department")
_AGGREGATE_LEVELS: Final = frozenset(
    {"total", "district", "department", "category1", "category2", "category", "category1_district"}
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part that carries a sum: what it is called, how many tickets it has, how many its share would be."""

    name: str
    observed: int
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One finding of one detector.

    Attributes:
        kind: What kind of hotspot it is.
        detector: surge, rule, cluster, text or forecast.
        cells: Series the finding is about; empty for findings about places or texts.
        tickets: Keys "source/ticket_id", oldest first.
        window_start, window_end: Naive local civil time, half open.
        level: Hierarchy level of a surge; "" for the others.
        parts: Of a sum, what carries it, the largest excess first.
        inside: It is told inside a sum, which leads.
        lift: Of a sum over all districts, how many times the most that is usual it stands at; else 0.
        rule: By which rule the detector speaks.
        evidence: The detector's own numbers, JSON-ready.
    """

    kind: Kind
    detector: str
    tickets: tuple[str, ...]
    window_start: pd.Timestamp
    window_end: pd.Timestamp
    observed: int
    callers: int
    category1: str = ""
    category2: str = ""
    category: str = ""
    area: str = ""
    department: str = ""
    cells: tuple[str, ...] = ()
    level: str = ""
    parts: tuple[Part, ...] = ()
    inside: bool = False
    lift: float = 0.0
    expected: float = float("nan")
    upper: float = float("nan")
    p_value: float = float("nan")
    recurrence_days: float = float("nan")
    rule: Rule | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    lat: float = float("nan")
    lon: float = float("nan")
    radius_km: float = float("nan")

    @property
    def aggregate(self) -> bool:
        """Whether the finding is about a sum of cells."""
        return self.level in _AGGREGATE_LEVELS

    @property
    def excess(self) -> float:
        """Tickets above what was expected."""
        return self.observed - (0.0 if np.isnan(self.expected) else self.expected)


def surge_signals(
    surges: pd.DataFrame,
    *,
    freq: Frequency,
    static: pd.DataFrame,
    tickets: pd.DataFrame,
    q: float,
    min_count: int,
) -> list[Signal]:
    """Return the surges of the last period that survive false discovery control over all of their level.

    Levels are families of their own: thousands of near-empty cells must not raise the bar of the city's sums.

    Args:
        surges: Output of `models.hotspots.detect_surges`: every tested cell, history included.
        freq: W, D or h.
        static: Hierarchy of the cells; a `unique_id` that is not in it is left out.
        tickets: Clean tickets that reach back over the scan windows.
        q: False discovery rate held over all series of one level in the last period.
        min_count: A window with fewer tickets is never a surge: one-off noise.
    """
    if surges.empty:
        return []
    last = surges[surges["ds"] == surges["ds"].max()]
    level = last["unique_id"].map(static.set_index("unique_id")["level"]).fillna("cell")
    families = [rows[benjamini_hochberg(rows["p_value"], q)] for _, rows in last.groupby(level, sort=False)]
    caught = pd.concat(families).merge(static, on="unique_id", how="inner")
    # Whoever handles nothing in particular is no department.
    caught = caught[~((caught["level"] == "department") & caught["department"].isin(["", UNCLASSIFIED]))]
    windows = surges[surges["unique_id"].isin(caught["unique_id"])].sort_values("ds")
    series = dict(iter(windows.groupby("unique_id", sort=False)))
    signals = (_surge(row, series[row["unique_id"]], freq, tickets) for row in caught.to_dict("records"))
    return [signal for signal in signals if signal is not None and signal.observed >= min_count]


def _surge(row: dict[str, Any], series: pd.DataFrame, freq: Frequency, tickets: pd.DataFrame) -> Signal | None:
    """Return the surge of a series, as the shortest window that holds it.

    None where its last days carry it no more, or where it is within the most that is usual.
    """
    found = max(int(row.get("window", 1) or 1), 1)
    end = row["ds"] + freq.length
    dims = {name: str(row.get(name) or "") for name in _DIMENSIONS}
    if not _goes_on(series.tail(found), freq, tickets, dims):
        return None
    width = shortest_window(series.tail(found), weeks=freq is Frequency.WEEKLY)
    if not width:
        return None
    scanned = series.tail(width)
    start = row["ds"] - (width - 1) * freq.length
    behind = _in_cell(between(tickets, start, end), dims)
    expected = float(scanned["expected"].sum())
    # The margins of single periods are nearly independent, so the margin of their sum is their root sum of squares.
    margin = float(np.sqrt(np.square(scanned["upper"] - scanned["expected"]).sum()))
    late = 0.0 if freq is Frequency.HOURLY else most_of_late(series, width)
    upper = max(expected + margin, late)
    observed = int(scanned["y"].sum())
    if not observed > least_told(upper, weeks=freq is Frequency.WEEKLY):
        return None
    return Signal(
        kind=Kind.SURGE,
        detector="surge",
        tickets=tuple(behind["key"]),
        window_start=start,
        window_end=end,
        observed=observed,
        callers=int(behind["caller"].nunique()),
        category1=dims["category1"],
        category2=dims["category2"],
        category=dims["category"],
        area=dims["district"],
        department=_named(dims["department"]) or _most_common(behind["department"]),
        cells=(str(row["unique_id"]),),
        level=str(row.get("level") or "cell"),
        expected=expected,
        upper=upper,
        p_value=float(row["p_value"]),
        recurrence_days=float(row["recurrence_days"]),
        rule=BeyondHistory(freq=freq, periods=width),
        evidence={"freq": freq, "window": width, "p_value_1": float(row.get("p_value_1", np.nan))},
    )


def _goes_on(scanned: pd.DataFrame, freq: Frequency, tickets: pd.DataFrame, dims: Mapping[str, str]) -> bool:
    """Tell whether the last days of a window carry it: of weeks by the tickets of the last seven days, where known."""
    length, carry = len(scanned) * freq.length, _CARRY.get(freq, freq.length)
    newest = scanned["ds"].max() + freq.length
    recent = int(scanned.loc[scanned["ds"] >= newest - carry, "y"].sum())
    if freq is Frequency.WEEKLY and len(tickets) and tickets["opened_local"].max() > newest:
        late = tickets[tickets["opened_local"] >= tickets["opened_local"].max() - carry]
        recent = len(_in_cell(late, dims))
    return is_carried(recent, float(scanned["expected"].sum()), min(carry / length, 1.0))


_CARRY: Final = {Frequency.DAILY: timedelta(days=2), Frequency.WEEKLY: timedelta(days=7)}
"""A surge is told while days as many before now carry it, or all of its window where that is shorter."""


def _in_cell(tickets: pd.DataFrame, dims: Mapping[str, str]) -> pd.DataFrame:
    """Return key, caller and department of the tickets of a cell.

    A leaf is counted by its name, which tells branches apart (`features.branches`): so are its tickets.
    """
    rows = np.arange(len(tickets))
    if dims["category"]:
        dims = {**dims, "category1": "", "category2": ""}
    # What leaves the fewest first: a district, then a leaf.
    for name in reversed(_DIMENSIONS):
        if dims[name] and not (name == "department" and dims["category"]):
            rows = rows[(tickets[name].iloc[rows] == dims[name]).to_numpy()]
    return tickets[["key", "caller", "department"]].take(rows)


def _named(department: str) -> str:
    """Return a department's name; nobody handles what is unclassified, and routing then asks the duty desk."""
    return "" if department == UNCLASSIFIED else department


def _most_common(values: pd.Series) -> str:
    named = values[~values.isin(["", UNCLASSIFIED])]
    return "" if named.empty else str(named.mode().iloc[0])


def rule_signals(hits: pd.DataFrame) -> list[Signal]:
    """Return a signal per hit of `models.hotspots.rules.apply_rules`."""
    return [
        Signal(
            **_labels(hit),
            detector="rule",
            rule=hit["rule"],
            evidence={
                "threshold": int(hit["threshold"]),
                "usual": float(hit["usual"]),
                "words": list(hit["words"]),
                "signs": list(hit["signs"]),
                "doubt": bool(hit["doubt"]),
                "place": hit["place"],
            },
        )
        for hit in hits.to_dict("records")
    ]


def cluster_signals(clusters: pd.DataFrame) -> list[Signal]:
    """Return a signal per space-time cluster of `models.hotspots.spatial` clearly above the most that is usual."""
    return [
        Signal(
            **_labels(row),
            **_numbers(row),
            kind=Kind.SURGE,
            detector="cluster",
            rule=Cluster(radius_km=round(float(row["radius_km"]), 1)),
            lat=float(row["lat"]),
            lon=float(row["lon"]),
            radius_km=float(row["radius_km"]),
            evidence={
                "place": row["place"],
                "areas": list(row["areas"]),
                "places": list(row["places"]),
                "statistic": float(row["statistic"]),
                "categories_scanned": int(row["categories_scanned"]),
            },
        )
        for row in clusters.to_dict("records")
        if not row["observed"] <= least_told(row["upper"])
    ]


def group_signals(groups: pd.DataFrame) -> list[Signal]:
    """Return a signal per text group (多人同诉) or new topic (首发) of `models.hotspots.textgroups`."""
    return [
        Signal(
            **_labels(row),
            **_numbers(row),
            detector="text",
            rule=_topic_rule(row["kind"], row["label"]),
            evidence={
                "label": row["label"],
                "terms": list(row["terms"]),
                "places": list(row["places"]),
                "most_by_one": int(row["most_by_one"]),
                "absent_days": int(row["absent_days"]),
            },
        )
        for row in groups.to_dict("records")
    ]


def forecast_signals(forecasts: pd.DataFrame) -> list[Signal]:
    """Return a signal per seasonal problem whose week to act has come, of `models.hotspots.seasonal`."""
    return [
        Signal(
            **_labels({**row, "tickets": (), "observed": 0, "callers": 0}),
            kind=Kind.FORECAST,
            detector="forecast",
            cells=tuple(row["cells"]),
            level=row["level"],
            expected=float(row["expected"]),
            recurrence_days=365.0,
            rule=Season(years_seen=int(row["years_seen"]), years=int(row["years"])),
            evidence={
                name: row[name]
                for name in ("years_seen", "years", "aligned", "act_by_week", "return_week", "usual", "overdue")
            }
            | {"act_by": str(row["act_by"].date()), "areas": list(row["areas"])},
        )
        for row in forecasts.to_dict("records")
    ]


def _topic_rule(kind: str, label: str) -> Rule:
    return NewTopic(topic=label) if kind == Kind.FIRST_SEEN else SharedCause(topic=label)


def _labels(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("kind", "category1", "category2", "category", "area", "department")
    texts: dict[str, Any] = {name: str(row[name] or "") for name in names if name in row}
    if "kind" in texts:
        texts["kind"] = Kind(texts["kind"])
    return {
        **texts,
        "tickets": tuple(row["tickets"]),
        "observed": int(row["observed"]),
        "callers": int(row["callers"]),
        "window_start": row["window_start"],
        "window_end": row["window_end"],
    }


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("expected", "upper", "p_value", "recurrence_days")
    return {name: float(row.get(name, np.nan)) for name in names}
