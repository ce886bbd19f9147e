"""The first year of a hotline: real series cut to 52 weeks, with and without a season that part of a year cannot show.

    WEISU_REAL_DATA=... python benchmarks/hotspots/first_year.py

Category x district cells and categories with 20 tickets or more, days from the ninth week on, weeks from the ninth.
Real surges are among the alarms.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from judging import arguments, report

from features.calendars import calendar_frame
from features.configuration import SurgeConfig
from models.hotspots import detect_surges

DAYS: Final = 364
LEAD: Final = 56
LEAST: Final = 20
FREE: Final = 1.0
"""Prior standard deviation of a seasonal coefficient once a year is known."""


@dataclass(frozen=True)
class FirstYear:
    """A real source, what its districts are, and the day its hotline is taken to begin (a Monday)."""

    name: str
    file: str
    district: str
    country: str
    begins: str


SOURCES: Final = (
    FirstYear("New York", "nyc_council_cases_2015_2025", "office", "US", "2018-01-01"),
    FirstYear("Chicago", "chicago_sanitation_2011_2014", "ward", "US", "2012-01-02"),
    FirstYear("Boston 2011", "boston_311_2011H2_full", "neighborhood", "US", "2011-07-04"),
    FirstYear("Stuttgart", "stuttgart_gelbe_karten_2020_2026", "", "DE", "2024-01-01"),
    FirstYear("Boston, animals", "boston_animals_pests_2013_2023", "neighborhood", "US", "2018-12-31"),
)


def series(source: FirstYear, folder: Path) -> pd.DataFrame:
    """Return daily counts of cells and categories in the first year: unique_id, category, district, level, ds, y."""
    tickets = pd.read_parquet(next((folder / "tickets").rglob(f"{source.file}*.parquet")))
    opened = pd.to_datetime(tickets["created"]).dt.normalize().rename("ds")
    begin = pd.Timestamp(source.begins)
    place = tickets[source.district].astype("string").fillna("") if source.district else "all"
    frame = pd.DataFrame({"category": tickets["category"].fillna(""), "district": place, "ds": opened})
    frame = frame[frame["ds"].between(begin, begin + pd.Timedelta(days=DAYS - 1))]
    parts = []
    for level, keys in (("cell", ["category", "district"]), ("category", ["category"])):
        part = frame.groupby([*keys, "ds"]).size().rename("y").reset_index().assign(level=level)
        parts.append(part.assign(unique_id=part[keys].agg(" | ".join, axis=1)))
    counts = pd.concat(parts)
    return counts[counts.groupby("unique_id")["y"].transform("sum") >= LEAST]


def judge(source: FirstYear, folder: Path, freq: str) -> list[dict[str, Any]]:
    """Return one row without and one with the engine's reserve about seasons."""
    counts = series(source, folder)
    last = counts["ds"].max()
    if freq == "W":
        counts["ds"] -= pd.to_timedelta(counts["ds"].dt.day_of_week, unit="D")
    y = counts.groupby(["unique_id", "ds"], as_index=False)["y"].sum()
    static = counts.drop_duplicates("unique_id")[["unique_id", "category", "district", "level"]]
    calendar = calendar_frame(source.country, y["ds"].min().date(), (last + pd.Timedelta(days=7)).date())
    start = pd.Timestamp(source.begins) + pd.Timedelta(days=LEAD)
    rows = []
    for season, sd in (("free", FREE), ("held", SurgeConfig().lending.unseen_sd)):
        config = SurgeConfig(lending={"unseen_sd": sd})
        judged = detect_surges(y, freq=freq, start=start, calendar=calendar, static=static, config=config)
        usual = judged.groupby("unique_id")["y"].transform("mean")
        rows.append(
            {
                "city": source.name,
                "freq": freq,
                "series": judged["unique_id"].nunique(),
                "season": season,
                "mean absolute error": float((judged["y"] - judged["expected"]).abs().mean()),
                "expected / counted": float(judged["expected"].sum() / judged["y"].sum()),
                "expects 5 x its mean": float((judged["expected"] > 5 * usual).mean()),
                "p_value < .01": float((judged["p_value"] < 0.01).mean()),
                "p_value_1 < .01": float((judged["p_value_1"] < 0.01).mean()),
            }
        )
    return rows


def main() -> None:
    """Run the benchmark and print it."""
    options = arguments(__doc__, repetitions=1).parse_args()
    folder = os.environ.get("WEISU_REAL_DATA")
    if not folder:
        sys.exit("WEISU_REAL_DATA is not set: this benchmark needs the real tickets")
    rows = [row for freq in ("D", "W") for source in SOURCES for row in judge(source, Path(folder), freq)]
    report({"rows": rows}, [pd.DataFrame(rows).round(4).to_string(index=False)], as_json=options.json)


if __name__ == "__main__":
    main()
