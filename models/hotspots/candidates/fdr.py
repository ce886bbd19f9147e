"""False discovery control over everything that one run tested."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def benjamini_hochberg(p_values: ArrayLike, q: float) -> NDArray[np.bool_]:
    """Return which hypotheses to reject so that at most a share `q` of the rejected is expected to be false.

    Benjamini and Hochberg (1995), JRSS B 57:289. A NaN was not tested: it is never rejected and does not count.

    Args:
        p_values: One p-value per tested cell, any shape.
        q: The false discovery rate to hold, in (0, 1).

    >>> benjamini_hochberg([0.001, 0.04, 0.03, 0.6, float("nan")], 0.1).tolist()
    [True, True, True, False, False]
    """
    from scipy.stats import false_discovery_control

    p = np.asarray(p_values, dtype=float)
    tested = ~np.isnan(p)
    rejected = np.zeros(p.shape, dtype=bool)
    if tested.any():
        rejected[tested] = false_discovery_control(p[tested]) <= q
    return rejected


def among_scanned(p_values: ArrayLike, scanned: ArrayLike, q: float) -> NDArray[np.bool_]:
    """Return which of the few findings of many scans to keep, at a false discovery rate over all scans.

    Args:
        p_values: One per finding, shape (n,).
        scanned: How many scans there were, shape (n,): those that found nothing have p-value 1.
        q: The false discovery rate to hold, in (0, 1].

    >>> among_scanned([0.001, 0.03], [50, 50], 0.2).tolist()
    [True, False]
    """
    p = np.asarray(p_values, dtype=float)
    silent = max(int(np.max(np.asarray(scanned), initial=0)) - len(p), 0)
    return benjamini_hochberg(np.concatenate([p, np.ones(silent)]), q)[: len(p)]
