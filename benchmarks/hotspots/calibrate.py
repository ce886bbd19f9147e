"""Measure how quiet series bend raw p-values, and write models/hotspots/surge/calibration_table.py.

The series are of many shapes and none of the published scenarios: random levels, trends, seasons, weekdays, dispersions
and lengths of history, most of them with past outbreaks. Run it again after any change of the engine's defaults:

    python benchmarks/hotspots/calibrate.py --freq W
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from scenarios import Floats, negative_binomial, outbreak_cases

from features.configuration import SurgeConfig
from features.vocabulary import Frequency
from models.hotspots.surge.calibration import DENSE, SPARSE, calibrate_with, features
from models.hotspots.surge.calibration_table import LEVELS
from models.hotspots.surge.detect_surges import DetectionContext, judge_grid
from models.hotspots.surge.grid import SeriesGrid

TARGET: Final = Path(__file__).parents[2] / "models" / "hotspots" / "surge" / "calibration_table.py"
ROWS: Final = {Frequency.WEEKLY: 15, Frequency.DAILY: 9, Frequency.HOURLY: 9}  # bins of expected count
TERMS: Final = {
    Frequency.WEEKLY: 15,
    Frequency.DAILY: 10,
    Frequency.HOURLY: 10,
}  # of the polynomial; the fourth degree bends wildly in few sparse, dispersed days
JUDGED: Final = {Frequency.WEEKLY: 49, Frequency.DAILY: 140, Frequency.HOURLY: 28 * 24}
LENGTHS: Final = {
    Frequency.WEEKLY: (624, 624, 624, 312),
    Frequency.DAILY: (2548, 1456, 1092),
    Frequency.HOURLY: (400 * 24, 200 * 24, 100 * 24),
}
PACE: Final = {
    Frequency.WEEKLY: 550,
    Frequency.DAILY: 2200,
    Frequency.HOURLY: 52800,
}  # periods in which four past outbreaks fall on average
SERIES: Final = {Frequency.WEEKLY: 72000, Frequency.DAILY: 6000, Frequency.HOURLY: 6000}  # drawn
CONTAMINATED: Final = {
    Frequency.WEEKLY: 0.3,
    Frequency.DAILY: 0.5,
    Frequency.HOURLY: 0.0,
}  # share of series with past outbreaks
CYCLES: Final = {
    Frequency.WEEKLY: (52, 1),
    Frequency.DAILY: (364, 7),
    Frequency.HOURLY: (364 * 24, 24),
}  # periods in a year, and in an outbreak's week
WIDEST: Final = {
    Frequency.WEEKLY: 12.0,
    Frequency.DAILY: 12.0,
    Frequency.HOURLY: 2.5,
}  # dispersion; distinct callers of one hour hardly clump
LEAST_SLOPE: Final = {Frequency.WEEKLY: 0.2, Frequency.DAILY: 0.2, Frequency.HOURLY: 0.5}
"""Floor of the far tail's slope: beyond 1 in 1,000, sparse hours rest on a dispersion nobody can estimate, and the
alert budget decides; a lower floor would hide bursts."""
FEWEST: Final = 5  # exceedances in a bin before its quantile counts


def quiet_panel(
    rng: np.random.Generator, freq: Frequency, series: int, periods: int
) -> tuple[Floats, pd.DatetimeIndex]:
    """Draw quiet series of random shape; `CONTAMINATED` of them carry past outbreaks."""
    cycle, week = CYCLES[freq]
    t = np.arange(periods)
    level = rng.uniform(np.log(0.02), np.log(400.0 if freq != Frequency.HOURLY else 40.0), series)
    trend = rng.normal(0.0, 0.12, series) * rng.integers(0, 2, series)
    log_mu = level[:, None] + trend[:, None] * (t - periods) / cycle
    for j in (1, 2):
        size = rng.normal(0.0, 0.4, (2, series, 1)) * rng.integers(0, 2, (series, 1))
        log_mu = log_mu + size[0] * np.cos(2 * np.pi * j * t / cycle) + size[1] * np.sin(2 * np.pi * j * t / cycle)
    if freq == Frequency.DAILY:
        log_mu = log_mu + rng.normal(0.0, 0.4, (series, 7))[:, t % 7]
    if freq == Frequency.HOURLY:
        city = rng.normal(0.0, 0.3, (2, 24)) + 1.2 * np.sin(np.pi * (np.arange(24) - 8) / 12)
        own = city + rng.normal(0.0, 0.3, (series, 2, 24)) - np.array([0.5, 0.0])[:, None]
        log_mu = log_mu + own[:, (t // 24 % 7 < 5).astype(int), t % 24]
    phi = np.where(rng.random(series) < 0.2, 1.0, np.exp(rng.uniform(np.log(1.05), np.log(WIDEST[freq]), series)))
    mu = np.exp(np.minimum(log_mu, 8.0))
    y = negative_binomial(rng, mu, phi[:, None])
    for i in np.flatnonzero(rng.random(series) < CONTAMINATED[freq]):
        for start in rng.integers(0, periods - JUDGED[freq], rng.poisson(4.0 * periods / PACE[freq])):
            size = rng.choice([2, 3, 5, 10]) * np.sqrt(phi[i] * mu[i, start] * week) + 0.1
            y[i] += outbreak_cases(rng, size, start, periods, 1.0 if freq == Frequency.WEEKLY else 0.25)
    ds = pd.date_range("2010-01-04", periods=periods, freq=freq.length)
    return y, ds


def collect(freq: Frequency, series: int, seed: int) -> pd.DataFrame:
    """Judge quiet panels and return one row per judged period: mean, variance, one, scan."""
    rng = np.random.default_rng(seed)
    parts = []
    for periods in LENGTHS[freq]:
        y, ds = quiet_panel(rng, freq, series // len(LENGTHS[freq]), periods)
        ids = np.array([f"c{i}" for i in range(len(y))], dtype=object)
        grid = SeriesGrid(ids, ds, y, y, freq)
        context = DetectionContext(None, None, np.ones(periods))
        signal = judge_grid(grid, periods - JUDGED[freq], SurgeConfig(), context).signal
        columns = {"mean": signal.mean, "variance": signal.variance, "one": signal.p_one, "scan": signal.p_scan}
        parts.append(pd.DataFrame({name: values.ravel().astype(np.float32) for name, values in columns.items()}))
        sys.stderr.write(f"{freq}: {periods} periods done at {time.process_time():.0f} s\n")
    return pd.concat(parts, ignore_index=True)


def bend(sample: pd.DataFrame, channel: str, freq: Frequency) -> Any:
    """Fit the polynomials of raw minus calibrated evidence, terms x levels above 0."""
    mean, dispersion = sample["mean"].to_numpy(float), (sample["variance"] / sample["mean"]).to_numpy(float)
    row = pd.cut(np.log10(mean), np.linspace(-1.75, 2.75, ROWS[freq] + 1), labels=False)
    column = pd.cut(np.log10(dispersion), np.r_[0.0, 0.04, 0.2, 0.45, 0.75, 1.2], labels=False)
    evidence = -np.log10(sample[channel].to_numpy(float))
    bins = [i for i in pd.DataFrame({"r": row, "c": column}).groupby(["r", "c"]).indices.values() if len(i) > 400]
    X = np.array([features(mean[i], mean[i] * dispersion[i])[:, : TERMS[freq]].mean(axis=0) for i in bins])
    coefficients = []
    for level in LEVELS[1:]:
        exceedances = np.array([len(i) * 10.0**-level for i in bins])
        Y = np.array([np.quantile(evidence[i], 1 - 10.0**-level) - level for i in bins])
        # Beyond some hundreds of exceedances the shape of the polynomial is the limit, not the sample.
        w = np.where(exceedances >= FEWEST, exceedances / (1.0 + exceedances / 400.0), 0.0)
        ridge = 1e-3 * np.eye(X.shape[1]) * w.mean()
        coefficients.append(np.linalg.solve((X.T * w) @ X + ridge, (X.T * w) @ Y))
    return np.array(coefficients).T


def tail(sample: pd.DataFrame, channel: str, table: Any, least: float) -> tuple[float, float]:
    """Return calibrated over raw evidence beyond the last level, from the one period in 10,000, sparse and dense."""
    slopes = []
    for part in (sample[sample["mean"] < SPARSE * 1.5], sample[sample["mean"] > DENSE / 1.5]):
        columns = (part[name].to_numpy(float) for name in (channel, "mean", "variance"))
        evidence = -np.log10(calibrate_with(table, (1.0, 1.0), *columns))
        slopes.append(float(np.clip(1.0 / (np.quantile(evidence, 1 - 1e-4) - 3.0), least, 1.2)))
    return slopes[0], slopes[1]


def write(tables: dict[tuple[Frequency, str], Any], tails: dict[tuple[Frequency, str], tuple[float, float]]) -> None:
    """Write the table module."""
    text = TARGET.read_text(encoding="utf-8")
    lines = [
        text[: text.index("TABLES: Final")],
        "TABLES: Final[dict[tuple[Frequency, str], NDArray[np.float64]]] = {\n",
    ]
    for (freq, channel), table in tables.items():
        rows = ",\n".join("            [" + ", ".join(f"{value:.4f}" for value in row) + "]" for row in table)
        lines.append(f'    (Frequency.{freq.name}, "{channel}"): np.array(\n        [\n{rows},\n        ]\n    ),\n')
    lines.append('}\n"""(frequency, channel) -> coefficients of the bend, terms x levels above 0."""\n\n')
    lines.append("TAILS: Final[dict[tuple[Frequency, str], tuple[float, float]]] = {\n")
    lines += [
        f'    (Frequency.{freq.name}, "{channel}"): ({a:.4f}, {b:.4f}),\n' for (freq, channel), (a, b) in tails.items()
    ]
    lines.append(
        '}\n"""(frequency, channel) -> calibrated over raw evidence beyond the last level, sparse and dense."""\n'
    )
    TARGET.write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """Measure every frequency asked for and keep the tables of the others."""
    from models.hotspots.surge.calibration_table import TABLES, TAILS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=None, help="drawn per frequency; the default is SERIES")
    parser.add_argument("--seed", type=int, default=20130101)
    parser.add_argument("--freq", nargs="*", type=Frequency, default=list(Frequency))
    arguments = parser.parse_args()
    tables, tails = dict(TABLES), dict(TAILS)
    for freq in arguments.freq:
        sample = collect(freq, arguments.series or SERIES[freq], arguments.seed)
        for channel in ("one", "scan"):
            tables[freq, channel] = bend(sample, channel, freq)
            tails[freq, channel] = tail(sample, channel, tables[freq, channel], LEAST_SLOPE[freq])
    write(tables, tails)


if __name__ == "__main__":
    main()
