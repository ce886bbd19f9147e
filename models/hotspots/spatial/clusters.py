"""From tickets to space-time clusters: one scan per category; a cluster has its circle, dates, numbers and tickets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from features.configuration import ScanConfig
from features.series import UNCLASSIFIED
from features.ticket_points import PlacedTickets
from models.hotspots.negative_binomial import usual_maximum
from models.hotspots.spatial.expectation import Cylinders, ExpectationScan
from models.hotspots.spatial.scan_places import Floats, Pairs, ScanPlaces, grid_places, named_places
from models.hotspots.spatial.zones import Zones
from models.hotspots.ticketframe import clean_tickets

CLUSTER_COLUMNS: Final = (
    "category1",
    "category2",
    "category",
    "area",
    "areas",
    "place",
    "department",
    "places",
    "lat",
    "lon",
    "radius_km",
    "window_start",
    "window_end",
    "observed",
    "callers",
    "expected",
    "upper",
    "statistic",
    "p_value",
    "recurrence_days",
    "categories_scanned",
    "tickets",
)
"""Columns of the clusters, one row each, the most surprising first."""

_DAY: Final = pd.Timedelta(days=1)
_TIMES_OFTEN: Final = 3
_LEAST_DISPERSION: Final = 1 + 1e-6
_FINER: Final = ("category1", "category2", "category")


def find_clusters(
    placed: PlacedTickets,
    tickets: Any,
    *,
    as_of: datetime,
    config: ScanConfig | None = None,
) -> pd.DataFrame:
    """Return the space-time clusters that are alive at a moment.

    Days are the 24-hour spans before `as_of`, so that no window holds an incomplete day.

    Args:
        placed: All tickets of `config.periods` days, as `config.asked` asks for them.
        tickets: Rows of the lake (frame or Arrow table) that describe those of the longest window; more may be there.
        as_of: Aware moment for which `placed` was asked.
        config: What to look at.

    Returns:
        `CLUSTER_COLUMNS`; `p_value` is how likely chance brings such a maximum to any of the categories scanned,
        `recurrence_days` how often it does, with one analysis a day. A category with too little history is left out.
    """
    config = config or ScanConfig()
    described = clean_tickets(tickets, as_of=as_of)
    longest = max(config.durations)
    laid = layouts(placed, places=config.places, cell_km=config.cell_km, radius_km=config.max_radius_km)
    scanned = [layout for layout in laid if layout.recent(longest) >= config.min_count]
    if scanned and scanned[0].periods < 3 * longest + config.calibration_days:
        scanned = []
    rows = [
        _described(cluster, described, placed.now, config)
        for layout in scanned
        for cluster in _clusters(layout, config, len(scanned))
    ]
    clusters = pd.DataFrame(rows, columns=list(CLUSTER_COLUMNS))
    return clusters.sort_values("recurrence_days", ascending=False, kind="stable", ignore_index=True)


@dataclass(frozen=True)
class _Scanned:
    """One category's cylinders with their statistic, and how often chance brings one to any category."""

    cylinders: Cylinders
    statistic: Floats
    dispersion: Floats
    chance: Callable[[float], float]


def _scanned(scan: ExpectationScan, counts: Floats, config: ScanConfig, scans: int) -> _Scanned | None:
    """Scan one of `scans` categories; None where chance brings what it shows too often, which most days, most do."""
    cylinders = scan.cylinders(counts)
    # A scan is no more surprising than a single circle with its statistic would be: where chance brings even that more
    # often than the threshold, nothing needs calibration.
    plain = cylinders.statistics(np.ones(len(config.durations)), config.min_count)
    least = scans * float(ndtr(-np.sqrt(2 * plain.max())))
    if least * config.min_recurrence_days > 1:
        return None

    def looked(analyses: int) -> _Scanned:
        tail, dispersion = scan.calibrate(counts, analyses=analyses)

        def chance(value: float) -> float:
            # Šidák: the chance that any of so many scans has such a maximum.
            return max(least, -math.expm1(scans * math.log1p(-min(float(tail.p_value(value)), 1 - 1e-12))))

        return _Scanned(cylinders, cylinders.statistics(dispersion, config.min_count), dispersion, chance)

    for analyses, often in config.looks:
        if often * config.min_recurrence_days >= _TIMES_OFTEN:
            look = looked(analyses)
            if look.chance(float(look.statistic.max())) > often:
                return None
    return looked(config.analyses)


def _clusters(layout: Layout, config: ScanConfig, scans: int) -> list[dict[str, Any]]:
    """Return one category's clusters in numbers; `scans` is how many categories the run looks at."""
    zones = Zones.of(len(layout.places), layout.near)
    counts = layout.counts()
    scan = ExpectationScan(zones, config.durations, scale=config.scale, min_count=config.min_count, tail=config.tail)
    scan = (
        replace(scan, half_life=config.half_life)
        if config.half_life
        else scan.adapted(counts, half_lives=config.half_lives)
    )
    scanned = _scanned(scan, counts, config, scans)
    found: list[dict[str, Any]] = []
    if scanned is None:
        return found
    cylinders, statistic = scanned.cylinders, scanned.statistic
    taken = np.zeros(len(layout.places), dtype=bool)
    while len(found) < config.most:
        at = np.unravel_index(statistic.argmax(), statistic.shape)
        value = float(statistic[at])
        p_value = scanned.chance(value)
        # Without a statistic there is no cluster, however often chance is allowed to bring one.
        if value <= 0 or p_value * config.min_recurrence_days > 1:
            break
        row, size, duration = map(int, at)
        centre, rank = int(cylinders.centres[row]), int(cylinders.ranks[size])
        members = zones.members(centre, rank)
        taken[members] = True
        statistic = np.where(_touching(zones, cylinders, taken)[..., None], 0.0, statistic)
        mu = float(cylinders.expected[at])
        found.append(
            {
                "places": [layout.places.names[member] for member in members],
                "days": config.durations[duration],
                "tickets": layout.keys(members, config.durations[duration]),
                "radius_km": float(zones.radii_km[centre, rank]) + layout.places.reach_km,
                "observed": int(cylinders.observed[at]),
                "expected": mu,
                "upper": float(usual_maximum(mu, max(float(scanned.dispersion[duration]), _LEAST_DISPERSION))),
                "statistic": value,
                "p_value": p_value,
                "recurrence_days": 1 / max(p_value, 1e-12),
                "categories_scanned": scans,
            }
        )
    return found


def _touching(zones: Zones, cylinders: Cylinders, taken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which circles, centre x size, hold a place that an earlier cluster has taken."""
    padded = np.concatenate([taken, [False]])
    return np.logical_or.accumulate(padded[zones.neighbours[cylinders.centres]], axis=1)[:, cylinders.ranks]


def _shares(names: pd.Series) -> pd.Series:
    """Return each name's share of the tickets, the most common first."""
    shares = names.value_counts(normalize=True)
    return shares.sort_index().sort_values(ascending=False, kind="stable")


def _described(cluster: dict[str, Any], tickets: pd.DataFrame, now: pd.Timestamp, config: ScanConfig) -> dict[str, Any]:
    """Return a cluster with what its tickets say of it; repeats are listed with them."""
    behind = tickets[tickets["key"].isin(cluster["tickets"])]
    named = _FINER[: _FINER.index(config.by) + 1]
    last = behind.iloc[-1]
    located = behind[["lat", "lon"]].notna().all(axis=1)
    lat, lon = behind.loc[located, ["lat", "lon"]].mean() if located.any() else (np.nan, np.nan)
    districts, streets = _shares(behind["district"]), _shares(behind["street"])
    return {
        **{name: value for name, value in cluster.items() if name != "days"},
        **{name: str(last[name]) if name in named else "" for name in _FINER},
        "area": str(districts.index[0]),
        "areas": [name for name in districts.index[districts >= config.named_share] if name != UNCLASSIFIED],
        "place": str(streets.index[0]) if streets.iloc[0] >= config.street_share else "",
        "department": str(behind["department"].mode().iloc[0]),
        "lat": float(lat),
        "lon": float(lon),
        "window_start": now - cluster["days"] * _DAY,
        "window_end": now,
        "callers": int(behind["caller"].nunique()),
        "tickets": behind["key"].tolist(),
    }


# A category's tickets on its map: places with a ticket, and what was counted there day by day.


@dataclass(frozen=True)
class Layout:
    """Tickets of one label: every ticket's place, period (0 the oldest), and whether it counts (no caller's repeat).

    Attributes:
        label: What they are about.
        places: Where they lie; an empty place is nobody's centre.
        near: Pairs of them that one circle may hold.
        place, period, counted: Of each ticket.
        key: "source/ticket_id" of the recent ones.
        periods: How many days.
    """

    label: str
    places: ScanPlaces
    near: Pairs
    place: NDArray[np.intp]
    period: NDArray[np.intp]
    counted: NDArray[np.bool_]
    key: Any
    periods: int

    def counts(self) -> Floats:
        """Return place x period counts (a period's lie side by side)."""
        places = len(self.places)
        flat = self.period[self.counted] * places + self.place[self.counted]
        counts = np.bincount(flat, minlength=places * self.periods).astype(float)
        return np.asarray(counts.reshape(self.periods, places).T)

    def recent(self, days: int) -> int:
        """Return how many tickets count in the last days."""
        return int(np.count_nonzero(self.counted & (self.period >= self.periods - days)))

    def keys(self, members: NDArray[np.intp], days: int) -> list[str]:
        """Return the keys of the tickets of some places in the last days, repeats with them."""
        inside = np.isin(self.place, members) & (self.period >= self.periods - days)
        return list(self.key.take(np.flatnonzero(inside)).to_pylist())


def layouts(
    placed: PlacedTickets, *, places: Literal["points", "district"], cell_km: float, radius_km: float
) -> Iterator[Layout]:
    """Yield the tickets of each label on one grid, or in their districts; none where nothing lies anywhere."""
    if places == "points":
        laid, place = grid_places(placed.lat, placed.lon, cell_km=cell_km)
    else:
        districts = np.array(placed.districts, dtype=object)[placed.district]
        laid, place = named_places(districts, placed.lat, placed.lon)
    near = laid.pairs_within_km(radius_km)
    first = np.searchsorted(near[0], np.arange(len(laid) + 1))
    inside = np.flatnonzero(place >= 0)
    periods = int(placed.age[inside].max(initial=-1)) + 1
    # Numbers of 16 bits are sorted in one pass.
    narrow = np.min_scalar_type(len(placed.labels))
    by_label = inside[np.argsort(placed.label[inside].astype(narrow), kind="stable")]
    ends = np.cumsum(np.bincount(placed.label[inside], minlength=len(placed.labels)))
    for label, start, end in zip(placed.labels, [0, *ends], ends, strict=False):
        rows = by_label[start:end]
        own, used = pd.factorize(place[rows], sort=True)
        yield Layout(
            label=label,
            places=ScanPlaces(tuple(laid.names[at] for at in used), laid.lat[used], laid.lon[used], laid.reach_km),
            near=_among(near, first, used),
            place=own,
            period=periods - 1 - placed.age[rows].astype(np.intp),
            counted=~placed.again[rows],
            key=placed.key.take(rows),
            periods=periods,
        )


def _among(near: Pairs, first: NDArray[np.intp], used: NDArray[np.intp]) -> Pairs:
    """Return the pairs of some places, which are numbered anew; `first` is where each place's pairs begin."""
    sizes = first[used + 1] - first[used]
    own = np.arange(sizes.sum()) + np.repeat(first[used] - (np.cumsum(sizes) - sizes), sizes)
    number = np.full(first.size - 1, -1, dtype=np.intp)
    number[used] = np.arange(used.size)
    second = number[near[1][own]]
    both = second >= 0
    return np.repeat(np.arange(used.size), sizes)[both], second[both], near[2][own[both]]
