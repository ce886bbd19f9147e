"""The replayed spans of real cities that alerts are judged in, and their replays, kept in a folder of work.

A replay holds ticket ids: it stays in the folder of work, which is not in the repository.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from features.clock import SystemClock
from features.knowledge import Knowledge, open_lake
from features.settings import Settings
from pipelines.ingest import ingest
from pipelines.replay import replay

_COLUMNS: Final = [
    *("source", "ticket_id", "opened_local", "category1", "category2", "category", "district", "department"),
    *("channel", "lat", "lon"),
]


@dataclass(frozen=True)
class City:
    """A real source: its file, its mapping, zone and holidays, and the ways of entry that are no citizen's."""

    file: str
    mapping: str
    zone: str
    country: str
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class Span:
    """Days of a city that are replayed, each at 07:00."""

    city: str
    first: str
    last: str


_BOSTON: Final = ("Employee Generated", "City Worker App")
CITIES: Final = {
    "boston": City("boston_311_2015_minus5types", "boston_311_2015", "America/New_York", "US", _BOSTON),
    "boston2011": City("boston_311_2011H2_full", "boston_311_2011", "America/New_York", "US", _BOSTON),
    "stuttgart": City("stuttgart_gelbe_karten_2020_2026", "stuttgart", "Europe/Berlin", "DE"),
    "newyork": City("nyc_council_cases_2015_2025", "nyc_council", "America/New_York", "US"),
}
JUDGED: Final = {
    "boston_snow": Span("boston", "2015-01-19", "2015-02-20"),
    "boston_moving": Span("boston", "2015-08-25", "2015-09-10"),
    "boston_autumn": Span("boston", "2015-10-01", "2015-11-15"),
    "stuttgart": Span("stuttgart", "2026-05-01", "2026-06-30"),
    "newyork": Span("newyork", "2023-09-01", "2023-10-31"),
}
DATED: Final = {
    "boston_storms": Span("boston", "2015-01-24", "2015-02-28"),
    "boston_march": Span("boston", "2015-03-13", "2015-03-18"),
    "boston_may": Span("boston", "2015-05-30", "2015-06-03"),
    "boston_august": Span("boston", "2015-08-10", "2015-08-14"),
    "boston_moving": JUDGED["boston_moving"],
    "boston_rain": Span("boston", "2015-09-29", "2015-10-07"),
}


def settings_of(city: str, work: Path) -> Settings:
    """Return the installation of a city, its tickets in the lake: as it comes, but for zone and holidays."""
    data = os.environ.get("WEISU_REAL_DATA")
    if not data:
        sys.exit("WEISU_REAL_DATA is not set: it names the folder of real tickets")
    source = CITIES[city]
    home = work / city
    settings = Settings(
        home=home / "var", mlruns=home / "mlruns", timezone=source.zone, country=source.country, hmac_key="benchmark"
    )
    if not (home / "var" / "lake").exists():
        ingest([Path(data) / "tickets" / f"{source.file}.parquet"], source.mapping, settings, SystemClock())
    return settings


def replayed(name: str, span: Span, work: Path, *, again: bool = False) -> dict[str, Any]:
    """Return the replay of a span (see `weisu replay --json`), from the folder of work where it is there already."""
    kept = work / f"{name}.json"
    if again or not kept.exists():
        settings = settings_of(span.city, work)
        first, last = (_morning(day, settings) for day in (span.first, span.last))
        document = replay(settings, start=first, end=last, compare=False).to_json()
        kept.write_text(json.dumps(document, default=str, ensure_ascii=False), encoding="utf-8")
    return dict(json.loads(kept.read_text(encoding="utf-8")))


def _morning(day: str, settings: Settings) -> datetime:
    return datetime.fromisoformat(f"{day}T07:00").replace(tzinfo=settings.zone)


def tickets_of(city: str, work: Path) -> pd.DataFrame:
    """Return all tickets of a city, with `key` and `own`: whether an entry is no citizen's."""
    settings = settings_of(city, work)
    lake = open_lake(settings)
    far = datetime(2100, 1, 1, tzinfo=settings.zone)
    frame = Knowledge.at(settings, far, lake=lake).tickets(columns=_COLUMNS).to_pandas()
    texts = [name for name in _COLUMNS if name not in {"opened_local", "lat", "lon"}]
    frame[texts] = frame[texts].astype("str").fillna("")
    return frame.assign(
        key=frame["source"] + "/" + frame["ticket_id"], own=frame["channel"].isin(CITIES[city].own)
    ).sort_values("opened_local", ignore_index=True)


def alerts_of(document: dict[str, Any]) -> pd.DataFrame:
    """Return the alerts of a replay; `told` are the ticket keys that each held when its department was told."""
    rows = []
    for alert in document["listed"]:
        told = [one["ticket"] for one in alert["tickets"] if one["since"] <= alert["told_at"]]
        moments = {name: pd.Timestamp(alert[name]) for name in ("opened_at", "told_at", "window_start", "window_end")}
        rows.append(
            {**alert, **moments, "told": told, "all": {one["ticket"]: one["since"] for one in alert["tickets"]}}
        )
    return pd.DataFrame(rows)
