"""Kulldorff's prospective space-time permutation scan, for parity with what the field uses.

Kulldorff et al. (2005), PLoS Medicine 2:e59. Needs counts only. Its significance rests on cases being independent:
repeat calls and fairs break that, and it then claims clusters that are none (docs/candidates.md has the numbers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.hotspots.spatial.gumbel import GumbelTail
from models.hotspots.spatial.scan_places import Floats
from models.hotspots.spatial.zones import Zones

_REPLICATES_AT_ONCE = 64


@dataclass(frozen=True)
class PermutationScan:
    """How to scan.

    Attributes:
        zones: The circles.
        durations: Window lengths in periods, rising; the windows end with the last period.
        replicates: Random permutations of the cases' times for the tail.
        seed: Of the permutations.
    """

    zones: Zones
    durations: Sequence[int] = tuple(range(1, 15))
    replicates: int = 999
    seed: int = 0

    def statistics(self, counts: Floats) -> tuple[Floats, Floats, Floats]:
        """Return log-likelihood ratio, observed and expected of every cylinder: centre x rank x duration.

        Args:
            counts: Place x period, oldest first: all cases of the aggregation period.
        """
        total = counts.sum()
        windows = _last_sums(counts, self.durations)
        expected = _expected(counts, self.durations)
        sums = [(c.copy(), m.copy()) for c, m in self.zones.growing_sums(windows, expected)]
        observed, mu = (np.stack(arrays, axis=1) for arrays in zip(*sums, strict=True))
        return _llr(observed, mu, total), observed, mu

    def calibrate(self, counts: Floats) -> GumbelTail:
        """Return the tail of the largest statistic when the cases' times are permuted among the cases."""
        rng = np.random.default_rng(self.seed)
        maxima = [
            self._maxima(counts, _permuted_windows(counts, max(self.durations), size, rng))
            for size in _batches(self.replicates)
        ]
        return GumbelTail.fit(np.concatenate(maxima))

    def _maxima(self, counts: Floats, recent: Floats) -> Floats:
        """Return the largest statistic per replicate; `recent` is place x period x replicate, newest period first."""
        total = counts.sum()
        windows = np.cumsum(recent, axis=1)[:, np.array(self.durations) - 1]
        expected = np.broadcast_to(_expected(counts, self.durations)[..., None], windows.shape)
        best = np.zeros(windows.shape[2])
        for observed, mu in self.zones.growing_sums(windows, expected):
            excess = observed - mu
            # The statistic is at most y^2 (1 / (2 mu) + 1 / (C - mu)): a logarithm only where that beats the best.
            bound = np.square(excess) * (0.5 / np.maximum(mu, 1e-12) + 1.0 / np.maximum(total - mu, 1e-12))
            hopeful = (bound > best) & (excess > 0)
            if hopeful.any():
                replicate = np.nonzero(hopeful)[2]
                np.maximum.at(best, replicate, _llr(observed[hopeful], mu[hopeful], total))
        return best


def _batches(replicates: int) -> list[int]:
    whole, rest = divmod(replicates, _REPLICATES_AT_ONCE)
    return [_REPLICATES_AT_ONCE] * whole + ([rest] if rest else [])


def _last_sums(counts: Floats, durations: Sequence[int]) -> Floats:
    newest_first = np.cumsum(counts[:, ::-1][:, : max(durations)], axis=1)
    return np.asarray(newest_first[:, np.array(durations) - 1], dtype=float)


def _expected(counts: Floats, durations: Sequence[int]) -> Floats:
    """Return place total x window total / all cases: what independence of place and time lets expect."""
    windows = _last_sums(counts.sum(axis=0, keepdims=True), durations)
    return np.asarray(counts.sum(axis=1, keepdims=True) * windows / max(counts.sum(), 1.0))


def _permuted_windows(counts: Floats, longest: int, replicates: int, rng: np.random.Generator) -> Floats:
    """Return the last periods' counts, place x period (newest first) x replicate, with times permuted.

    Only the cases that land in the last periods matter: their places are a draw without replacement from all cases, in
    random order, so the long history is never permuted.
    """
    places = counts.shape[0]
    per_period = counts.sum(axis=0)[::-1][:longest].astype(int)
    totals = counts.sum(axis=1).astype(np.int64)
    drawn = rng.multivariate_hypergeometric(totals, int(per_period.sum()), size=replicates, method="marginals")
    labels = np.repeat(np.tile(np.arange(places), replicates), drawn.ravel()).reshape(replicates, -1)
    shuffled = rng.permuted(labels, axis=1)
    period = np.repeat(np.arange(longest), per_period)
    flat = (shuffled * longest + period) * replicates + np.arange(replicates)[:, None]
    counted = np.bincount(flat.ravel(), minlength=places * longest * replicates)
    return counted.reshape(places, longest, replicates).astype(float)


def _llr(observed: Floats, mu: Floats, total: float) -> Floats:
    """Return c ln(c/mu) + (C - c) ln((C - c)/(C - mu)) where c > mu, 0 elsewhere."""
    rising = observed > mu
    inside = np.where(rising, observed / np.maximum(mu, 1e-12), 1.0)
    outside = np.where(rising, (total - observed) / np.maximum(total - mu, 1e-12), 1.0)
    rest = (total - observed) * np.log(np.maximum(outside, 1e-300))
    return np.asarray(np.where(rising, observed * np.log(inside) + rest, 0.0))
