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


def lift_of(signal: Signal, freq: Frequency) -> float:
    """Return how many times the most that is usual a sum over all districts stands at within days; 0 of anything else.

    See `features.same_cause.SHOCK`: a storm lifts many matters of many departments.

    Args:
        signal: A surge.
        freq: Of the periods that it was found in.
    """
    if signal.area or not signal.aggregate or freq is Frequency.WEEKLY or not signal.upper > 0:
        return 0.0
    return signal.observed / signal.upper
