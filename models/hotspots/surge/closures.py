"""Days on which the service was shut though no calendar says so, inferred from many series falling silent at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_WEEKS: Final = 8  # of the same weekday that tell what is usual
_USUAL: Final = 6.0  # mean count from which a zero cannot be chance
_FEWEST: Final = 3  # silent series
_SHARE: Final = 0.2  # of the series that are usually busy


def common_closures(y: Floats) -> NDArray[np.bool_]:
    """Return the days on which busy series fell silent together, T.

    A day is judged by the counts up to that day alone: a series votes when the same weekday of the last eight weeks
    had six or more tickets on average.

    Args:
        y: Daily counts, S x T.
    """
    span = 7 * _WEEKS
    closed = np.zeros(y.shape[1], dtype=bool)
    if y.shape[1] <= span:
        return closed
    weeks = (y[:, span - 7 * week : y.shape[1] - 7 * week] for week in range(1, _WEEKS + 1))
    total = np.zeros((len(y), y.shape[1] - span))
    for week in weeks:
        total += week
    busy = np.asarray(total >= _USUAL * _WEEKS)
    silent = (busy & (y[:, span:] == 0)).sum(axis=0)
    closed[span:] = (silent >= _FEWEST) & (silent >= _SHARE * busy.sum(axis=0))
    return closed
