"""民情月历: which problem returns in which week, year after year, and by when to act. A pure function on weekly counts.

A series returns in a week when its smoothed count stood well above its own surrounding year in (nearly) every earlier
year, in the same week. Around the Spring Festival "the same week" follows the lunar calendar. Each reason can be
counted by hand: "in 3 of 3 years, about 2.1 times the usual".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd

from features.calendars import lunar_new_year

TIMES_USUAL: Final = 1.5
SHARE_OF_YEARS: Final = 2 / 3
SMALLEST: Final = 5.0
AHEAD: Final = timedelta(weeks=4)
_YEAR: Final = 52
_REACH_DAYS: Final = 28
_LUNAR: Final = frozenset({"CN", "HK", "MO", "TW", "SG", "KR", "VN"})
_MIN_YEARS: Final = 2


@dataclass(frozen=True)
class Season:
    """One problem that is expected back.

    Attributes:
        unique_id: The series.
        name: What it is called.
        starts: Monday of the first week it stands out (naive local).
        weeks: How many weeks in a row.
        years: Earlier years that were looked at; `hits` of them stood out.
        times: How many times its usual count, on average over those years.
        typical: Tickets a week it brought then, on average.
    """

    unique_id: str
    name: str
    starts: pd.Timestamp
    weeks: int
    years: int
    hits: int
    times: float
    typical: float

    @property
    def act_by(self) -> pd.Timestamp:
        """The day by which to have acted: four weeks before."""
        return self.starts - AHEAD


def seasonal_calendar(
    counts: pd.DataFrame,
    *,
    names: dict[str, str],
    after: pd.Timestamp,
    country: str = "CN",
    weeks: int = 52,
    limit: int = 40,
) -> list[Season]:
    """Return the problems expected back in the coming weeks, soonest first.

    Args:
        counts: Weekly counts of one level: unique_id, ds, y.
        names: unique_id -> what it is called.
        after: First week to look at (a Monday); counts from then on are ignored.
        country: Where the Spring Festival is kept, weeks around it are compared by the lunar calendar.
        weeks: How far to look, at most a year.
        limit: At most this many, the most marked ones.
    """
    table = counts[counts["ds"] < after].pivot_table(index="ds", columns="unique_id", values="y", fill_value=0.0)
    if table.empty:
        return []
    table = table.reindex(pd.date_range(table.index.min(), after - pd.Timedelta(days=7), freq="7D"), fill_value=0.0)
    years = len(table) // _YEAR
    if years < _MIN_YEARS:
        return []
    smooth = table.rolling(3, center=True, min_periods=1).mean()
    usual = table.rolling(53, center=True, min_periods=26).median().clip(lower=1.0)
    rows = _twins(after, len(table), years=years, weeks=min(weeks, _YEAR), lunar=country in _LUNAR)
    found = _find(smooth.to_numpy(), (smooth / usual).to_numpy(), rows)
    seasons = [
        Season(
            unique_id=str(table.columns[column]),
            name=names.get(str(table.columns[column]), str(table.columns[column])),
            starts=after + pd.Timedelta(weeks=start),
            weeks=length,
            years=years,
            hits=hits,
            times=times,
            typical=typical,
        )
        for column, start, length, hits, times, typical in found
    ]
    marked = sorted(seasons, key=lambda one: -(one.times - 1) * one.typical**0.5)[:limit]
    return sorted(marked, key=lambda one: (one.starts, -one.times))


def _twins(after: pd.Timestamp, length: int, *, years: int, weeks: int, lunar: bool) -> np.ndarray:
    """Return the row of each coming week's twin in each earlier year; -1 where the two cannot be compared."""
    rows = np.full((years, weeks), -1)
    for ahead in range(weeks):
        monday = after + pd.Timedelta(weeks=ahead)
        for back in range(1, years + 1):
            shift = _weeks_back(monday, back, lunar=lunar)
            row = length + ahead - shift if shift is not None else -1
            rows[back - 1, ahead] = row if 0 <= row < length else -1
    return rows


def _weeks_back(monday: pd.Timestamp, years: int, *, lunar: bool) -> int | None:
    """Return how many weeks before `monday` its twin lies; None when only one of the two is near a festival."""
    plain = _YEAR * years
    if not lunar:
        return plain
    festival = _festival_near(monday)
    if festival is None:
        return None if _festival_near(monday - pd.Timedelta(weeks=plain)) is not None else plain
    days: int = (festival - pd.Timestamp(lunar_new_year(festival.year - years))).days
    return round(days / 7)


def _festival_near(monday: pd.Timestamp) -> pd.Timestamp | None:
    middle = monday + pd.Timedelta(days=3)
    festival = pd.Timestamp(lunar_new_year(middle.year))
    return festival if abs((middle - festival).days) <= _REACH_DAYS else None


def _find(smooth: np.ndarray, ratio: np.ndarray, rows: np.ndarray) -> list[tuple[int, int, int, int, float, float]]:
    """Return (column, first week, length, hits, times, typical) of every run of weeks that returned."""
    years, known = len(rows), (rows >= 0)[:, :, None]
    above = known & (ratio[rows] >= TIMES_USUAL) & (smooth[rows] >= SMALLEST)
    hits = above.sum(axis=0)
    returns = (hits >= np.ceil(SHARE_OF_YEARS * years)) & (hits >= _MIN_YEARS)
    compared = np.maximum(known.sum(axis=0), 1)
    times = np.where(known, ratio[rows], 0.0).sum(axis=0) / compared
    typical = np.where(known, smooth[rows], 0.0).sum(axis=0) / compared
    found = []
    for column in np.flatnonzero(returns.any(axis=0)):
        for start, run in _runs(returns[:, column]):
            inside = slice(start, start + run)
            peak = start + int(np.argmax(times[inside, column]))
            found.append(
                (
                    int(column),
                    start,
                    run,
                    int(hits[peak, column]),
                    float(times[peak, column]),
                    float(typical[peak, column]),
                )
            )
    return found


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return (start, length) of every run of true values.

    >>> _runs(np.array([False, True, True, False, True]))
    [(1, 2), (4, 1)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(int), [0]))))
    return [(int(start), int(end - start)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
