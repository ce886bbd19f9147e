"""The event register: local events and policy changes that move demand and that no calendar knows.

A CSV with one row per event:

    name           what it is ("马拉松", "new waste rules")
    kind           event (it passes) or policy (it stays: a level shift; `end` may be empty)
    start, end     first and last day in the hotline's zone, both included
    registered_at  when it was entered; an aware ISO time, or a local one in the hotline's zone
    category, district, author, note   optional; an empty category or district means all of them
    effect         optional: the relative change that is expected of it, 0.3 or 30% for 30 % more
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from features.csv_tables import CsvTableError, lines_of, read_csv_table
from features.errors import EventError
from features.settings import Settings

KINDS: Final = ("event", "policy")
REQUIRED: Final = ("name", "kind", "start", "end", "registered_at")
OPTIONAL: Final = ("category", "district", "author", "note")
EFFECT: Final = "effect"
_HINT: Final = f"columns {', '.join((*REQUIRED, *OPTIONAL, EFFECT))}; kind is event or policy; see docs/calendar.md"


def read_events(path: Path, *, timezone: str) -> Any:
    """Read and validate an event register (UTF-8, with or without a BOM).

    Raises:
        EventError: The file is missing or a row is wrong; the message names file and line.
    """
    try:
        raw = read_csv_table(path)
    except (OSError, UnicodeDecodeError, CsvTableError) as error:
        raise EventError(f"event register {path} cannot be read: {error}", hint=_HINT) from error
    return validate_events(raw, timezone=timezone, where=f"event register {path}")


def events_for(settings: Settings) -> Any:
    """Return the event register of an installation, `[calendar] events = "events.csv"`; None when it names none.

    Raises:
        EventError: The named file is missing or wrong.
    """
    path = settings.calendar.events
    return read_events(path, timezone=settings.timezone) if path else None


def validate_events(raw: Any, *, timezone: str, where: str = "event register") -> Any:
    """Return a clean register: `start`, `end` dates (end NaT for an open policy), `registered_at` UTC, `effect` float.

    Raises:
        EventError: A column is missing, or a row has a bad date, kind or name, or ends before it starts.
    """
    missing = [name for name in REQUIRED if name not in raw.columns]
    if missing:
        raise EventError(f"{where}: missing columns {missing}", hint=_HINT)
    frame = pd.DataFrame({name: raw.get(name, "") for name in REQUIRED + OPTIONAL}, index=raw.index)
    for name in ("name", "kind", *OPTIONAL):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str).str.strip()
    open_end = frame["end"].isna() | (frame["end"].astype(str).str.strip() == "")
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name], format="ISO8601", errors="coerce").dt.normalize()
    frame["registered_at"] = _moments(frame["registered_at"], timezone)
    said = raw[EFFECT].astype(object).where(raw[EFFECT].notna(), "") if EFFECT in raw else pd.Series("", raw.index)
    frame[EFFECT] = [_relative(value) for value in said]
    checks = {
        "has no name": frame["name"] == "",
        "has an unknown kind": ~frame["kind"].isin(KINDS),
        "has no valid start": frame["start"].isna(),
        "has no valid end": frame["end"].isna() & ~(open_end & (frame["kind"] == "policy")),
        "ends before it starts": frame["end"] < frame["start"],
        "has no valid registered_at": frame["registered_at"].isna(),
        "has an effect that is no number above -1": (said.astype(str).str.strip() != "") & ~(frame[EFFECT] > -1),
    }
    for problem, bad in checks.items():
        if bad.any():
            position = int(bad.to_numpy().argmax())
            raise EventError(f"{where}: line {lines_of(raw)[position]} {problem}", hint=_HINT)
    return frame.sort_values(["start", "name"], kind="stable").reset_index(drop=True)


def events_as_of(events: Any, as_of: datetime) -> Any:
    """Return the events that had been registered by `as_of` (aware); an event entered later is not known yet."""
    return events[events["registered_at"] <= pd.Timestamp(as_of)].reset_index(drop=True)


def _relative(value: Any) -> float:
    """Return a relative change written as a number or in per cent; NaN where it is neither."""
    text = str(value).strip()
    number = pd.to_numeric(text.removesuffix("%"), errors="coerce")
    return float(number) / 100 if text.endswith("%") else float(number)


def _moments(values: Any, timezone: str) -> Any:
    """Parse each value on its own: a register edited by hand mixes aware and local times."""
    zone = ZoneInfo(timezone)

    def moment(value: Any) -> pd.Timestamp:
        stamp = pd.to_datetime(value, format="ISO8601", errors="coerce")
        if stamp is pd.NaT:
            return pd.NaT
        return (stamp if stamp.tzinfo else stamp.tz_localize(zone)).tz_convert("UTC")

    return pd.Series([moment(value) for value in values], index=values.index, dtype="datetime64[ns, UTC]")
