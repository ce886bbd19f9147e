"""Where and when half of a matter's tickets come from: one street, a few hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from features.same_cause import LEAST_SHARED

_HALF: Final = 0.5
_HOURS: Final = pd.Timedelta(hours=3)
"""Half of the tickets within so long came together."""
_LONGER: Final = 4
"""Hours are named where the window is so many times as long."""


def focus_of(
    keys: Sequence[str], opened: Mapping[str, pd.Timestamp], street_of: Mapping[str, str], window: pd.Timedelta
) -> dict[str, Any]:
    """Return `spot` (name, n) and `hours` (start, end, n) that hold half of the tickets, each where there is one.

    Args:
        keys: The tickets.
        opened: Ticket -> when it was opened, naive local civil time.
        street_of: Ticket -> its street, '' where none is known.
        window: Length of the window that they are counted in.
    """
    return _spot(keys, street_of) | _hours(sorted(opened[key] for key in keys if key in opened), window)


def _spot(keys: Sequence[str], street_of: Mapping[str, str]) -> dict[str, Any]:
    streets = Counter(street for key in keys if (street := street_of.get(key, "")))
    name, n = next(iter(streets.most_common(1)), ("", 0))
    return {"spot": {"name": name, "n": n}} if n >= max(LEAST_SHARED, _HALF * len(keys)) else {}


def _hours(moments: Sequence[pd.Timestamp], window: pd.Timedelta) -> dict[str, Any]:
    """Return the hours that hold most of the sorted moments, where they hold half and the source knows hours."""
    if window < _LONGER * _HOURS or all(moment == moment.normalize() for moment in moments):
        return {}
    ends = np.searchsorted(pd.DatetimeIndex(moments), pd.DatetimeIndex(moments) + _HOURS, side="right")
    held = ends - np.arange(len(moments))
    first = int(held.argmax())
    n = int(held[first])
    if n < max(LEAST_SHARED, _HALF * len(moments)):
        return {}
    return {"hours": {"start": moments[first].isoformat(), "end": moments[ends[first] - 1].isoformat(), "n": n}}
