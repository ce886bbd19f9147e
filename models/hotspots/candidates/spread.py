"""How widely a matter is spread: from how many places its tickets come, and how long its label has been in use."""

from __future__ import annotations

from typing import Final

import pandas as pd

_GRID: Final = 2
"""Decimals of a degree within which points are one place: about a kilometre."""


def places_of(tickets: pd.DataFrame) -> pd.Series:
    """Return the place of each ticket: its street, else its point to a kilometre, else its district.

    Args:
        tickets: Clean tickets.

    >>> rows = pd.DataFrame({"district": ["甲", "甲", "甲"], "street": ["长堤路", "", ""], "lat": [20, 20.031, None]})
    >>> places_of(rows.assign(lon=[110.0, 110.352, None])).tolist()
    ['甲 长堤路', '20.03 110.35', '甲']
    """
    point = tickets["lat"].round(_GRID).astype("str") + " " + tickets["lon"].round(_GRID).astype("str")
    place = tickets["district"].astype("str").mask(tickets[["lat", "lon"]].notna().all(axis=1), point)
    street = tickets["street"].astype("str")
    return place.mask(street != "", tickets["district"].astype("str") + " " + street)


def first_days(y: pd.DataFrame, static: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """Return when categories were first seen that are younger than the counts: category -> first day with a ticket.

    Args:
        y: Counts `unique_id, ds, y`, zeros included.
        static: Hierarchy of the series. A category that was there in the first week of the counts may be older.
    """
    level = static.loc[static["level"] == "category", ["unique_id", "category"]]
    seen = y.loc[y["y"] > 0].merge(level, on="unique_id").groupby("category")["ds"].min()
    young = seen[seen >= y["ds"].min() + pd.Timedelta(weeks=1)]
    return {str(category): day for category, day in young.items()}
