"""Whether a count is worth telling: what is few, spread over a city and tied by nothing is left to the reports."""

from __future__ import annotations

from typing import Final

import pandas as pd

from features.vocabulary import Frequency
from models.hotspots.candidates.focus import focus_of
from models.hotspots.candidates.signals import Signal

_FEW: Final = 10
"""Fewer tickets over a whole city are told where something ties them..."""
_FAR: Final = 3.0
"""... or where they are so many times the most that is usual."""
_HALF: Final = 0.5


def is_scattered(signal: Signal, tickets: pd.DataFrame) -> bool:
    """Tell whether a sum over all districts is of a few tickets that share neither a district, a street nor hours.

    Nobody can act on five calls about pests from five districts: the week's report counts them.

    Args:
        signal: A surge of a sum, with its parts.
        tickets: Clean tickets that hold its own.
    """
    if signal.area or signal.observed >= _FEW or signal.observed >= _FAR * signal.upper:
        return False
    if any(part.observed >= _HALF * signal.observed for part in signal.parts):
        return False
    inside = tickets[tickets["key"].isin(set(signal.tickets))]
    opened = dict(zip(inside["key"], inside["opened_local"], strict=True))
    streets = dict(zip(inside["key"], inside["street"], strict=True))
    return not focus_of(signal.tickets, opened, streets, signal.window_end - signal.window_start)


def busy_periods(judged: pd.DataFrame, static: pd.DataFrame) -> frozenset[pd.Timestamp]:
    """Return the periods in which the whole city had more tickets than the most that is usual.

    On such a day what rises over the whole city has one cause: a storm, the day on which everybody moves.

    Args:
        judged: Whole output of `detect_surges` at one frequency.
        static: Hierarchy of the series.
    """
    total = judged[judged["unique_id"].isin(static.loc[static["level"] == "total", "unique_id"])]
    return frozenset(total.loc[total["y"] > total["upper"], "ds"])


def is_of_a_busy_city(signal: Signal, busy: frozenset[pd.Timestamp], freq: Frequency) -> bool:
    """Tell whether a sum over all districts rose in a busy period of the city; see `busy_periods`."""
    inside = (period for period in busy if signal.window_start <= period < signal.window_end)
    return not signal.area and freq is not Frequency.WEEKLY and any(inside)
