"""Bursts injected into real series of New York, Stuttgart and Boston: power, delay in days, alarms per week.

    WEISU_REAL_DATA=... python benchmarks/hotspots/injected.py

A burst of size `k` adds Poisson(k * sqrt(phi * mu)) tickets (at least 5), spread over LogNormal(0, 0.5) * 4 days, to
one category x district cell. Settings are the defaults; the judged dates are the last year of each source.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from judging import arguments, fresh_seed, report

from features.calendars import calendar_frame
from models.hotspots import detect_surges

NEW_YORK_PANEL: Final = ("NYCC01", "NYCC02", "NYCC03", "NYCC06", "NYCC08", "NYCC43", "NYCC48", "NYCC50")
SIZES: Final = (2, 3, 5, 10)


@dataclass(frozen=True)
class City:
    """A real source: its file, how its tickets become cells, and the span that is judged."""

    name: str
    file: str
    district: str
    country: str
    zone: str
    judged: tuple[str, str]


CITIES: Final = (
    City("New York", "nyc_council_cases_2015_2025", "office", "US", "", ("2022-11-28", "2023-11-26")),
    City("Stuttgart", "stuttgart_gelbe_karten_2020_2026", "", "DE", "Europe/Berlin", ("2025-08-18", "2026-08-16")),
    City("Boston", "boston_animals_pests_2013_2023", "neighborhood", "US", "", ("2022-12-26", "2023-12-24")),
)


def cells(city: City, folder: Path) -> pd.DataFrame:
    """Return daily counts per cell, zeros filled, up to the last judged day; cells with 50 tickets or more."""
    tickets = pd.read_parquet(next((folder / "tickets").rglob(f"{city.file}*.parquet")))
    opened = pd.to_datetime(tickets["created"])
    if city.zone:
        opened = (
            opened.dt.tz_convert(city.zone) if opened.dt.tz else opened.dt.tz_localize("UTC").dt.tz_convert(city.zone)
        )
        opened = opened.dt.tz_localize(None)
    if city.district == "office":
        stable = tickets["office"].isin(NEW_YORK_PANEL)
        tickets, opened = tickets[stable], opened[stable]
    place = tickets[city.district].fillna("") if city.district else pd.Series("all", index=tickets.index)
    frame = pd.DataFrame({"category": tickets["category"].fillna(""), "district": place, "ds": opened.dt.normalize()})
    frame = frame[frame["ds"] <= city.judged[1]]
    counts = frame.groupby(["category", "district", "ds"]).size().rename("y").reset_index()
    counts["unique_id"] = counts["category"] + " | " + counts["district"]
    volume = counts.groupby("unique_id")["y"].transform("sum")
    return counts[volume >= 50]


def inject(
    counts: pd.DataFrame, city: City, rng: np.random.Generator, bursts: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add one burst to each of `bursts` cells (those with a ticket in the judged year) and return it with its truth."""
    start, stop = (pd.Timestamp(day) for day in city.judged)
    recent = counts[counts["ds"].between(start, stop)]
    stats = recent.groupby("unique_id")["y"].agg(["sum"]) / ((stop - start).days + 1)
    alive = stats.index[stats["sum"] > 0].to_numpy()
    rows, truth = [], []
    for cell in rng.choice(alive, min(bursts, len(alive)), replace=False):
        k = int(rng.choice(SIZES))
        day = start + pd.Timedelta(days=int(rng.integers(0, (stop - start).days - 14)))
        size = max(5, int(rng.poisson(k * np.sqrt(7 * 1.5 * stats.loc[cell, "sum"]))))
        when = np.minimum(np.floor(rng.lognormal(0.0, 0.5, size) * 4.0).astype(int), 13)
        days, extra = np.unique(when, return_counts=True)
        rows.append(pd.DataFrame({"unique_id": cell, "ds": day + pd.to_timedelta(days, unit="D"), "y": extra}))
        truth.append((cell, k, size, day + pd.Timedelta(days=int(days[0])), day + pd.Timedelta(days=int(days[-1]))))
    mixed = pd.concat([counts[["unique_id", "ds", "y"]], *rows]).groupby(["unique_id", "ds"], as_index=False)["y"].sum()
    return mixed, pd.DataFrame(truth, columns=["unique_id", "k", "tickets", "first", "last"])


def judge(city: City, folder: Path, rng: np.random.Generator, bursts: int) -> list[dict[str, Any]]:
    """Return one row per channel and threshold for a city."""
    counts = cells(city, folder)
    static = counts.drop_duplicates("unique_id")[["unique_id", "category", "district"]]
    mixed, truth = inject(counts, city, rng, bursts)
    calendar = calendar_frame(
        city.country, counts["ds"].min().date(), (counts["ds"].max() + pd.Timedelta(days=7)).date()
    )
    run = {"freq": "D", "start": pd.Timestamp(city.judged[0]), "calendar": calendar, "static": static}
    quiet, burst = detect_surges(counts[["unique_id", "ds", "y"]], **run), detect_surges(mixed, **run)
    weeks = quiet["ds"].nunique() / 7
    rows = []
    for channel in ("p_value", "p_value_1"):
        for level in (0.01, 1 / 365):
            alarms = burst[burst[channel] < level][["unique_id", "ds"]].merge(truth, on="unique_id")
            hits = alarms[alarms["ds"].between(alarms["first"], alarms["last"])].groupby("unique_id")["ds"].min()
            delay = (hits - truth.set_index("unique_id")["first"].loc[hits.index]).dt.days
            rows.append(
                {
                    "city": city.name,
                    "cells": quiet["unique_id"].nunique(),
                    "bursts": len(truth),
                    "channel": channel,
                    "p below": round(level, 5),
                    "power": len(hits) / len(truth),
                    "delay days": float(delay.mean()),
                    "alarms per week without bursts": float((quiet[channel] < level).sum() / weeks),
                    "share of cell-days": float((quiet[channel] < level).mean()),
                }
            )
    return rows


def main() -> None:
    """Run the benchmark and print it."""
    parser = arguments(__doc__, repetitions=1)
    parser.add_argument("--bursts", type=int, default=100, help="cells with a burst, per city")
    options = parser.parse_args()
    folder = os.environ.get("WEISU_REAL_DATA")
    if not folder:
        sys.exit("WEISU_REAL_DATA is not set: this benchmark needs the real tickets")
    seed = fresh_seed(options.seed)
    rng = np.random.default_rng(seed)
    rows = [row for city in CITIES for row in judge(city, Path(folder), rng, options.bursts)]
    lines = [f"seed {seed}", pd.DataFrame(rows).round(4).to_string(index=False)]
    report({"seed": seed, "rows": rows}, lines, as_json=options.json)


if __name__ == "__main__":
    main()
