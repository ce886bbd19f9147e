"""A window is told only while its last days carry it, and as the shortest one that holds the matter."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_HOLDS: Final = 0.8
"""Share of a window's count that a shorter window must hold to be told in its place."""
_CARRIES: Final = 1.5
"""What its last days bring is this many times what is usual in them."""
_SHARE_ABOVE: Final = 0.1
_TICKETS_ABOVE: Final = 1.0
"""A count is told from this share and so many tickets above the most that is usual: one more than usual is no news."""
_LATELY: Final = pd.Timedelta(weeks=8)
_TIMES_IN_WEEKS: Final = 2.0
"""A count of weeks is told at so many times the most that is usual: what rises slowly is for the weekly report."""


def least_told(upper: NDArray[np.float64] | float, *, weeks: bool = False) -> NDArray[np.float64] | float:
    """Return what a count must exceed to be told, of the most that is usual.

    >>> least_told(53.0) < 54, least_told(3.2) < 5, least_told(20.0, weeks=True)
    (False, True, 40.0)
    """
    return upper * _TIMES_IN_WEEKS if weeks else upper * (1.0 + _SHARE_ABOVE) + _TICKETS_ABOVE


def shortest_window(scanned: pd.DataFrame, *, weeks: bool = False) -> int:
    """Return of how many of a window's last periods the matter is told.

    They are the fewest that hold 80 % of its count and clearly more than the most that is usual in them (`least_told`);
    0 where not even all are.

    Args:
        scanned: `y, expected, upper` of the periods of the window, oldest first.
        weeks: The periods are weeks.
    """
    y, expected, upper = (scanned[name].to_numpy(float)[::-1] for name in ("y", "expected", "upper"))
    held, usual = y.cumsum(), expected.cumsum() + np.sqrt(np.square(upper - expected).cumsum())
    enough = (held >= _HOLDS * held[-1]) & (held > least_told(usual, weeks=weeks))
    return int(enough.argmax()) + 1 if enough.any() else 0


def most_of_late(series: pd.DataFrame, width: int) -> float:
    """Return the most that windows as long as the newest one had in the eight weeks before it, alarms left out.

    Whatever a model expects, a count that was reached lately without an alarm is usual.

    Args:
        series: `ds, y, alarm, window` of a series, oldest first.
        width: Periods of the newest window.
    """
    before = series.iloc[:-width]
    if len(before) < width:
        return 0.0
    before = before[before["ds"] > before["ds"].iloc[-1] - _LATELY]
    told, windows = np.zeros(len(before), bool), before["window"].fillna(1).to_numpy()
    for at in np.flatnonzero(before["alarm"].to_numpy(bool)):
        told[max(at + 1 - int(windows[at]), 0) : at + 1] = True
    counts = before["y"].mask(told).rolling(width).sum()
    return float(counts.max()) if counts.notna().any() else 0.0


def is_carried(recent: int, expected: float, share: float) -> bool:
    """Tell whether a matter goes on: its last days bring 1.5 times what is usual in them.

    Args:
        recent: Tickets in the last days, up to now.
        expected: Of the whole window.
        share: Length of these days in windows.

    >>> is_carried(15, 15.0, 1 / 3), is_carried(7, 15.0, 1 / 3)
    (True, False)
    """
    return recent > 0 and recent >= _CARRIES * expected * share
