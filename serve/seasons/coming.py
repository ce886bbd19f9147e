"""民情月历 for people: the seasons of the categories, soonest first, with the day to act by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pandas as pd

from features.configuration import SeasonConfig
from features.seasons import category_seasons
from features.settings import Settings
from serve.forecasts.history import WeeklyHistory

_WEEK: Final = pd.Timedelta(days=7)


@dataclass(frozen=True)
class ComingSeason:
    """One problem that is expected back.

    Attributes:
        unique_id: The series.
        name: What it is called.
        starts: Monday of the first week it stands out (naive local).
        weeks: How many weeks in a row.
        years: Earlier years that were looked at; `hits` of them stood out.
        times: How many times its count out of season.
        typical: Tickets a week expected.
        act_by: The day by which to have acted.
    """

    unique_id: str
    name: str
    starts: pd.Timestamp
    weeks: int
    years: int
    hits: int
    times: float
    typical: float
    act_by: pd.Timestamp


def coming_seasons(
    history: WeeklyHistory,
    *,
    after: pd.Timestamp,
    names: dict[str, str],
    settings: Settings,
    weeks: int = 52,
) -> list[ComingSeason]:
    """Return the seasons of categories that begin in the coming weeks, soonest first.

    Args:
        history: Weekly counts.
        after: First week to look at (a Monday, naive local); counts from then on are ignored.
        names: unique_id -> what it is called.
        settings: The installation: its country, and what counts as a season.
        weeks: How far to look.
    """
    seasons = [
        ComingSeason(
            unique_id=row.unique_id,
            name=names.get(row.unique_id, row.unique_id),
            starts=row.return_start,
            weeks=(row.return_end - row.return_start) // _WEEK,
            years=row.years,
            hits=row.years_seen,
            times=row.expected / max(row.usual, 1.0),
            typical=row.expected,
            act_by=row.act_by,
        )
        for row in _table(
            history, after, settings.country, settings.seasons, settings.taxonomy.other_labels
        ).itertuples(index=False)
        if row.return_start < after + weeks * _WEEK
    ]
    return sorted(seasons, key=lambda one: (one.starts, -one.times))


@lru_cache(maxsize=4)
def _table(
    history: WeeklyHistory, after: pd.Timestamp, country: str, config: SeasonConfig, others: tuple[str, ...]
) -> pd.DataFrame:
    """Return the seasonal calendar: a tenth of a second that pages need not spend again."""
    known_at = history.known_at or history.data_through
    return category_seasons(
        history.counts, history.static, after, known_at=known_at, country=country, config=config, others=others
    )
