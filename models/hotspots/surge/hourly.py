"""Hours: the daily baseline of a cell, spread over the day by its own hour-of-day profile.

A regression on every hour of years would learn little more than this product, at a hundred times the price. Profiles
are kept for workdays and days off, and lean on the panel's common profile where a cell has few tickets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration import SurgeConfig
from features.configuration.surge import FreqConfig
from features.vocabulary import Frequency
from models.errors import PanelContractError
from models.hotspots.surge.grid import SeriesGrid
from models.hotspots.surge.rolling_fit import RawJudgements, blocks, reporting_spread
from models.hotspots.surge.scan_windows import Expectation, RawSignal, capped, judge

Floats = NDArray[np.float64]

HOURS: Final = 24  # of a day


def daily_sums(grid: SeriesGrid) -> SeriesGrid:
    """Return the daily grid behind an hourly one that starts at midnight; a last, partial day is summed as it is.

    Raises:
        PanelError: The panel does not begin at midnight.
    """
    if grid.ds[0].hour:
        raise PanelContractError(
            f"an hourly panel begins at midnight, this one at {grid.ds[0]}", hint="drop the first day"
        )
    days = -(-len(grid.ds) // HOURS)
    filled = np.pad(grid.y, ((0, 0), (0, days * HOURS - len(grid.ds))))
    sums = filled.reshape(len(grid.y), days, HOURS).sum(axis=2)
    return SeriesGrid(grid.ids, pd.date_range(grid.ds[0], periods=days, freq="D"), sums, sums, Frequency.DAILY)


@dataclass(frozen=True)
class HourlyWalk:
    """One pass over an hourly panel.

    Attributes:
        y: Hourly counts, S x T.
        days: Daily judgement of the days from `first_day` on: their means are those each hour is measured by.
        first_day: Column of the first judged day in the daily grid.
        workday: Whether each day is a workday, D.
        ordinal: Absolute number of day 0.
        config: Settings of hourly panels.
        surge: Those of all frequencies.
        reported: Share of each hour's tickets that has arrived, T.
    """

    y: Floats
    days: RawJudgements
    first_day: int
    workday: NDArray[np.bool_]
    ordinal: int
    config: FreqConfig
    surge: SurgeConfig
    reported: Floats

    def run(self, first: int) -> RawJudgements:
        """Judge the hours from column `first` on."""
        series, hours = self.y.shape
        judged = RawJudgements.empty(series, hours - first)
        for block in self._blocks(first):
            raw = self._judge(block)
            out = slice(block.start - first, block.stop - first)
            for column in fields(RawSignal):
                getattr(judged.signal, column.name)[:, out] = getattr(raw, column.name)
            day = np.arange(block.start, block.stop) // HOURS - self.first_day
            for name in ("open", "information", "borrowed"):
                getattr(judged, name)[:, out] = getattr(self.days, name)[:, day]
        return judged

    def _blocks(self, first: int) -> Iterator[slice]:
        hours = self.y.shape[1]
        last_day = -(-hours // HOURS)
        for days in blocks(first // HOURS, last_day, self.ordinal, self.config.refit_every):
            yield slice(max(first, days.start * HOURS), min(hours, days.stop * HOURS))

    def _judge(self, block: slice) -> RawSignal:
        """Judge the hours of one refit cycle with profiles from the days before it."""
        day = block.start // HOURS
        until = max(day - (day + self.ordinal) % self.config.refit_every, 1)
        lead = np.arange(max(block.start - max(self.config.windows) + 1, self.first_day * HOURS), block.stop)
        share, strength = self._profile(until)
        kind = self.workday[lead // HOURS].astype(int)
        mean = self.days.signal.mean[:, lead // HOURS - self.first_day] * share[:, kind, lead % HOURS]
        mean = mean * self.reported[lead]
        m = block.stop - block.start
        spread = self.days.signal.spread[:, lead // HOURS - self.first_day]
        spread = (
            spread
            + 1.0 / strength[:, kind, lead % HOURS]
            + reporting_spread(self.reported[lead], self.surge.regression.reporting_cv)
        )
        spread = np.minimum(spread, self.surge.regression.widest)
        flat = dict.fromkeys(self.config.windows, np.broadcast_to(1.0, (len(self.y), m)))
        none = dict.fromkeys(self.config.windows, np.broadcast_to(0.0, (len(self.y), m)))
        phi = self._dispersion(until, share)
        steady = dict.fromkeys(self.config.windows, phi[:, None])
        earlier = capped(self.y[:, lead], mean, phi[:, None] * mean + mean * mean * spread, self.config.cap)
        spread = spread[:, -m:]
        return judge(Expectation(self.y[:, lead], earlier, mean, spread, steady, flat, none), self.config)

    def _profile(self, until: int) -> tuple[Floats, Floats]:
        """Return each hour's share of its day, S x (off, work) x 24, and the tickets (with the lean) behind it."""
        past = np.arange(max(until - self.surge.hours.profile_days, 0), until)
        counts = self.y[:, past[0] * HOURS : until * HOURS].reshape(len(self.y), len(past), HOURS)
        work = self.workday[past]
        seen = np.stack([counts[:, ~work].sum(axis=1), counts[:, work].sum(axis=1)], axis=1)
        common = seen.sum(axis=0) + 1.0
        common /= common.sum(axis=1, keepdims=True)
        behind = seen + self.surge.hours.lean * common
        return behind / behind.sum(axis=2, keepdims=True), behind

    def _dispersion(self, until: int, share: Floats) -> Floats:
        """Return Pearson's phi of the last weeks' hours around each day's own total spread by the profile."""
        past = np.arange(max(until - self.surge.hours.dispersion_days, 0), until)
        counts = self.y[:, past[0] * HOURS : until * HOURS].reshape(len(self.y), len(past), HOURS)
        level = counts.sum(axis=(1, 2)) / max(len(past), 1)
        mean = np.maximum(level[:, None, None] * share[:, self.workday[past].astype(int)], 1e-6)
        squared = np.minimum((counts - mean) ** 2 / mean, self.surge.hours.clip * np.maximum(1.0, 1.0 / mean))
        return np.asarray(np.maximum(squared.mean(axis=(1, 2)), 1.0))
