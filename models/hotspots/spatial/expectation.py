"""The default scan: counts against what their own history lets expect, calibrated on the scan's own past.

Expectation-based in the sense of Neill (2009), International Journal of Forecasting 25:498, with a negative binomial in
the place of a Poisson distribution, because hotline counts are overdispersed: with c tickets where fewer, mu, are
expected, the statistic is c ln(c / mu) - (c + r) ln((c + r) / (mu + r)), r = mu / (phi - 1), so that the variance is
phi mu. Its maxima fall off exponentially and alike, whatever phi is. So of the maxima that the very same scan had on
past days the level is taken, which few of them tell well, and the spread only as far as several events told it: a
single past cluster would blow it up. What came again and again (a monthly fair, one loud caller) is never called rarer
than it was.

A place's share is that of its recent tickets, older ones fading, the window's own included, as in Kulldorff's
permutation scan: a place without history is then as surprising as a burst in it is large, not infinitely. How fast they
fade is chosen by what would have told the category's own past best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.configuration import ScanConfig
from features.configuration.detection import TailConfig
from features.errors import BadInputError
from models.hotspots.spatial.analyses import Analyses, Scale, shares
from models.hotspots.spatial.gumbel import GumbelTail
from models.hotspots.spatial.scan_places import Floats
from models.hotspots.spatial.zones import Zones

_DEFAULTS: Final = ScanConfig()


@dataclass(frozen=True)
class Cylinders:
    """Every circle x duration around the places that have a ticket in the longest window.

    Attributes:
        centres: Place of each centre.
        ranks: Last rank of each circle size.
        observed, expected: Centre x circle size x duration.
    """

    centres: NDArray[np.intp]
    ranks: NDArray[np.intp]
    observed: Floats
    expected: Floats

    def statistics(self, dispersion: Floats, min_count: int) -> Floats:
        """Return the statistic of each, given phi per duration; 0 for those of fewer tickets."""
        return _surprise(self.observed, self.expected, dispersion, min_count)


@dataclass(frozen=True)
class ExpectationScan:
    """How to scan one category's counts.

    Attributes:
        zones: The circles; of them, those whose sizes grow by a quarter are looked at.
        durations: Window lengths in periods, rising.
        half_life: Periods after which a ticket counts half for its place's share.
        scale: What a period's total is expected to be: "day" takes the observed one, as Kulldorff's permutation does
            (the scan sees only what moves against the city), "history" the same weekdays of the last eight weeks (the
            scan also sees a rise of the whole city).
        min_count: Cylinders of fewer tickets are not looked at.
        tail: How chance is told from past maxima.
    """

    zones: Zones
    durations: Sequence[int] = _DEFAULTS.durations
    half_life: float = 60.0
    scale: Scale = "day"
    min_count: int = 3
    tail: TailConfig = _DEFAULTS.tail

    def adapted(self, counts: Floats, *, half_lives: Sequence[float] = _DEFAULTS.half_lives) -> Self:
        """Return the scan with the half-life whose shares would have foretold its own past best.

        Shares known before the longest window are held against the window's counts, all windows of the past that do not
        overlap: least squared error over places. Squared, because a logarithm would be ruled by the places that had no
        ticket yet.

        Args:
            counts: Place x period, oldest first; the last `max(durations)` periods are not used.
            half_lives: What to choose from; the shortest where there is no past window.
        """
        longest = max(self.durations)
        ends = np.arange(counts.shape[1] - longest, 3 * longest - 1, -longest)[::-1]
        if not ends.size:
            return replace(self, half_life=min(half_lives))
        by_period = np.ascontiguousarray(counts.T)
        seen = np.stack([by_period[end - longest : end].sum(axis=0) for end in ends])

        def error(half_life: float) -> float:
            told = shares(by_period, half_life, ends - longest) * seen.sum(axis=1, keepdims=True)
            return float(np.square(seen - told).sum())

        return replace(self, half_life=min(half_lives, key=error))

    def statistics(self, counts: Floats, *, dispersion: Floats) -> tuple[Floats, Cylinders]:
        """Return the statistic of every cylinder that ends with the last period, and the cylinders.

        Args:
            counts: Place x period, oldest first, more periods than the longest duration.
            dispersion: phi per duration, as `calibrate` gives.
        """
        cylinders = self.cylinders(counts)
        return cylinders.statistics(dispersion, self.min_count), cylinders

    def cylinders(self, counts: Floats) -> Cylinders:
        """Return every cylinder that ends with the last period; see `statistics`."""
        now = self._analyses(counts, np.array([counts.shape[1]]))
        windows = now.seen(0)
        centres = np.flatnonzero(windows[:, -1] > 0)
        rings = self.zones.rings.around(centres)
        observed = rings.growing_sums(windows).swapaxes(0, 1)
        expected = rings.growing_sums(now.share[0]).T[..., None] * now.totals[0]
        return Cylinders(centres, rings.ranks, observed, expected)

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
        past = self._analyses(counts, ends)
        dispersion = np.maximum(past.pearson() / self._left_over(), 1.0)
        maxima = self._maxima(past, dispersion)
        stretches = np.zeros((last - first) // longest + 1)
        np.maximum.at(stretches, (ends - first) // longest, maxima)
        periods = last - first + 1
        return GumbelTail.of_past(maxima, stretches, periods=periods, config=self.tail), dispersion

    def _analyses(self, counts: Floats, ends: NDArray[np.intp]) -> Analyses:
        return Analyses.of(counts, ends, durations=self.durations, half_life=self.half_life, scale=self.scale)

    def _maxima(self, analyses: Analyses, dispersion: Floats) -> Floats:
        """Return the largest statistic of every analysis; a circle counts where its centre has a recent ticket."""
        maxima = np.zeros(len(analyses))
        for n in range(maxima.size):
            windows, totals = analyses.seen(n), analyses.totals[n].astype(np.float32)
            near = self.zones.rings.around(np.flatnonzero(windows[:, -1] > 0))
            sums = near.growing_sums(np.column_stack([windows, analyses.share[n].astype(np.float32)]))
            maxima[n] = self._maximum(sums[..., :-1], sums[..., -1], totals, dispersion.astype(np.float32))
        return maxima

    def _maximum(self, observed: Floats, share: Floats, totals: Floats, dispersion: Floats) -> float:
        """Return the largest statistic of one analysis; a logarithm only where it could be the largest."""
        best, share = 0.0, share.ravel()
        root = 1 / np.sqrt(np.maximum(share, 1e-12))
        by_duration = observed.reshape(share.size, totals.size).T.copy()
        for c, total, phi in zip(by_duration, totals, dispersion, strict=True):
            # The statistic is at most (c - mu)^2 / (2 phi mu): both are flat at mu, and it is less curved above.
            bound = share * -total
            bound += c
            bound *= root / np.sqrt(2 * phi * max(total, 1e-12))
            bound *= c >= self.min_count
            if bound.max(initial=0.0) > np.sqrt(best):
                best = _largest(c, share * total, phi, bound, best)
        return best

    def _left_over(self) -> Floats:
        """Return, per duration, what share of a count's variance its difference from the expectation keeps.

        The expectation holds the window's own tickets: with steady counts, f of it is theirs, and the difference is
        (1 - f) times the window less f times the fading periods before it.
        """
        fade = 0.5 ** (1 / self.half_life)
        length = np.array(self.durations, dtype=float)
        own = (1 - fade**length) / (1 - fade) / length
        f = length * (1 - fade)
        before = fade ** (2 * length) / (1 - fade**2) / length
        return np.asarray(np.square(1 - f * own) + np.square(f) * before, dtype=float)


def _largest(c: Floats, mu: Floats, phi: float, bound: Floats, least: float) -> float:
    """Return the largest statistic where the root of its bound allows for more than `least`, if there is one."""
    top = np.array([bound.argmax()])
    least = max(least, float(_ratio(c[top].astype(float), mu[top].astype(float), phi)[0]))
    near = np.flatnonzero(bound >= np.sqrt(least))
    return max(least, float(_ratio(c[near].astype(float), mu[near].astype(float), phi).max(initial=0.0)))


def _surprise(observed: Floats, mu: Floats, dispersion: Floats, min_count: int) -> Floats:
    """Return the negative binomial log-likelihood ratio where c > mu and c >= min_count, 0 elsewhere."""
    rising = (observed > mu) & (observed >= min_count)
    found = np.zeros(observed.shape)
    found[rising] = _ratio(observed[rising], mu[rising], np.broadcast_to(dispersion, observed.shape)[rising])
    return found


def _ratio(c: Floats, mu: Floats, phi: Floats | float) -> Floats:
    """Return the negative binomial log-likelihood ratio of c tickets where fewer, mu, are expected."""
    mu = np.maximum(mu, 1e-12)
    size, excess = mu / np.maximum(phi - 1, 1e-9), c - mu
    return np.asarray(c * np.log1p(excess / mu) - (c + size) * np.log1p(excess / (mu + size)))
