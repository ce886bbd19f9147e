"""Quiet, overdispersed cities: how often does a scan claim what chance brings less than once a year?"""

from __future__ import annotations

from typing import Any

import numpy as np
from permutation import PermutationScan

from features.configuration import ScanConfig
from models.hotspots.spatial import ExpectationScan, ScanPlaces, Zones

RADIUS_KM = 6.0
OTHER_RUNS = 60
"""Runs of what is measured beside the default scan."""


def simulated_city(places: int, rng: np.random.Generator) -> ScanPlaces:
    """Return places scattered over a square of about 1.4 km2 each."""
    side = 1.2 * np.sqrt(places)
    names = tuple(map(str, range(places)))
    return ScanPlaces(names, 48.7 + rng.random(places) * side / 111.2, 9.1 + rng.random(places) * side / 73.4)


def quiet_counts(places: int, cases: float, rng: np.random.Generator, *, phi: float = 2.0) -> np.ndarray:
    """Return place x 365 negative binomial counts with variance phi x mean; places differ in size."""
    size = rng.gamma(4.0, 0.25, places)
    mu = np.broadcast_to((cases / 365 * size / size.sum())[:, None], (places, 365))
    return rng.negative_binomial(mu / (phi - 1), 1 / phi).astype(float)


def measure_quiet(*, runs: int, seed: int) -> dict[str, Any]:
    """Return the share of quiet cities in which one day's analysis claims a recurrence above 365, 100 and 20 days."""
    rng = np.random.default_rng(seed)
    zones = Zones.around(simulated_city(100, rng), max_radius_km=RADIUS_KM)
    claimed: dict[str, list[float]] = {"expectation, day": [], "expectation, history": [], "permutation": []}
    for run in range(runs):
        counts = quiet_counts(100, 10_700, rng)
        for scale in ("day", "history") if run < OTHER_RUNS else ("day",):
            scan = ExpectationScan(zones, scale=scale, min_count=ScanConfig().min_count).adapted(counts)
            tail, dispersion = scan.calibrate(counts)
            statistic, _ = scan.statistics(counts, dispersion=dispersion)
            claimed[f"expectation, {scale}"].append(float(1 / tail.p_value(statistic.max())))
        if run < OTHER_RUNS:
            permutation = PermutationScan(zones, replicates=99, seed=run)
            p_value = permutation.calibrate(counts).p_value(permutation.statistics(counts)[0].max())
            claimed["permutation"].append(float(1 / p_value))
    return {name: _shares(np.array(values)) for name, values in claimed.items()}


def _shares(recurrence: np.ndarray) -> dict[str, float]:
    shares: dict[str, float] = {"runs": int(recurrence.size)}
    for days in (365, 100, 20):
        share = float((recurrence > days).mean())
        shares[f"above {days} days"] = share
        shares[f"above {days} days, standard error"] = float(np.sqrt(share * (1 - share) / recurrence.size))
    return shares
