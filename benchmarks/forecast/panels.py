"""Real panels and their folds: four cities by ticket, and counts of two more; from WEISU_REAL_DATA, never committed.

Cells are category x district with at least 30 tickets before the first test week; zeros are filled over the whole span.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

ORIGINS: Final = 6
HORIZON: Final = 8
DEVELOPMENT: Final = 4
"""The first four origins of a city are for choosing; the last two are only reported."""

DAYS_BETWEEN: Final = 28
"""Days between the origins of a daily panel, so that six of them see five months."""

_MIN_TICKETS: Final = 30
_MIN_TICKETS_DAILY: Final = 365
_NYC_OFFICES: Final = [f"NYCC{number}" for number in ("01", "02", "03", "06", "08", "43", "48", "50")]


@dataclass(frozen=True)
class City:
    """One city's panel.

    Attributes:
        name: nyc, stuttgart, boston, chicago, budapest or wales.
        country: ISO code of its holidays.
        y: Long frame `unique_id, ds, y` of the cells, complete weeks, zeros filled.
        static: `unique_id, category, district`.
        cutoffs: The last known week (its `ds`) of each fold, oldest first.
        horizon: Periods ahead that are scored.
    """

    name: str
    country: str
    y: pd.DataFrame
    static: pd.DataFrame
    cutoffs: list[pd.Timestamp]
    horizon: int = HORIZON


def real_data() -> Path:
    """Return the folder of real data, or leave with a sentence."""
    folder = os.environ.get("WEISU_REAL_DATA")
    if not folder:
        raise SystemExit("WEISU_REAL_DATA is not set: this benchmark needs the real tickets")
    return Path(folder)


def load_tickets(name: str, folder: Path) -> tuple[pd.DataFrame, str, str, str]:
    """Return tickets (`created, category, district`), first Monday, last day and country of a city."""
    return _LOADERS[name](folder / "tickets")


def load_city(name: str, folder: Path | None = None) -> City:
    """Build a city's weekly panel and folds."""
    tickets, start, end, country = load_tickets(name, folder or real_data())
    weeks = pd.date_range(start, end, freq="W-MON")
    wide = wide_counts(tickets, tickets["created"].dt.to_period("W-SUN").dt.start_time, weeks)
    cutoffs = [weeks[len(weeks) - 1 - HORIZON * back] for back in range(ORIGINS, 0, -1)]
    kept = wide.loc[:, wide.loc[: cutoffs[0]].sum() >= _MIN_TICKETS]
    return city_of(name, country, kept, cutoffs)


def load_daily(name: str, folder: Path | None = None, *, horizon: int = 14) -> City:
    """Build a city's daily panel, one series per category with at least 365 tickets before the first test day."""
    tickets, start, end, country = load_tickets(name, folder or real_data())
    days = pd.date_range(start, end, freq="D")
    wide = wide_counts(tickets.assign(district=""), tickets["created"].dt.normalize(), days)
    last = len(days) - 1 - horizon
    cutoffs = [days[last - DAYS_BETWEEN * back] for back in reversed(range(ORIGINS))]
    kept = wide.loc[:, wide.loc[: cutoffs[0]].sum() >= _MIN_TICKETS_DAILY]
    return city_of(name, country, kept, cutoffs)


def load_counts(name: str, folder: Path | None = None) -> City:
    """Build a panel that nothing was tuned on, from its counts: its origins end with its last period.

    Args:
        name: A key of `COUNTS`.
        folder: Of real data; that of WEISU_REAL_DATA when None.
    """
    file, country, horizon, origins, step = COUNTS[name]
    counts = pd.read_parquet((folder or real_data()) / "counts" / f"{file}.parquet")
    periods = pd.DatetimeIndex(sorted(counts["ds"].unique()))
    last = len(periods) - 1 - horizon
    static = counts.drop_duplicates("unique_id")[["unique_id", "category", "district"]].astype(str)
    cutoffs = [periods[last - step * back] for back in reversed(range(origins))]
    return City(name, country, counts[["unique_id", "ds", "y"]], static.reset_index(drop=True), cutoffs, horizon)


def wide_counts(tickets: pd.DataFrame, period: pd.Series, periods: pd.DatetimeIndex) -> pd.DataFrame:
    """Count tickets: periods x (category, district), zeros filled."""
    inside = tickets.assign(ds=period)[period.between(periods[0], periods[-1])]
    counts = inside.groupby(["ds", "category", "district"]).size().unstack(["category", "district"])  # noqa: PD010 - sizes are not to be averaged
    return counts.reindex(periods).fillna(0.0).sort_index(axis=1)


def city_of(name: str, country: str, wide: pd.DataFrame, cutoffs: list[pd.Timestamp]) -> City:
    """Make a city of its counts, periods x (category, district)."""
    pairs = wide.columns.to_frame(index=False)
    static = pairs.assign(unique_id=pairs["category"] + " | " + pairs["district"])
    y = pd.DataFrame(
        {
            "unique_id": np.repeat(static["unique_id"].to_numpy(), len(wide)),
            "ds": np.tile(wide.index.to_numpy(), len(static)),
            "y": wide.to_numpy().T.ravel(),
        }
    )
    return City(name, country, y, static[["unique_id", "category", "district"]], cutoffs)


def _nyc(folder: Path) -> tuple[pd.DataFrame, str, str, str]:
    tickets = pd.read_parquet(folder / "nyc_council_cases_2015_2025.parquet")
    tickets = tickets[tickets["office"].isin(_NYC_OFFICES)].rename(columns={"office": "district"})
    return _named(tickets), "2015-01-05", "2023-11-26", "US"


def _stuttgart(folder: Path) -> tuple[pd.DataFrame, str, str, str]:
    from sklearn.cluster import KMeans

    start, end = "2021-01-04", "2026-08-16"
    tickets = pd.read_parquet(folder / "stuttgart_gelbe_karten_2020_2026.parquet").dropna(subset=["lat", "lon"])
    # The clusters are those of the panel's own span: cutting after clustering gives other districts (195 cells).
    tickets = tickets[(tickets["created"] >= start) & (tickets["created"].dt.normalize() <= end)]
    places = np.column_stack([tickets["lat"], tickets["lon"] * 0.66])
    clusters = KMeans(20, random_state=0, n_init=3).fit_predict(places)
    return _named(tickets.assign(district=[f"D{c:02d}" for c in clusters])), start, end, "DE"


def _boston(folder: Path) -> tuple[pd.DataFrame, str, str, str]:
    tickets = pd.read_parquet(folder / "boston_animals_pests_2013_2023.parquet")
    return _named(tickets.rename(columns={"neighborhood": "district"})), "2014-01-06", "2019-12-29", "US"


def _chicago(folder: Path) -> tuple[pd.DataFrame, str, str, str]:
    tickets = pd.read_parquet(folder / "chicago_sanitation_2011_2014.parquet")
    tickets = tickets.dropna(subset=["community_area"])
    return _named(tickets.assign(district=tickets["community_area"].astype(str))), "2011-01-03", "2014-12-28", "US"


def _named(tickets: pd.DataFrame) -> pd.DataFrame:
    """Keep the three columns of a ticket that a panel needs; a ticket without category or district has no cell."""
    return tickets.dropna(subset=["category", "district"])[["created", "category", "district"]]


_LOADERS: Final = {"nyc": _nyc, "stuttgart": _stuttgart, "boston": _boston, "chicago": _chicago}
CITIES: Final = tuple(_LOADERS)
COUNTS: Final = {
    "budapest": ("budapest_weekly_2023_2025", "HU", 4, 13, 4),
    "wales": ("wales_ambulance_weekly_2015_2019", "GB", 8, 10, 8),
    "wales_daily": ("wales_ambulance_daily_2015_2019", "GB", 14, 10, 28),
}
"""Name -> file, country, periods ahead, origins, periods between them."""
UNTUNED: Final = ("budapest", "wales")
"""Weekly panels that nothing was tuned on before the levels above were forecast on their own."""
