"""Many series at once: false discovery control over all the p-values of one period."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fdr_select(p: NDArray[np.float64], q: float) -> NDArray[np.bool_]:
    """Return which hypotheses to reject at false discovery rate `q` (Benjamini and Hochberg 1995).

    Args:
        p: p-values of one family, any shape.
        q: Expected share of false ones among the selected.

    >>> fdr_select(np.array([0.001, 0.02, 0.9, 0.04]), 0.1)
    array([ True,  True, False,  True])
    """
    flat = np.sort(p, axis=None)
    passed = np.flatnonzero(flat <= q * np.arange(1, flat.size + 1) / max(flat.size, 1))
    if not passed.size:
        return np.zeros(p.shape, dtype=bool)
    return np.asarray(p <= flat[passed[-1]])
