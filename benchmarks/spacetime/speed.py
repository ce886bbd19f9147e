"""Speed on the sizes that SaTScan 10.3 was timed on: 0.7 s and 21 s with 999 replicates."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from permutation import PermutationScan
from quiet import RADIUS_KM, quiet_counts, simulated_city

from models.hotspots.spatial import ExpectationScan, Zones

SIZES = ((100, 10_700, 0.7), (300, 305_000, 21.0))


def measure_speed(*, seed: int) -> dict[str, Any]:
    """Return seconds per category: the default scan, its calibration, the permutation scan with 999 replicates."""
    rng = np.random.default_rng(seed)
    result = {}
    for places, cases, satscan in SIZES:
        zones = Zones.around(simulated_city(places, rng), max_radius_km=RADIUS_KM)
        counts = quiet_counts(places, cases, rng)
        started = time.perf_counter()
        scan = ExpectationScan(zones).adapted(counts)
        _, dispersion = scan.calibrate(counts)
        calibrated = time.perf_counter()
        scan.statistics(counts, dispersion=dispersion)
        scanned = time.perf_counter()
        permutation = PermutationScan(zones)
        permutation.statistics(counts)
        permutation.calibrate(counts)
        result[f"{places} districts, {cases} cases, 365 days"] = {
            "default scan": scanned - calibrated,
            "its memory and calibration": calibrated - started,
            "permutation scan, 999 replicates": time.perf_counter() - scanned,
            "SaTScan 10.3, 999 replicates (stored)": satscan,
        }
    return result
