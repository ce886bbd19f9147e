"""The default scan: counts against what their own history lets expect, calibrated on the scan's own past.

Expectation-based in the sense of Neill (2009), International Journal of Forecasting 25:498: the statistic of a cylinder
is (c ln(c / mu) + mu - c) / phi where c > mu, with mu from history alone. Hotline counts are overdispersed, so the
dispersion phi divides it, and the threshold comes from the maxima that the very same scan had on past days, with a
Gumbel tail: whatever the model leaves out (a fair, correlated streets, one loud caller) is in those maxima.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from features.errors import BadInputError
from models.hotspots.spatial.gumbel import GumbelTail
from models.hotspots.spatial.places import Floats
from models.hotspots.spatial.zones import Zones

DURATIONS: Final = (1, 2, 3, 4, 5, 6, 7, 10, 14)
_WEEK: Final = 7
_USUAL_WEEKS: Final = 8


@dataclass(frozen=True)
class Cylinders:
    """Every circle x duration around the places that have a ticket in the longest window.

    Attributes:
        centres: Place of each centre.
        observed, expected: Centre x rank x duration.
    """

    centres: NDArray[np.intp]
    observed: Floats
    expected: Floats


@dataclass(frozen=True)
class ExpectationScan:
    """How to scan one category's counts.

    Attributes:
        zones: The circles.
        durations: Window lengths in periods, rising.
        history: Periods before the longest window that tell a place's share.
        scale: What a period's total is expected to be: "day" takes the observed one, as Kulldorff's permutation does
            (the scan sees only what moves against the city), "history" the same weekdays of the last eight weeks (the
            scan also sees a rise of the whole city).
        min_count: Cylinders of fewer tickets are not looked at.
    """

    zones: Zones
    durations: Sequence[int] = DURATIONS
    history: int = 365
    scale: Literal["day", "history"] = "day"
    min_count: int = 3

    def statistics(self, counts: Floats, *, dispersion: Floats) -> tuple[Floats, Cylinders]:
        """Return the statistic of every cylinder that ends with the last period, and the cylinders.

        Args:
            counts: Place x period, oldest first, more periods than the longest duration.
            dispersion: phi per duration, as `calibrate` gives.
        """
        windows, expected = self._windows(counts, np.array([counts.shape[1]]))
        cylinders = self._cylinders(windows[..., 0], expected[..., 0])
        return _llr(cylinders.observed, cylinders.expected, self.min_count) / dispersion, cylinders

    def calibrate(self, counts: Floats, *, analyses: int = 180, least: int = 30) -> tuple[GumbelTail, Floats]:
        """Return the tail of the scan's past maxima, and the dispersion per duration.

        Args:
            counts: Place x period, oldest first; the last `max(durations)` periods are not used, so that what is under
                way does not raise its own threshold.
            analyses: How many past analyses to replay, spread evenly; each sees only the periods before its end.
            least: With fewer possible analyses, there is nothing to calibrate on.

        Raises:
            BadInputError: The history is too short.
        """
        longest = max(self.durations)
        first, last = 3 * longest, counts.shape[1] - longest
        if last - first + 1 < least:
            raise BadInputError(
                f"{counts.shape[1]} periods of history are too few to calibrate a scan of {longest}",
                hint=f"give at least {4 * longest + least} periods",
            )
        ends = np.unique(np.linspace(first, last, min(analyses, last - first + 1)).astype(np.intp))
        windows, expected = self._windows(counts, ends)
        dispersion = _dispersion(windows, expected)
        maxima = [self._maximum(windows[..., n], expected[..., n], dispersion) for n in range(ends.size)]
        return GumbelTail.fit(maxima), dispersion

    def _maximum(self, windows: Floats, expected: Floats, dispersion: Floats) -> float:
        """Return the largest statistic of one analysis; a logarithm only where it could be the largest."""
        cylinders = self._cylinders(windows, expected)
        observed, mu = cylinders.observed, cylinders.expected
        phi = np.broadcast_to(dispersion, observed.shape)
        open_to = (observed >= self.min_count) & (observed > mu)
        if not open_to.any():
            return 0.0
        observed, mu, phi = observed[open_to], mu[open_to], phi[open_to]
        # c ln(c/mu) + mu - c <= (c - mu)^2 / (2 mu)
        bound = np.square(observed - mu) / (2 * phi * mu)
        top = int(bound.argmax())
        best = float(_llr(observed[top], mu[top], 0) / phi[top])
        hopeful = bound >= best
        return float((_llr(observed[hopeful], mu[hopeful], 0) / phi[hopeful]).max())

    def _cylinders(self, windows: Floats, expected: Floats) -> Cylinders:
        """Return the cylinders around places with a recent ticket: a cluster's densest place is always one."""
        centres = np.flatnonzero(windows[:, -1] > 0)
        near = self.zones.neighbours[centres]
        none = np.zeros((1, windows.shape[1]))
        sums = (np.cumsum(np.concatenate([values, none])[near], axis=1) for values in (windows, expected))
        return Cylinders(centres, *sums)

    def _windows(self, counts: Floats, ends: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Return observed and expected sums, place x duration x analysis, for analyses that end before `ends`."""
        longest = max(self.durations)
        running = np.concatenate([np.zeros((counts.shape[0], 1)), np.cumsum(counts, axis=1)], axis=1)
        starts = ends[None, :] - np.array(self.durations)[:, None]
        observed = running[:, ends][:, None, :] - running[:, starts]
        known = ends - longest
        past = running[:, known] - running[:, np.maximum(known - self.history, 0)]
        # Every place is given a little of the average place, so that one without history is not infinitely surprised.
        past = past + np.clip(past.mean(axis=0), 1e-9, 1.0)
        share = past / past.sum(axis=0)
        totals = observed.sum(axis=0) if self.scale == "day" else self._usual_totals(counts.sum(axis=0), ends)
        return observed, share[:, None, :] * totals[None]

    def _usual_totals(self, totals: Floats, ends: NDArray[np.intp]) -> Floats:
        """Return the expected city total, duration x analysis: the mean of the same weekdays in past weeks."""
        longest = max(self.durations)
        periods = ends - np.arange(longest, 0, -1)[:, None]
        ahead = -(-longest // _WEEK)
        lags = _WEEK * np.arange(ahead, ahead + _USUAL_WEEKS)[:, None, None]
        before = periods[None] - lags
        usual = np.ma.masked_array(totals[np.maximum(before, 0)], mask=before < 0).mean(axis=0).filled(totals.mean())
        newest_first = np.cumsum(usual[::-1], axis=0)
        return np.asarray(newest_first[np.array(self.durations) - 1], dtype=float)


def _dispersion(windows: Floats, expected: Floats) -> Floats:
    """Return Pearson's dispersion per duration over places and past analyses, at least 1."""
    pearson = np.square(windows - expected) / np.maximum(expected, 1e-9)
    # Weighted by expectation: cells that expect next to nothing say little about dispersion, and say it loudly.
    weights = np.minimum(expected, 1.0)
    phi = (pearson * weights).sum(axis=(0, 2)) / np.maximum(weights.sum(axis=(0, 2)), 1e-9)
    return np.asarray(np.maximum(phi, 1.0), dtype=float)


def _llr(observed: Floats, mu: Floats, min_count: int) -> Floats:
    """Return c ln(c / mu) + mu - c where c > mu and c >= min_count, 0 elsewhere."""
    rising = (observed > mu) & (observed >= min_count)
    ratio = np.where(rising, observed / np.maximum(mu, 1e-12), 1.0)
    return np.asarray(np.where(rising, observed * np.log(ratio) + mu - observed, 0.0))
