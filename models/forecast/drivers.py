"""What is known about a period before it comes: holidays, the lunar year, the time of the year."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Calendar = Callable[[date, date], pd.DataFrame]
"""First and last day to one row per day: features.calendars.calendar_frame with its country bound."""

FESTIVAL_REACH: Final = 28
"""Days around the Spring Festival within which the lunar date matters."""

_SATURDAY: Final = 5

COLUMNS: Final = ("days_off", "festival", "season")

DAYS_OFF: Final = COLUMNS.index("days_off")
FESTIVAL: Final = COLUMNS.index("festival")


def period_drivers(ds: pd.DatetimeIndex, *, days: int, calendar: Calendar | None) -> NDArray[np.float64]:
    """Describe periods by what the calendar says of them.

    Args:
        ds: Period starts.
        days: Days in a period (7 or 1).
        calendar: Gives days off and the offset to the Spring Festival; None knows neither.

    Returns:
        Shape (periods, 3), columns `COLUMNS`: weekdays off in the period (weekend days worked count as negative), days
        from the nearest Spring Festival (clipped, constant outside its reach), and the day of the year.
    """
    middle = ds + pd.Timedelta(days=days // 2)
    season = np.asarray(middle.day_of_year, dtype=float)
    if calendar is None:
        return np.column_stack([np.zeros(len(ds)), np.full(len(ds), FESTIVAL_REACH + 1.0), season])
    end = ds[-1] + pd.Timedelta(days=days - 1)
    rows = calendar(ds[0].date(), end.date()).set_index("date")
    rows.index = pd.DatetimeIndex(rows.index)
    weekend = rows.index.day_of_week >= _SATURDAY
    off = np.where(weekend, -(rows["is_workday"].to_numpy(dtype=float)), ~rows["is_workday"].to_numpy(dtype=bool))
    per_period = off.astype(float).reshape(len(ds), days).sum(axis=1)
    festival = rows["days_to_lunar_new_year"].reindex(middle).to_numpy(dtype=float)
    near = np.where(np.abs(festival) <= FESTIVAL_REACH, festival, FESTIVAL_REACH + 1.0)
    return np.column_stack([per_period, near, season])
