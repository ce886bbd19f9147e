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
