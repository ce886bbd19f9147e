"""From tickets to space-time clusters: one scan per category; a cluster has its circle, dates, numbers and tickets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import stats

from features.series import UNCLASSIFIED
from models.hotspots.spatial.expectation import DURATIONS, Cylinders, ExpectationScan
from models.hotspots.spatial.places import Floats, Places, grid_places, named_places
from models.hotspots.spatial.zones import Zones
from models.hotspots.ticketframe import between, clean_tickets, is_repeat, local_now

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
_FINER: Final = ("category1", "category2", "category")
_NAMED_SHARE: Final = 0.25
"""A district with so many of a cluster's tickets is named beside the one with most."""
_ONE_STREET: Final = 0.5
"""A street with so many of them is where the cluster is."""
_CALIBRATION_DAYS: Final = 60
"""Past analyses that a category's scan must be able to replay before it may speak."""

_FIRST_LOOK: Final = 36
"""Past analyses of a first, cheap calibration."""
_EVERYDAY: Final = 7.0
"""Days: what the first look says to come more often needs no second one, whatever the threshold."""


class ScanConfig(BaseModel):
    """What the scan of one installation looks at.

    Attributes:
        by: Scan one value of this column at a time.
        places: "points" lays a grid of `cell_km`, "district" takes districts at their centres.
        max_radius_km: No cluster is wider; 3 km finds streets and quarters, 6 and more towns.
        periods: Days of history read.
        durations: Window lengths in days.
        scale: See `ExpectationScan`.
        half_life: Days after which a ticket counts half for its place's share of the city; what would have told the
            category's past best when None.
        min_count: A cluster has at least as many tickets, repeat callers merged.
        min_recurrence_days: Report what chance brings less often than this in the whole city, all categories scanned
            together; 365 is the usual operator's threshold.
        merge_days: A caller's tickets on one matter within so many days count once.
        most: Clusters reported per category.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["category1", "category2", "category"] = "category"
    places: Literal["points", "district"] = "points"
    cell_km: float = Field(default=0.5, gt=0)
    max_radius_km: float = Field(default=3.0, ge=0)
    periods: int = Field(default=365, ge=90)
    durations: tuple[int, ...] = DURATIONS
    scale: Literal["day", "history"] = "day"
    half_life: float | None = Field(default=None, gt=0)
    min_count: int = Field(default=4, ge=2)
    min_recurrence_days: float = Field(default=365.0, ge=1)
    merge_days: int = Field(default=7, ge=0)
    most: int = Field(default=3, ge=1)


@dataclass(frozen=True)
class _Layout:
    """Tickets on the map: every ticket's place, period (0 the oldest), and whether it counts (no caller's repeat)."""

    tickets: pd.DataFrame
    places: Places
    place: NDArray[np.intp]
    period: NDArray[np.intp]
    counted: NDArray[np.bool_]
    periods: int
    now: pd.Timestamp

    def narrowed(self, rows: NDArray[np.bool_]) -> _Layout:
        """Return the layout of some tickets, on the places they occupy: an empty place is nobody's centre."""
        used, place = np.unique(self.place[rows], return_inverse=True)
        names = tuple(self.places.names[index] for index in used)
        places = Places(names, self.places.lat[used], self.places.lon[used], self.places.reach_km)
        columns = (self.period[rows], self.counted[rows])
        return _Layout(self.tickets[rows], places, place.astype(np.intp), *columns, self.periods, self.now)

    def counts(self) -> Floats:
        """Return place x period counts."""
        flat = self.place[self.counted] * self.periods + self.period[self.counted]
        size = len(self.places) * self.periods
        return np.bincount(flat, minlength=size).reshape(len(self.places), self.periods).astype(float)


def find_clusters(
    tickets: Any,
    *,
    as_of: datetime,
    timezone: str = "Asia/Shanghai",
    config: ScanConfig | None = None,
) -> pd.DataFrame:
    """Return the space-time clusters that are alive at a moment.

    Days are the 24-hour spans before `as_of`, so that no window holds an incomplete day.

    Args:
        tickets: Tickets of the lake with `lat`, `lon` (frame or Arrow table), about `config.periods` days of them.
        as_of: Aware moment; tickets known later are not seen, windows end here.
        timezone: Zone of `opened_local`.
        config: What to look at.

    Returns:
        `CLUSTER_COLUMNS`; `p_value` is how likely chance brings such a maximum to any of the categories scanned,
        `recurrence_days` how often it does, with one analysis a day. A category with too little history is left out.
    """
    config = config or ScanConfig()
    layout = _lay_out(tickets, as_of, timezone, config)
    rows = [row for found in _scanned(layout, config) for row in found] if layout else []
    clusters = pd.DataFrame(rows, columns=list(CLUSTER_COLUMNS))
    return clusters.sort_values("recurrence_days", ascending=False, kind="stable", ignore_index=True)


def _lay_out(tickets: Any, as_of: datetime, timezone: str, config: ScanConfig) -> _Layout | None:
    now = local_now(as_of, timezone)
    clean = clean_tickets(tickets, as_of=as_of)
    clean = between(clean, now - config.periods * _DAY, now)
    if config.places == "points":
        places, place = grid_places(clean["lat"], clean["lon"], cell_km=config.cell_km)
    else:
        places, place = named_places(clean["district"], clean["lat"], clean["lon"])
    if not len(places):
        return None
    clean, place = clean[place >= 0].reset_index(drop=True), place[place >= 0]
    age = ((now - clean["opened_local"]) // _DAY).to_numpy().astype(np.intp)
    periods = int(age.max()) + 1
    counted = ~is_repeat(clean, by=config.by, days=config.merge_days).to_numpy(dtype=bool)
    return _Layout(clean, places, place, periods - 1 - age, counted, periods, now)


def _scanned(layout: _Layout, config: ScanConfig) -> Iterator[list[dict[str, Any]]]:
    longest = max(config.durations)
    if layout.periods < 3 * longest + _CALIBRATION_DAYS:
        return
    codes, names = pd.factorize(layout.tickets[config.by])
    recent = (layout.period >= layout.periods - longest) & layout.counted
    scanned = np.flatnonzero(np.bincount(codes[recent], minlength=len(names)) >= config.min_count)
    for code in scanned:
        yield _clusters(layout.narrowed(codes == code), config, scanned.size)


def _clusters(layout: _Layout, config: ScanConfig, scans: int) -> list[dict[str, Any]]:
    """Return one category's clusters; `scans` is how many categories the run looks at."""
    zones = Zones.around(layout.places, max_radius_km=config.max_radius_km)
    counts = layout.counts()
    scan = ExpectationScan(zones, config.durations, scale=config.scale, min_count=config.min_count)
    scan = replace(scan, half_life=config.half_life) if config.half_life else scan.adapted(counts)
    # A scan is no more surprising than a single circle with its statistic would be: where chance brings even that more
    # often than the threshold, nothing needs calibration. Most days, most categories end here.
    plain, _ = scan.statistics(counts, dispersion=np.ones(len(config.durations)))
    least = scans * float(stats.norm.sf(np.sqrt(2 * plain.max())))
    if least * config.min_recurrence_days > 1:
        return []

    def chance(value: float) -> float:
        # Šidák: the chance that any of so many scans has such a maximum.
        return max(least, -math.expm1(scans * math.log1p(-min(float(tail.p_value(value)), 1 - 1e-12))))

    if config.min_recurrence_days > _EVERYDAY:
        tail, dispersion = scan.calibrate(counts, analyses=_FIRST_LOOK)
        statistic, _ = scan.statistics(counts, dispersion=dispersion)
        if chance(float(statistic.max())) * _EVERYDAY > 1:
            return []
    tail, dispersion = scan.calibrate(counts)
    statistic, cylinders = scan.statistics(counts, dispersion=dispersion)
    found: list[dict[str, Any]] = []
    taken = np.zeros(len(layout.places), dtype=bool)
    while len(found) < config.most:
        at = np.unravel_index(statistic.argmax(), statistic.shape)
        value = float(statistic[at])
        p_value = chance(value)
        if p_value * config.min_recurrence_days > 1:
            break
        row, size, duration = map(int, at)
        centre, rank = int(cylinders.centres[row]), int(cylinders.ranks[size])
        members = zones.members(centre, rank)
        taken[members] = True
        statistic = np.where(_touching(zones, cylinders, taken)[..., None], 0.0, statistic)
        radius = float(zones.radii_km[centre, rank]) + layout.places.reach_km
        observed, mu = float(cylinders.observed[at]), float(cylinders.expected[at])
        found.append(
            {
                **_described(layout, members, config.durations[duration], config.by),
                "radius_km": radius,
                "observed": int(observed),
                "expected": mu,
                "upper": _upper(mu, float(dispersion[duration])),
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


def _upper(mu: float, phi: float) -> float:
    """Return the 99 % quantile of a negative binomial with mean mu and variance phi mu."""
    phi = max(phi, 1 + 1e-6)
    return float(stats.nbinom.ppf(0.99, mu / (phi - 1), 1 / phi))


def _shares(names: pd.Series) -> pd.Series:
    """Return each name's share of the tickets, the most common first."""
    shares = names.value_counts(normalize=True)
    return shares.sort_index().sort_values(ascending=False, kind="stable")


def _described(layout: _Layout, members: NDArray[np.intp], days: int, by: str) -> dict[str, Any]:
    """Return what a cluster's tickets say of it; repeats are listed with them."""
    behind = layout.tickets[np.isin(layout.place, members) & (layout.period >= layout.periods - days)]
    named = _FINER[: _FINER.index(by) + 1]
    last = behind.iloc[-1]
    located = behind[["lat", "lon"]].notna().all(axis=1)
    lat, lon = behind.loc[located, ["lat", "lon"]].mean() if located.any() else (np.nan, np.nan)
    districts, streets = _shares(behind["district"]), _shares(behind["street"])
    return {
        **{name: str(last[name]) if name in named else "" for name in _FINER},
        "area": str(districts.index[0]),
        "areas": [name for name in districts.index[districts >= _NAMED_SHARE] if name != UNCLASSIFIED],
        "place": str(streets.index[0]) if streets.iloc[0] >= _ONE_STREET else "",
        "department": str(behind["department"].mode().iloc[0]),
        "places": [layout.places.names[member] for member in members],
        "lat": float(lat),
        "lon": float(lon),
        "window_start": layout.now - days * _DAY,
        "window_end": layout.now,
        "callers": int(behind["caller"].nunique()),
        "tickets": behind["key"].tolist(),
    }
