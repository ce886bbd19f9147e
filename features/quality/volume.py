"""Is the feed alive, and is its volume what these weekdays usually bring?"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from features.configuration import QualityConfig

_MAD_TO_SIGMA: Final = 1.4826
_DAY: Final = pd.Timedelta(days=1)


def complete_days(daily: Any) -> Any:
    """Return `source, day, tickets` without gaps: a day of silence between a source's first and last day is a zero.

    Args:
        daily: Frame `source`, `day` (datetime64), `tickets`.
    """
    frames = []
    for source, group in daily.groupby("source", sort=True):
        days = pd.date_range(group["day"].min(), group["day"].max(), name="day")
        tickets = group.groupby("day")["tickets"].sum().reindex(days, fill_value=0)
        frames.append(tickets.rename("tickets").reset_index().assign(source=source))
    columns = ["source", "day", "tickets"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else daily[columns]


def volume_against_expectation(daily: Any, *, config: QualityConfig, holidays: Any = None) -> Any:
    """Judge the last days of each source against the same weekday of the weeks before.

    Expectation is the median; the spread is the median absolute deviation, at least what a Poisson count has.

    Args:
        daily: What `complete_days` returned, without incomplete days.
        config: Windows and limits.
        holidays: Days off (datetime64), judged `holiday` instead of `low`.

    Returns:
        Frame `source, day, tickets, expected, lower, upper, judgement` (`ok`, `low`, `high`, `holiday`, `young` where
        fewer than three earlier weeks are there).
    """
    frame = daily.sort_values(["source", "day"]).reset_index(drop=True)
    by = frame.groupby(["source", frame["day"].dt.day_of_week])["tickets"]
    past = by.shift(1)
    windows = past.groupby([frame["source"], frame["day"].dt.day_of_week])
    rolling = windows.rolling(config.volume_weeks, min_periods=3)
    frame["expected"] = rolling.median().droplevel([0, 1])
    spread = rolling.apply(lambda week: np.median(np.abs(week - np.median(week))), raw=True).droplevel([0, 1])
    sigma = np.maximum(_MAD_TO_SIGMA * spread, np.sqrt(np.maximum(frame["expected"], 1)))
    frame["lower"] = (frame["expected"] - config.volume_z * sigma).clip(lower=0)
    frame["upper"] = frame["expected"] + config.volume_z * sigma
    off = frame["day"].isin(pd.to_datetime(list(holidays) if holidays is not None else []))
    judged = [frame["expected"].isna(), frame["tickets"] > frame["upper"], (frame["tickets"] < frame["lower"]) & off]
    judged.append(
        (frame["tickets"] < frame["lower"]) | ((frame["tickets"] == 0) & (frame["expected"] > config.volume_z**2))
    )
    frame["judgement"] = np.select(judged, ["young", "high", "holiday", "low"], default="ok")
    last = frame.groupby("source")["day"].transform("max")
    return frame[frame["day"] > last - config.volume_days * _DAY].reset_index(drop=True)


def freshness(states: Any, *, as_of: datetime, config: QualityConfig) -> Any:
    """Tell live feeds from late, stalled and ended ones.

    Args:
        states: One row per source: `source`, `last_opened`, `last_known`, `known_through` (aware UTC, NaT unknown),
            `ended` (it brings nothing more), `per_day` (tickets a day towards the end of its life).
        as_of: Aware moment of the report.
        config: Limits.

    Returns:
        Frame `source, last_opened, last_known, silence_hours, expected_missed, p_silence, status`. `stalled`: silent
        for longer than allowed, and that would not happen at the usual rate; `late`: silent for longer than allowed,
        but so rare a source may be; `ended`: a historic file; `live`. The silence runs from the source's last word.
    """
    rows = []
    for one in states.itertuples():
        last_word = max(moment for moment in (one.last_known, one.last_opened, one.known_through) if pd.notna(moment))
        silence = max((pd.Timestamp(as_of) - last_word) / pd.Timedelta(hours=1), 0.0)
        missed = float(one.per_day) * silence / 24
        p_silence = math.exp(-min(missed, 700.0))
        status = _status(one.ended, silence, p_silence, config)
        rows.append((one.source, one.last_opened, one.last_known, silence, missed, p_silence, status))
    columns = ["source", "last_opened", "last_known", "silence_hours", "expected_missed", "p_silence", "status"]
    return pd.DataFrame(rows, columns=columns)


def _status(ended: bool, silence: float, p_silence: float, config: QualityConfig) -> str:  # noqa: FBT001 - a fact, no flag
    if ended:
        return "ended"
    if silence <= config.stalled_hours:
        return "live"
    return "stalled" if p_silence < config.stalled_p else "late"
