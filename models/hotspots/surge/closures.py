"""Days on which the service was shut though no calendar says so, inferred from many series falling silent at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.configuration.surge import ServiceConfig

Floats = NDArray[np.float64]


def common_closures(y: Floats, service: ServiceConfig) -> NDArray[np.bool_]:
    """Return the days on which busy series fell silent together, T.

    A day is judged by the counts up to that day alone: a series votes when the same weekday of the weeks
    before had enough tickets on average that a zero cannot be chance.

    Args:
        y: Daily counts, S x T.
        service: What is usual, and how many must fall silent.
    """
    span = 7 * service.closure_weeks
    closed = np.zeros(y.shape[1], dtype=bool)
    if y.shape[1] <= span:
        return closed
    weeks = (y[:, span - 7 * week : y.shape[1] - 7 * week] for week in range(1, service.closure_weeks + 1))
    total = np.zeros((len(y), y.shape[1] - span))
    for week in weeks:
        total += week
    busy = np.asarray(total >= service.closure_usual * service.closure_weeks)
    silent = (busy & (y[:, span:] == 0)).sum(axis=0)
    closed[span:] = (silent >= service.closure_fewest) & (silent >= service.closure_share * busy.sum(axis=0))
    return closed
