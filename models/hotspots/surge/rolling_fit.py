"""The walk forward: fit before each block of periods, judge the block, warm-start the next fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.configuration import SurgeConfig
from features.configuration.surge import FreqConfig
from models.hotspots.surge.baseline import Fit, Prior, Regression, Robust
from models.hotspots.surge.design import Design
from models.hotspots.surge.dispersion import autocorrelation, window_dispersion
from models.hotspots.surge.exposure import Exposure, exposure
from models.hotspots.surge.level import CountSums, LocalLevel, Pace, local_level
from models.hotspots.surge.pooling import Kin, Lenders
from models.hotspots.surge.scan_windows import Expectation, RawSignal, capped, judge

Floats = NDArray[np.float64]

CHUNK: Final = 128  # series fitted together: their arrays stay in the processor's cache


@dataclass
class RawJudgements:
    """Raw judgements of S series in the n periods from the first judged one on, and how well each is known.

    Attributes:
        signal: Expectations and raw p-values, S x n.
        open: Whether the period is a day of service, S x n.
        information: Effective periods behind the fit, S x n.
        borrowed: Who lent the season, '' for nobody, S x n.
    """

    signal: RawSignal
    open: NDArray[np.bool_]
    information: Floats
    borrowed: NDArray[np.object_]

    @classmethod
    def empty(cls, series: int, periods: int) -> RawJudgements:
        """Return a table to be filled block by block."""
        shape = (series, periods)
        signal = RawSignal(
            mean=np.empty(shape),
            variance=np.empty(shape),
            spread=np.empty(shape),
            p_one=np.empty(shape),
            p_scan=np.empty(shape),
            window=np.ones(shape, dtype=np.int64),
        )
        return cls(signal, np.empty(shape, dtype=bool), np.empty(shape), np.full(shape, "", dtype=object))


def blocks(first: int, stop: int, ordinal: int, every: int) -> Iterator[slice]:
    """Cut the columns `first..stop` where the absolute period number is a multiple of `every`.

    >>> list(blocks(5, 12, 0, 4))
    [slice(5, 8, None), slice(8, 12, None)]
    """
    begin = first
    while begin < stop:
        end = min(stop, begin + every - (begin + ordinal) % every)
        yield slice(begin, end)
        begin = end


def reporting_spread(reported: Floats, reporting_cv: float) -> Floats:
    """Return the variance that a period's unknown reported share adds to the logarithm of its mean."""
    return np.asarray((reporting_cv * (1.0 - reported)) ** 2)


@dataclass
class Walk:
    """One pass over a panel.

    Attributes:
        y: Counts, S x T.
        design: Design of the T periods.
        ordinal: Absolute number of column 0 (`Grid.ordinal`).
        config: Settings of the frequency.
        surge: Those of all frequencies.
        kin: Who may lend to whom; None when nothing is known about the series.
        reported: Share of each period's tickets that has arrived, T; below 1 only for the last periods.
    """

    y: Floats
    design: Design
    ordinal: int
    config: FreqConfig
    surge: SurgeConfig
    kin: Kin | None
    reported: Floats
    regression: Regression = field(init=False)
    fits: dict[int, Fit] = field(init=False, default_factory=dict)
    counts: dict[int, CountSums] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.regression = Regression(
            self.design.X, self.surge.regression.least_effect, self.design.blocks if self.config.shrink else ()
        )

    def run(self, first: int) -> RawJudgements:
        """Judge the columns from `first` on, each from a fit to the columns before its refit cycle."""
        series, periods = self.y.shape
        judged = RawJudgements.empty(series, periods - first)
        for block in blocks(first, periods, self.ordinal, self.config.refit_every):
            # The first period of the cycle, not of the block: a walk that starts inside a cycle fits the same.
            until = max(block.start - (block.start + self.ordinal) % self.config.refit_every, 1)
            oldest = max(until - self.config.memory, 0)
            service, guard = self.surge.service, self.config.guard
            known = exposure(self.y, self.design, service, until=until, oldest=oldest, guard=guard)
            lenders = Lenders(self.design, self.regression, self.config, self.surge, until)
            prior, borrowed = lenders.priors(self.y, known, self.kin)
            out = slice(block.start - first, block.stop - first)
            judged.borrowed[:, out] = borrowed[:, None]
            judged.open[:, out] = known.open[:, block]
            for begin in range(0, series, CHUNK):
                part = slice(begin, min(begin + CHUNK, series))
                fit = self._fit(known, part, prior, oldest)
                raw = self._judge(known, part, fit, block, until)
                for column in fields(RawSignal):
                    getattr(judged.signal, column.name)[part, out] = getattr(raw, column.name)
                judged.information[part, out] = fit.information[:, None]
        return judged

    def _fit(self, known: Exposure, part: slice, prior: Prior, oldest: int) -> Fit:
        rows = slice(oldest, known.weight.shape[1])
        own = Prior(prior.mean[part], prior.precision[part])
        fit = self.regression.fit(
            self.y[part, rows],
            known.weight[part, rows],
            rows,
            own,
            robust=Robust.of(self.config),
            start=self.fits.get(part.start),
        )
        self.fits[part.start] = fit
        return fit

    def _judge(self, known: Exposure, part: slice, fit: Fit, block: slice, until: int) -> RawSignal:
        lead = slice(max(block.start - max(self.config.windows) + 1, 0), block.stop)
        level = self._level(known, part, fit, block.stop, until)
        mean = fit.mean(self.design.X[lead]) * level.week[:, lead]
        mean = np.where(known.open[part, lead], mean, known.closed_rate[part, None])
        mean = mean * self.reported[lead]
        stop = known.weight.shape[1]
        usual = level.residual[:, stop - fit.weights.shape[1] : stop] * (fit.weights >= 1.0)
        correlation = autocorrelation(usual, max(self.config.windows) - 1)
        dispersion, factor, factor_spread = {}, {}, {}
        for length in self.config.windows:
            before = np.maximum(np.arange(block.start, block.stop) - length, 0)
            runs = window_dispersion(correlation, fit.information, length)
            dispersion[length] = level.phi[:, block] * runs[:, None]
            factor[length], factor_spread[length] = level.factor[:, before], level.spread[:, before]
        spread = fit.spread(self.design.X[lead]) + level.week_spread[:, lead]
        spread = spread + reporting_spread(self.reported[lead], self.surge.regression.reporting_cv)
        spread = np.minimum(spread, self.surge.regression.widest)
        last = np.maximum(np.arange(lead.start, lead.stop) - 1, 0)
        local = mean * level.factor[:, last]
        variance = level.phi[:, lead] * local + local**2 * (spread + level.spread[:, last])
        earlier = capped(self.y[part, lead], local, variance, self.config.cap)
        spread = spread[:, block.start - block.stop :]
        return judge(
            Expectation(self.y[part, lead], earlier, mean, spread, dispersion, factor, factor_spread), self.config
        )

    def _level(self, known: Exposure, part: slice, fit: Fit, stop: int, until: int) -> LocalLevel:
        """Run the local level up to column `stop`; its discount is chosen on the columns before `until` alone."""
        if not self.config.level_discounts:
            return LocalLevel.constant(fit.phi, stop)
        mean = fit.mean(self.design.X[:stop]) * self.reported[:stop]
        config = self.config
        pace = Pace(config.level_discounts, config.week_discounts, config.dispersion_season, until)
        counts = self.counts.setdefault(part.start, CountSums(self.y[part], keep=stop < self.y.shape[1]))
        counts.hear(known.open[part])
        return local_level(counts, mean, fit.phi, pace, self.surge.level)
