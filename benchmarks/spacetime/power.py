"""Clusters injected into the real points of Stuttgart and Boston: share found, and after how many days.

All scans are judged at the same false-alarm rate: each one's threshold is the p-value of its own that it goes below on
one in forty of the untouched days of the same category.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.hotspots.spatial import ExpectationScan, PermutationScan, Zones, grid_places

CITIES = {
    "Stuttgart": ("stuttgart_gelbe_karten_2020_2026", 400),
    "Boston": ("boston_311_2015_minus5types", 90),
}
CATEGORIES = 2
QUIET_DAYS = 40
HISTORY = 200
FOLLOWED = 7
SIZES = (8, 14, 24)
_RADIUS_KM = 0.6


@dataclass(frozen=True)
class _Series:
    """One category's counts, place x day, with its circles."""

    counts: np.ndarray
    zones: Zones
    distances: np.ndarray


def measure_power(folder: Path, *, injections: int, seed: int) -> dict[str, Any]:
    """Return, per city and cluster size, the share found within a week and the mean delay of those found."""
    result: dict[str, Any] = {}
    for city, (name, span) in CITIES.items():
        rng = np.random.default_rng(seed)
        series = list(_series(folder / "tickets" / f"{name}.parquet", span))
        thresholds = [_thresholds(one, rng) for one in series]
        for size in SIZES:
            delays: dict[str, list[float]] = {}
            for one, threshold in zip(series, thresholds, strict=True):
                for _ in range(injections // len(series)):
                    for method, delay in _inject(one, size, threshold, rng).items():
                        delays.setdefault(method, []).append(delay)
            result[f"{city}, {size} tickets in a week"] = {
                method: {
                    "injected": len(values),
                    "found": float(np.isfinite(values).mean()),
                    "mean delay, days": float(np.mean(found)) if (found := _finite(values)) else None,
                }
                for method, values in delays.items()
            }
    return result


def _finite(values: list[float]) -> list[float]:
    return [value for value in values if np.isfinite(value)]


def _series(path: Path, span: int) -> Iterator[_Series]:
    rows = pd.read_parquet(path).drop_duplicates("id").dropna(subset=["lat", "lon"])
    day = pd.to_datetime(rows["created"]).dt.tz_localize(None).dt.normalize()
    age = ((day.max() - day).dt.days).to_numpy()
    rows, age = rows[age < span + HISTORY], age[age < span + HISTORY]
    for category in rows["category"].value_counts().index[:CATEGORIES]:
        chosen = (rows["category"] == category).to_numpy()
        places, place = grid_places(rows["lat"][chosen], rows["lon"][chosen], cell_km=0.5)
        periods = span + HISTORY
        flat = place * periods + (periods - 1 - age[chosen])
        counts = np.bincount(flat, minlength=len(places) * periods).reshape(-1, periods).astype(float)
        yield _Series(counts, Zones.around(places, max_radius_km=3.0), places.distances_km())


def _p_values(counts: np.ndarray, one: _Series, calibration: dict[str, Any]) -> dict[str, float]:
    """Return the smallest p-value of each scan for windows that end with the last day of `counts`."""
    result = {}
    for scale in ("day", "history"):
        scan = ExpectationScan(one.zones, scale=scale)
        key = f"expectation, {scale}"
        tail, dispersion = calibration.setdefault(key, None) or scan.calibrate(counts)
        calibration[key] = (tail, dispersion)
        result[key] = float(tail.p_value(scan.statistics(counts, dispersion=dispersion)[0].max()))
    permutation = PermutationScan(one.zones, replicates=49)
    tail = calibration.setdefault("permutation", None) or permutation.calibrate(counts)
    calibration["permutation"] = tail
    result["permutation"] = float(tail.p_value(permutation.statistics(counts)[0].max()))
    return result


def _thresholds(one: _Series, rng: np.random.Generator) -> dict[str, float]:
    days = rng.integers(HISTORY, one.counts.shape[1], QUIET_DAYS)
    values = pd.DataFrame([_p_values(one.counts[:, day - HISTORY : day], one, {}) for day in days])
    return {method: float(values[method].quantile(1 / QUIET_DAYS)) for method in values}


def _inject(one: _Series, size: int, thresholds: dict[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Return the delay in days until each scan finds one injected cluster; infinite when it does not in a week."""
    start = int(rng.integers(HISTORY, one.counts.shape[1] - FOLLOWED))
    weights = one.counts.sum(axis=1)
    centre = int(rng.choice(weights.size, p=weights / weights.sum()))
    near = np.flatnonzero(one.distances[centre] <= _RADIUS_KM)
    counts = one.counts.copy()
    # As in the temporal benchmarks, cases follow the onset log-normally, here scaled to a week.
    days = np.minimum(np.floor(rng.lognormal(0.0, 0.5, size) / 0.4), FOLLOWED - 1).astype(int)
    np.add.at(counts, (rng.choice(near, size), start + days), 1.0)
    calibration: dict[str, Any] = {}
    _p_values(one.counts[:, start - HISTORY : start], one, calibration)
    delays = dict.fromkeys(thresholds, float("inf"))
    for delay in range(FOLLOWED):
        end = start + delay + 1
        for method, p_value in _p_values(counts[:, end - HISTORY : end], one, calibration).items():
            if p_value < thresholds[method]:
                delays[method] = min(delays[method], float(delay))
    return delays
