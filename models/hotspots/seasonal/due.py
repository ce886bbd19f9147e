"""Which seasons ask for action now."""

from __future__ import annotations

from typing import Final

import pandas as pd

DUE_COLUMNS: Final = (
    "unique_id",
    "level",
    "category1",
    "category2",
    "category",
    "area",
    "areas",
    "cells",
    "department",
    "window_start",
    "window_end",
    "expected",
    "usual",
    "years_seen",
    "years",
    "aligned",
    "return_week",
    "act_by_week",
    "act_by",
    "overdue",
)
"""Columns that `merge_candidates` reads as forecasts: `areas` are the districts it is told for (none: all of them),
`cells` the series it is about."""


def due_forecasts(
    calendar: pd.DataFrame, as_of: pd.Timestamp, *, forecast: pd.DataFrame | None = None, notice_weeks: int = 1
) -> pd.DataFrame:
    """Return the seasons whose week to act has come and that have not returned yet.

    `overdue` says that this week has already passed: a hotline that starts late, or a season found late, still has the
    time until the return.

    Args:
        calendar: Of `features.seasons.seasonal_calendar`, as of the same moment.
        as_of: Naive local moment.
        forecast: `unique_id, ds, mean` of the issued weekly forecast: where it reaches the season, its mean weekly
            count is expected instead of last year's, and a season that the forecast does not see is not raised.
        notice_weeks: Weeks before the week to act from which on a season is due.
    """
    monday = as_of.normalize() - pd.Timedelta(days=as_of.weekday())
    notice = pd.Timedelta(weeks=notice_weeks)
    due = calendar[(calendar["act_by"] <= monday + notice) & (calendar["return_start"] > monday)]
    due = due.assign(area=due["district"], window_start=due["return_start"], window_end=due["return_end"])
    due = due.assign(overdue=due["act_by"] < monday, areas=[()] * len(due), cells=[(one,) for one in due["unique_id"]])
    if forecast is not None and not due.empty:
        due = _as_forecast(due, forecast)
    return due[list(DUE_COLUMNS)].reset_index(drop=True)


def _as_forecast(due: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    """Replace expectations by the forecast's where it reaches, and drop seasons it contradicts."""
    rows = due[["unique_id", "window_start", "window_end"]].merge(forecast, on="unique_id")
    inside = rows[(rows["ds"] >= rows["window_start"]) & (rows["ds"] < rows["window_end"])]
    ahead = inside.groupby(["unique_id", "window_start"])["mean"].mean().rename("ahead")
    joined = due.join(ahead, on=["unique_id", "window_start"])
    agreed = joined["ahead"].isna() | (joined["ahead"] > joined["usual"])
    return joined.assign(expected=joined["ahead"].fillna(joined["expected"]))[agreed]
