"""Counts that nothing before them speaks for: a typo, a file loaded a thousand times over.

One such count in a series' past would blind its detector for as long as it is remembered. What is a hundred times
beyond the periods just before it is read as ten times: a burst like others, which still alarms on its own day and is
forgotten as they are. A level that comes for the third time is believed.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from models.hotspots.surge.baseline import Floats

TIMES: Final = 100.0
"""A count may be this many times the third largest of the periods before it, and of a small number."""

READ_AS: Final = 10.0
"""What is beyond that is read as so many times the same."""

_SMALL: Final = 10.0
_BEFORE: Final = 26
_WITNESSES: Final = 3


def without_wild_counts(y: Floats) -> Floats:
    """Return counts, wild ones cut by what their series knew by then.

    Args:
        y: Series x periods.

    Returns:
        The same array where nothing is cut.
    """
    large = np.flatnonzero(y.max(axis=1, initial=0.0) > TIMES * _SMALL)
    if not len(large) or y.shape[1] <= _WITNESSES:
        return y
    rows = y[large]
    padded = np.concatenate([np.full((len(rows), _BEFORE), -np.inf), rows[:, :-1]], axis=1)
    before = np.lib.stride_tricks.sliding_window_view(padded, _BEFORE, axis=1)
    third = np.partition(before, -_WITNESSES, axis=2)[:, :, -_WITNESSES]
    # With fewer than three periods before it a count is not judged.
    known = np.where(np.isfinite(third), np.maximum(third, 0.0) + _SMALL, np.inf)
    wild = rows > TIMES * known
    if not wild.any():
        return y
    bounded = y.copy()
    bounded[large] = np.where(wild, READ_AS * known, rows)
    return bounded
