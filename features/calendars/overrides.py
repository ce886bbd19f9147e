"""The operator's corrections of the calendar: a CSV that outranks every library.

Columns: `date` (YYYY-MM-DD), `kind`, and optionally `name` and `country` (empty: every country). Kinds:

    holiday   a day off, with its name
    makeup    a weekend day that is worked
    ordinary  neither: what the weekday says
    complete  this file holds the whole official calendar of the date's year; nothing else counts for it, and the
              year is no longer `degraded` (any day of the year will do)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from features.csv_tables import CsvTableError, lines_of, read_csv_table
from features.errors import OverrideError
from features.privacy import quotable

KINDS: Final = ("holiday", "makeup", "ordinary", "complete")
COLUMNS: Final = ("date", "kind", "name", "country")
_HINT: Final = f"columns {', '.join(COLUMNS)}; kind is one of {', '.join(KINDS)}; see docs/calendar.md"


def read_overrides(path: Path) -> Any:
    """Read and validate the operator's file (UTF-8, with or without a BOM).

    Raises:
        OverrideError: The file is missing or a row is wrong; the message names file and line.
    """
    try:
        raw = read_csv_table(path)
    except (OSError, UnicodeDecodeError, CsvTableError) as error:
        raise OverrideError(f"calendar file {path} cannot be read: {error}", hint=_HINT) from error
    return validate_overrides(raw, where=f"calendar file {path}")


def validate_overrides(raw: Any, *, where: str = "calendar overrides") -> Any:
    """Return a clean frame `date (datetime64), kind, name, country`, sorted by date.

    Args:
        raw: Frame with `date` and `kind`, optionally `name` and `country`.
        where: Names the origin in messages.

    Raises:
        OverrideError: Columns are missing or unknown, a date or kind is wrong, or two rows disagree about one day.
    """
    missing = [name for name in ("date", "kind") if name not in raw.columns]
    unknown = [str(name) for name in raw.columns if name not in COLUMNS]
    if missing or unknown:
        raise OverrideError(f"{where}: missing columns {missing}, unknown columns {unknown}", hint=_HINT)
    frame = pd.DataFrame({name: raw[name] if name in raw.columns else "" for name in COLUMNS}, index=raw.index)
    frame["date"] = pd.to_datetime(frame["date"], format="ISO8601", errors="coerce").dt.normalize()
    for name in ("kind", "name", "country"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str).str.strip()
    frame["country"] = frame["country"].str.upper()
    _refuse(frame["date"].isna(), raw, where, "has no valid date")
    _refuse(~frame["kind"].isin(KINDS), raw, where, "has an unknown kind")
    _refuse((frame["kind"] == "holiday") & (frame["name"] == ""), raw, where, "is a holiday without a name")
    days = frame[frame["kind"] != "complete"]
    _refuse(days.duplicated(["date", "country"], keep="first"), raw, where, "repeats a day")
    return frame.sort_values("date", kind="stable").reset_index(drop=True)


def apply_overrides(frame: Any, overrides: Any, *, country: str) -> Any:
    """Return the calendar frame with the operator's rows in force.

    Args:
        frame: Calendar rows with `date`, `is_weekend`, `is_holiday`, `holiday`, `is_makeup`, `degraded`.
        overrides: What `validate_overrides` returned.
        country: Rows for another country do not apply.
    """
    ours = overrides[overrides["country"].isin(["", country.upper()])]
    official = frame["date"].dt.year.isin(ours.loc[ours["kind"] == "complete", "date"].dt.year)
    days = ours[ours["kind"] != "complete"].drop_duplicates("date", keep="last").set_index("date")
    said = days[["kind", "name"]].reindex(frame["date"], fill_value="").set_axis(frame.index)
    kind = said["kind"].mask(official & (said["kind"] == ""), "ordinary")
    named, silent = said["name"], kind == ""
    return frame.assign(
        is_holiday=(frame["is_holiday"] & silent) | (kind == "holiday"),
        holiday=frame["holiday"].where(silent, named.where(kind == "holiday", "")),
        is_makeup=(frame["is_makeup"] & silent) | (kind == "makeup"),
        degraded=frame["degraded"] & ~official,
    )


def _refuse(bad: Any, raw: Any, where: str, problem: str) -> None:
    if bad.any():
        position = int(bad.to_numpy().argmax())
        row = {str(name): str(value) for name, value in raw.iloc[position].items()}
        raise OverrideError(f"{where}: line {lines_of(raw)[position]} {problem}: {quotable(row, most=300)}", hint=_HINT)
