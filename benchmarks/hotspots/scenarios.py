"""Simulated outbreaks: the published weekly (42 scenarios) and daily (16 signals) formulas, with their truth.

Weekly: Noufaily et al. 2013, Statistics in Medicine 32:1206. Daily: after Noufaily et al. 2019, Bioinformatics 35:3110.
A `Scenario` table is one row per series; a `Panel` holds counts with and without the current outbreak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEEKS: Final = 624
WEEKLY_FIRST_JUDGED: Final = 575  # index of week 576, the first of the 49 current weeks
WEEKLY_BASES: Final = {  # base: theta, beta, g1, g2, phi
    1: (0.1, 0.0025, 0.6, 0.6, 1.5),
    2: (-2.0, 0.005, 0.1, 0.3, 2.0),
    3: (1.5, 0.003, 0.2, -0.4, 1.0),
    4: (0.5, 0.002, 0.5, 0.5, 5.0),
    5: (2.5, 0.001, 1.0, 0.1, 3.0),
    6: (3.75, 0.001, 0.1, -0.1, 1.1),
    7: (5.0, 0.0001, 0.05, 0.01, 1.2),
}
DAILY_WEEKS: Final = 364  # 7 years of 52 weeks
DAILY_FIRST_JUDGED: Final = (DAILY_WEEKS - 49) * 7
DAILY_START: Final = "2010-01-04"  # a Monday
DAILY_SIGNALS: Final = {  # id: D, k, k2, a, b, g1, g2, g3, g4, phi, s, scale
    1: (7, 1, 2, 6, 0, 0.2, 0.2, 0.5, 0.4, 2, 29, 1),
    3: (7, 1, 2, 0.5, 0, 1.5, 1.4, 0.5, 0.4, 1, -167, 1),
    4: (7, 0, 2, 5.5, 0, 0, 0, 0.3, 0.25, 1, 1, 1),
    5: (7, 0, 2, 2, 0, 0, 0, 0.3, 0.25, 1, 1, 1),
    6: (5, 1, 1, 6, 0, 0.3, 2, 0.3, 0.5, 1.5, -50, 10),
    7: (5, 1, 1, 1, 0, 0.1, 2, 0.05, 0.05, 1, -50, 1),
    8: (5, 0, 1, 6, 0.0001, 0, 0, 0.6, 0.9, 1.5, 0, 10),
    9: (5, 1, 1, 3, 0, 1.5, 0.1, 0.2, 0.3, 1, -150, 1),
    10: (5, 1, 1, 3, 0, 0.2, 0.1, 0.05, 0.15, 1, -200, 1),
    11: (5, 1, 1, 5, 0, 0.2, 0.1, 0.05, 0.1, 1, 0, 1),
    12: (5, 2, 1, 0.5, 0, 0.4, 0, 0.05, 0.15, 1, 0, 1),
    13: (5, 1, 1, 9, 0, 0.5, 0.2, 0.2, 0.5, 1, 0, 100),
    14: (7, 1, 2, 2, 0.0005, 0.8, 0.8, 0.8, 0.4, 4, 57, 1),
    15: (7, 4, 1, 0.05, 0, 0.01, 0.01, 1.8, 0.1, 1, -85, 1),
    16: (7, 1, 2, 3, 0, 0.8, 0.6, 0.8, 0.4, 4, 29, 1),
    17: (7, 0, 2, 6, 0, 0, 0, 0.8, 0.4, 4, 1, 1),
}
EPIDEMICS: Final = {6: (1, 20, 3 * 5 * 80), 7: (1, 20, 3 * 5 * 50), 16: (210, 230, 3 * 7 * 150)}
"""Signal -> first and last possible service day of the yearly epidemic, and its k times D."""
EPIDEMIC_PACE: Final = 0.02


@dataclass(frozen=True)
class Simulated:
    """A simulated panel and its truth.

    Attributes:
        ds: Period starts (T,).
        quiet: Counts without the current outbreak, S x T (past outbreaks are in).
        outbreak: Cases of the current outbreak alone, S x T.
        series: One row per series: what it was made from.
        first_judged: Index of the first judged period.
        mean: True mean of the quiet counts without past outbreaks, S x T; a drawn epidemic's own curve is part of it.
        variance: True variance of these counts around it, S x T.
    """

    ds: pd.DatetimeIndex
    quiet: Floats
    outbreak: Floats
    series: pd.DataFrame
    first_judged: int
    mean: Floats
    variance: Floats

    @property
    def y(self) -> Floats:
        """Counts as a detector sees them."""
        return self.quiet + self.outbreak

    def frame(self, counts: Floats) -> pd.DataFrame:
        """Return `counts` as a long frame `unique_id, ds, y`."""
        ids = self.series["unique_id"].to_numpy()
        return pd.DataFrame(
            {
                "unique_id": np.repeat(ids, len(self.ds)),
                "ds": np.tile(self.ds.to_numpy(), len(ids)),
                "y": counts.ravel(),
            }
        )


def simulate_weekly(repetitions: int, seed: int, *, past_outbreaks: bool = True) -> Simulated:
    """Draw the 42 scenarios `repetitions` times (k of the current outbreak cycles through 1..10)."""
    rng = np.random.default_rng(seed)
    rows = [
        (base, trend, season, repetition)
        for base in WEEKLY_BASES
        for trend in (0, 1)
        for season in (0, 1, 2)
        for repetition in range(repetitions)
    ]
    series = pd.DataFrame(rows, columns=["base", "trend", "season", "repetition"])
    series["k"] = series["repetition"] % 10 + 1
    series["unique_id"] = [f"s{i:05d}" for i in range(len(series))]
    mu, phi = _weekly_means(series)
    quiet = negative_binomial(rng, mu, phi[:, None])
    outbreak = np.zeros_like(quiet)
    starts = rng.integers(WEEKLY_FIRST_JUDGED, WEEKS, len(series))
    for i in range(len(series)):
        sd = np.sqrt(phi[i] * mu[i])
        if past_outbreaks:
            for k, start in zip((2, 3, 5, 10), rng.integers(312, WEEKLY_FIRST_JUDGED, 4), strict=True):
                quiet[i] += outbreak_cases(rng, k * sd[start], start, WEEKS)
        outbreak[i] = outbreak_cases(rng, series["k"][i] * sd[starts[i]], starts[i], WEEKS)
    ds = pd.date_range("2004-01-05", periods=WEEKS, freq="7D")
    return Simulated(ds, quiet, outbreak, series, WEEKLY_FIRST_JUDGED, mu, phi[:, None] * mu)


def _weekly_means(series: pd.DataFrame) -> tuple[Floats, Floats]:
    theta, beta, g1, g2, phi = np.array([WEEKLY_BASES[b] for b in series["base"]]).T
    t = np.arange(1, WEEKS + 1)
    log_mu = theta[:, None] + (beta * series["trend"].to_numpy())[:, None] * t
    for j in (1, 2):
        on = (series["season"].to_numpy() >= j)[:, None]
        angle = 2 * np.pi * j * t / 52
        log_mu = log_mu + on * (g1[:, None] * np.cos(angle) + g2[:, None] * np.sin(angle))
    return np.exp(log_mu), phi


def negative_binomial(rng: np.random.Generator, mu: Floats, phi: Any) -> Floats:
    """Draw counts with mean `mu` and variance `phi * mu` (Poisson where phi = 1)."""
    phi = np.broadcast_to(np.asarray(phi, dtype=float), mu.shape)
    rate = mu.copy()
    over = phi > 1
    rate[over] = rng.gamma(mu[over] / (phi[over] - 1), phi[over] - 1)
    return rng.poisson(rate).astype(float)


def outbreak_cases(rng: np.random.Generator, size: float, start: int, periods: int, pace: float = 1.0) -> Floats:
    """Spread Poisson(size) cases, at least 2, over `start + floor(Z / pace)`, Z ~ LogNormal(0, 0.5)."""
    cases = 0
    while cases < 2:
        cases = int(rng.poisson(size))
    when = start + np.floor(rng.lognormal(0.0, 0.5, cases) / pace).astype(int)
    return np.bincount(when[when < periods], minlength=periods).astype(float)


def expected_cases(size: float, start: int, periods: int, pace: float) -> Floats:
    """Return the mean of `outbreak_cases` in each period."""
    from scipy.special import ndtr

    elapsed = np.maximum(np.arange(periods + 1) - start, 0) * pace
    with np.errstate(divide="ignore"):
        return np.asarray(size * np.diff(ndtr(np.log(elapsed) / 0.5)))


def simulate_daily(repetitions: int, seed: int, signals: tuple[int, ...] = tuple(DAILY_SIGNALS)) -> Simulated:
    """Draw each daily signal x k in {2, 3, 5, 10} x `repetitions`, with England's holidays of 2010-2016."""
    rng = np.random.default_rng(seed)
    ds = pd.date_range(DAILY_START, periods=DAILY_WEEKS * 7, freq="D")
    rows: list[tuple[str, int, int, int]] = []
    drawn: list[tuple[Floats, Floats, Floats, Floats]] = []
    for signal in signals:
        days = _ServiceDays.of(signal, ds)
        for k in (2, 3, 5, 10):
            for repetition in range(repetitions):
                drawn.append(_daily_series(rng, signal, k, days))
                rows.append((f"d{len(rows):05d}", signal, k, repetition))
    series = pd.DataFrame(rows, columns=["unique_id", "signal", "k", "repetition"])
    quiet, outbreak, mean, variance = (np.array(part) for part in zip(*drawn, strict=True))
    return Simulated(ds, quiet, outbreak, series, DAILY_FIRST_JUDGED, mean, variance)


@dataclass(frozen=True)
class _ServiceDays:
    """Where a signal's service days lie in the calendar, and what multiplies the counts of each."""

    place: NDArray[np.int64]
    factor: Floats
    burst_weight: Floats
    total: int

    @classmethod
    def of(cls, signal: int, ds: pd.DatetimeIndex) -> _ServiceDays:
        """Lay a signal's service days on the calendar of England, as the benchmark defines them."""
        import holidays

        week = DAILY_SIGNALS[signal][0]
        england = holidays.country_holidays("GB", subdiv="ENG", years=range(2010, 2017))
        weekday = ds.day_of_week.to_numpy()
        place = np.flatnonzero(weekday < week)
        off = np.array([d.date() in england for d in ds])[place]
        if week == 7:
            factor, weight = np.where(off, 2.0, 1.0), np.where(weekday[place] >= 5, 2.0, 1.0)
        else:
            after = np.concatenate([[False], off[:-1]]) & ~off
            factor = np.where(off, 0.0, np.where(after, 1.5, 1.0))
            weight = np.array([1.5, 1.1, 1.0, 1.0, 1.1])[weekday[place]]
        return cls(place, factor, weight, len(ds))

    def spread(self, service: Floats) -> Floats:
        """Insert the closed days as zeros."""
        calendar = np.zeros(self.total)
        calendar[self.place] = service
        return calendar


def _daily_series(
    rng: np.random.Generator, signal: int, k: int, days: _ServiceDays
) -> tuple[Floats, Floats, Floats, Floats]:
    """Draw one series: its quiet counts, its outbreak, the true mean and the true variance of the quiet counts."""
    week, *_, phi, _, scale = DAILY_SIGNALS[signal]
    mu = _daily_means(signal)
    baseline = negative_binomial(rng, mu, phi) / scale
    epidemic = np.zeros_like(mu)
    if signal in EPIDEMICS:
        first, last, size = EPIDEMICS[signal]
        for year in range(7):
            start = year * 52 * week + int(rng.integers(first, last + 1)) - 1
            cases = size * np.sqrt(phi * mu[start])
            baseline = baseline + outbreak_cases(rng, cases, start, len(mu), EPIDEMIC_PACE)
            epidemic += expected_cases(cases, start, len(mu), EPIDEMIC_PACE)
    start = int(rng.integers(len(mu) - 49 * week, len(mu)))
    burst = outbreak_cases(rng, k * week * np.sqrt(phi * mu[start]), start, len(mu), 0.25) * days.burst_weight
    quiet = np.round(baseline * days.factor)
    with_burst = np.round((baseline + burst) * days.factor)
    mean, variance = mu / scale + epidemic, phi * mu / scale**2 + epidemic
    if scale > 1:
        variance = variance + 1.0 / 12.0  # of the rounding
    truth = days.spread(mean * days.factor), days.spread(variance * days.factor**2)
    return days.spread(quiet), days.spread(with_burst - quiet), *truth


def _daily_means(signal: int) -> Floats:
    week, k, k2, a, b, g1, g2, g3, g4, _, shift, _ = DAILY_SIGNALS[signal]
    t = np.arange(1, 52 * 7 * week + 1) + shift
    log_mu = a + b * t
    for j in range(1, int(k) + 1):
        log_mu = log_mu + g1 * np.cos(2 * np.pi * j * t / (52 * week)) + g2 * np.sin(2 * np.pi * j * t / (52 * week))
    for j in range(1, int(k2) + 1):
        log_mu = log_mu + g3 * np.cos(2 * np.pi * j * t / week) + g4 * np.sin(2 * np.pi * j * t / week)
    return np.asarray(np.exp(log_mu))
