"""The seasonal calendar of an installation: the same years, categories and alignment for whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from features.branches import OTHER_LABELS, means_other
from features.calendars import keeps_lunar_new_year
from features.configuration import SeasonConfig
from features.seasons.table import seasonal_calendar

SEASON_WEEKS: Final = 260
"""Weeks before the moment that the calendar looks at: five years show a season, older ones tell of another city."""


def category_seasons(
    counts: pd.DataFrame,
    static: pd.DataFrame,
    after: pd.Timestamp,
    *,
    known_at: pd.Timestamp,
    country: str,
    config: SeasonConfig,
    others: Sequence[str] = OTHER_LABELS,
) -> pd.DataFrame:
    """Return the seasons of categories; pages, reports, files and 预告 alerts read this table and no other.

    Args:
        counts: Weekly `unique_id, ds, y` as known.
        static: The static frame of the counts, with a department where it is to be told.
        after: Naive local moment; weeks that begin later are ignored, and seasons are told from then on.
        known_at: Naive local moment at which the counts were known; `SEASON_WEEKS` before it count.
        country: Where the Spring Festival is kept, a season may follow the lunar calendar.
        config: What counts as a season.
        others: Labels that mean "other": what returns under them is no matter that anybody could prepare for.

    Returns:
        Columns of `CALENDAR_COLUMNS`.
    """
    categories = static[static["level"] == "category"]
    named = categories[[not means_other(str(name), others) for name in categories["category"]]]
    first = known_at.normalize() - pd.Timedelta(weeks=SEASON_WEEKS)
    recent = counts.loc[counts["ds"] >= first, ["unique_id", "ds", "y"]]
    return seasonal_calendar(recent, named, after, lunar=keeps_lunar_new_year(country), config=config)
