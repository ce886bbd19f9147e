"""How likely chance brings a count that varies more than a Poisson count does: tails of the negative binomial.

The functions of `scipy.stats`, without the second that loading it takes in each process of a morning. The tails of the
surge detector (`surge.tails`) are other quantities: mid-p values, and the counts that reach them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, nbdtrik


def at_least(count: ArrayLike, mean: ArrayLike, dispersion: float) -> NDArray[np.float64]:
    """Return the probability of `count` tickets or more.

    Args:
        count: Tickets, from 0.
        mean: Tickets expected, above 0.
        dispersion: Variance over mean, above 1.

    >>> at_least([0, 1, 5], 2.0, 2.0).round(4)
    array([1.    , 0.75  , 0.1094])
    """
    size, miss = np.asarray(mean) / (dispersion - 1), 1 - 1 / dispersion
    tail = betainc(np.maximum(count, 1), size, miss)
    return np.where(np.asarray(count) > 0, tail, 1.0)


def usual_maximum(mean: float, dispersion: float, *, level: float = 0.99) -> int:
    """Return the least count that chance exceeds in no more than 1 - `level` of cases.

    >>> usual_maximum(2.0, 2.0), usual_maximum(0.001, 2.0)
    (9, 0)
    """
    count = max(int(np.ceil(nbdtrik(level, mean / (dispersion - 1), 1 / dispersion))), 0)
    return count - 1 if count > 0 and at_least(count, mean, dispersion) <= 1 - level else count
