"""Measured bend of raw p-values, written by `benchmarks/hotspots/calibrate.py`; not edited by hand."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

RANGES: Final = ((-1.7, 2.7), (0.0, 0.9))
"""Limits of log10 expected count and log10 dispersion."""

LEVELS: Final = np.array([0.0, 0.3, 0.7, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0])
"""Calibrated evidence, -log10 p."""

TABLES: Final[dict[tuple[str, str], NDArray[np.float64]]] = {
    (freq, channel): np.zeros((10, len(LEVELS) - 1)) for freq in ("W", "D", "h") for channel in ("one", "scan")
}
"""(frequency, channel) -> coefficients of the bend, terms x levels above 0."""
