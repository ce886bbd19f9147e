"""Daily weather as it was known at a moment: observed, else forecast by then, else climatology of the past.

Weather after the cutoff is a common leak in demand forecasts: a backtest that knows next week's rain flatters itself.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from features.csv_tables import CsvTableError, lines_of, read_csv_table
from features.errors import WeatherError
from features.privacy import quoted_columns
from features.settings import Settings

MEASURES: Final = ("tmax", "tmin", "prcp")
"""Highest and lowest temperature in °C, precipitation in mm."""

_ALIASES: Final = {"tmax_c": "tmax", "tmin_c": "tmin", "prcp_mm": "prcp", "temp_max": "tmax", "temp_min": "tmin"}
_RANGES: Final = {"tmax": (-70, 60), "tmin": (-80, 50), "prcp": (0, 2000)}
_HALF_WINDOW: Final = 7
_YEAR: Final = 366
_HINT: Final = "columns date, tmax, tmin (°C), prcp (mm), optionally issued_at for forecasts; see docs/calendar.md"


def read_weather(path: Path, *, timezone: str) -> Any:
    """Read daily weather from a CSV: `date`, some of `tmax`, `tmin`, `prcp`, and `issued_at` where a row is a forecast.

    Raises:
        WeatherError: The file cannot be read, or a row is wrong; the message names file and line.
    """
    try:
        raw = read_csv_table(path).replace("", np.nan)
    except (OSError, UnicodeDecodeError, CsvTableError) as error:
        raise WeatherError(f"weather file {path} cannot be read: {error}", hint=_HINT) from error
    return validate_weather(raw, timezone=timezone, where=f"weather file {path}")


def weather_for(settings: Settings) -> Any:
    """Return the weather of an installation, `[weather] file = "weather.csv"`; None when it names none.

    Raises:
        WeatherError: The named file is missing or wrong.
    """
    path = settings.weather.file
    return read_weather(path, timezone=settings.timezone) if path else None


def validate_weather(raw: Any, *, timezone: str, where: str = "weather") -> Any:
    """Return clean observations and forecasts: `date` (datetime64), the measures (float, NaN unknown), `issued_at`.

    Args:
        raw: Frame with `date` and measures; `issued_at` empty or absent marks an observation.
        timezone: IANA zone of naive `issued_at` values; the result is naive local.
        where: Names the origin in messages.

    Raises:
        WeatherError: A column is missing, a date is no date, a value is impossible, or a day is observed twice.
    """
    raw = raw.rename(columns={name: _ALIASES.get(str(name).lower(), str(name).lower()) for name in raw.columns})
    if "date" not in raw.columns or not set(MEASURES) & set(raw.columns):
        raise WeatherError(f"{where}: {quoted_columns(list(raw.columns))}", hint=_HINT)
    frame = pd.DataFrame({"date": pd.to_datetime(raw["date"], format="ISO8601", errors="coerce").dt.normalize()})
    for name in MEASURES:
        frame[name] = pd.to_numeric(raw[name], errors="coerce").astype("float64") if name in raw.columns else np.nan
    issued = raw["issued_at"] if "issued_at" in raw.columns else pd.Series(pd.NaT, index=raw.index)
    frame["issued_at"] = [_local(value, ZoneInfo(timezone)) for value in issued] if issued.notna().any() else pd.NaT
    frame["issued_at"] = pd.to_datetime(frame["issued_at"]).astype("datetime64[us]")
    frame["date"] = frame["date"].astype("datetime64[us]")
    _refuse(frame["date"].isna(), where, "has no valid date")
    for name, (low, high) in _RANGES.items():
        _refuse(frame[name].notna() & ~frame[name].between(low, high), where, f"has an impossible {name}")
    _refuse(frame.duplicated(["date", "issued_at"]), where, "repeats a day")
    return frame.sort_values(["date", "issued_at"], kind="stable").reset_index(drop=True)


def weather_frame(observations: Any, *, as_of: date | datetime, start: date, end: date, timezone: str = "UTC") -> Any:
    """Return one row per day from `start` to `end` as known at `as_of`.

    A day's observation is known from the next midnight on. A forecast counts from `issued_at` on, the latest one issued
    by then. Where neither is known, the climatology stands in: the mean over 15 days around that day of the year, from
    observations known by then.

    Args:
        observations: What `read_weather` or `validate_weather` returned.
        as_of: Aware moment, or civil day or time at the hotline.
        start: First day.
        end: Last day.
        timezone: IANA zone of the hotline; needed for an aware `as_of`.

    Returns:
        Frame with `date`, `tmax`, `tmin`, `prcp` (NaN where nothing at all is known) and `source` (`observed`,
        `forecast` or `climatology`; the worst of the row's measures).
    """
    now = _local(as_of, ZoneInfo(timezone))
    observed = observations[observations["issued_at"].isna()]
    observed = observed[observed["date"] + pd.Timedelta(days=1) <= now].set_index("date")[list(MEASURES)]
    forecast = observations[observations["issued_at"] <= now].drop_duplicates("date", keep="last")
    forecast = forecast.set_index("date")[list(MEASURES)]
    days = pd.date_range(start, end, unit="us", name="date")
    layers = [observed.reindex(days), forecast.reindex(days), _climatology(observed, days)]
    values = layers[0].combine_first(layers[1]).combine_first(layers[2])[list(MEASURES)]
    used = [name for name in MEASURES if observed[name].notna().any() or forecast[name].notna().any()]
    unseen = [layer[used].isna().any(axis=1) for layer in (layers[0], layers[0].combine_first(layers[1]))]
    source = np.select([~unseen[0], ~unseen[1]], ["observed", "forecast"], default="climatology")
    return values.assign(source=source).reset_index()


def _climatology(observed: Any, days: Any) -> Any:
    """Return the mean of each measure over 15 days around each day of the year; past means only."""
    day_of_year = observed.index.day_of_year
    sums = observed.groupby(day_of_year).sum(min_count=1).reindex(range(1, _YEAR + 1))
    counts = observed.groupby(day_of_year).count().reindex(range(1, _YEAR + 1))
    wrapped = range(-_HALF_WINDOW, _YEAR + _HALF_WINDOW)
    window = 2 * _HALF_WINDOW + 1

    def around(frame: Any) -> Any:
        circle = frame.fillna(0).take([day % _YEAR for day in wrapped])
        return circle.rolling(window, center=True).sum().iloc[_HALF_WINDOW:-_HALF_WINDOW]

    total = around(counts)
    means = around(sums) / total.where(total > 0)
    filled = means.set_axis(range(1, _YEAR + 1)).fillna(observed.mean())
    return filled.loc[days.day_of_year].set_axis(days)


def _local(value: Any, zone: ZoneInfo) -> pd.Timestamp:
    stamp = pd.to_datetime(value, format="ISO8601", errors="coerce") if isinstance(value, str) else pd.Timestamp(value)
    return stamp.tz_convert(zone).tz_localize(None) if stamp is not pd.NaT and stamp.tzinfo else stamp


def _refuse(bad: Any, where: str, problem: str) -> None:
    if bad.any():
        raise WeatherError(f"{where}: line {lines_of(bad)[int(bad.to_numpy().argmax())]} {problem}", hint=_HINT)
