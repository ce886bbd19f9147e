"""What a scan saw, or would have seen, on some days: each from the counts before its end alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from models.hotspots.spatial.scan_places import Floats

Scale = Literal["day", "history"]

_WEEK: Final = 7
_USUAL_WEEKS: Final = 8


@dataclass(frozen=True)
class Analyses:
    """Analyses of one category's counts.

    Attributes:
        durations: Window lengths in periods, rising.
        ends: Of each analysis; it sees the periods before.
        running: Tickets of each place before each period, (period + 1) x place.
        share: Each place's share of the fading tickets, analysis x place.
        totals: What the city's total of each window lets expect, analysis x duration.
    """

    durations: NDArray[np.intp]
    ends: NDArray[np.intp]
    running: NDArray[np.float32]
    share: Floats
    totals: Floats

    @classmethod
    def of(
        cls, counts: Floats, ends: NDArray[np.intp], *, durations: Sequence[int], half_life: float, scale: Scale
    ) -> Self:
        """Return the analyses that end before `ends`.

        Args:
            counts: Place x period, oldest first.
            ends: Rising.
            durations: Window lengths in periods, rising.
            half_life: Periods after which a ticket counts half for its place's share.
            scale: "day" takes the observed totals, "history" those of the same weekdays of past weeks.
        """
        by_period, lengths = np.ascontiguousarray(counts.T), np.array(durations, dtype=np.intp)
        # Single precision counts exactly to 16 million, at half the traffic.
        running = np.zeros((by_period.shape[0] + 1, by_period.shape[1]), dtype=np.float32)
        for period, arrived in enumerate(by_period):
            np.add(running[period], arrived, out=running[period + 1])
        city = running.sum(axis=1, dtype=float)
        if scale == "day":
            totals = city[ends][:, None] - city[ends[:, None] - lengths]
        else:
            totals = _usual_totals(np.diff(city), ends, lengths)
        return cls(lengths, ends, running, shares(by_period, half_life, ends), totals)

    def __len__(self) -> int:
        return int(self.ends.size)

    def seen(self, n: int) -> NDArray[np.float32]:
        """Return the counts of the windows of an analysis, place x duration."""
        return np.ascontiguousarray((self.running[self.ends[n]] - self.running[self.ends[n] - self.durations]).T)

    def expected(self, n: int) -> Floats:
        """Return what they were expected to be, place x duration."""
        return np.asarray(self.share[n][:, None] * self.totals[n])

    def pearson(self) -> Floats:
        """Return Pearson's mean squared deviation per duration over places and analyses, in units of the mean."""
        deviation, weight = np.zeros(self.durations.size), np.zeros(self.durations.size)
        for n in range(len(self)):
            expected = self.expected(n)
            # Weighted by expectation: cells that expect next to nothing say little about dispersion, and say it loudly.
            own = np.minimum(expected, 1.0)
            error = np.square(self.seen(n) - expected) * own
            deviation += (error / np.maximum(expected, 1e-9)).sum(axis=0)
            weight += own.sum(axis=0)
        return deviation / np.maximum(weight, 1e-9)


def shares(by_period: Floats, half_life: float, ends: NDArray[np.intp]) -> Floats:
    """Return each place's share of the fading tickets before `ends`, analysis x place.

    Args:
        by_period: Counts, period x place, oldest first.
        half_life: Periods after which a ticket counts half.
        ends: Rising.
    """
    fade = 0.5 ** (1 / half_life)
    fading, found = np.zeros(by_period.shape[1]), np.empty((ends.size, by_period.shape[1]))
    start = 0
    for n, end in enumerate(ends):
        for counts in by_period[start:end]:
            fading *= fade
            fading += counts
        start = end
        found[n] = fading
    return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12), dtype=float)


def _usual_totals(totals: Floats, ends: NDArray[np.intp], durations: NDArray[np.intp]) -> Floats:
    """Return the expected city total, analysis x duration: the mean of the same weekdays in past weeks."""
    longest = int(durations.max())
    periods = ends - np.arange(longest, 0, -1)[:, None]
    ahead = -(-longest // _WEEK)
    lags = _WEEK * np.arange(ahead, ahead + _USUAL_WEEKS)[:, None, None]
    before = periods[None] - lags
    usual = np.ma.masked_array(totals[np.maximum(before, 0)], mask=before < 0).mean(axis=0).filled(totals.mean())
    newest_first = np.cumsum(usual[::-1], axis=0)
    return np.asarray(newest_first[durations - 1].T, dtype=float)
