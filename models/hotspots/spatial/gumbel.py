"""The tail of a maximum: small p-values from few maxima, by Gumbel's distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from features.configuration.detection import TailConfig
from models.hotspots.spatial.scan_places import Floats

_EULER: Final = 0.5772156649015329


@dataclass(frozen=True)
class GumbelTail:
    """A Gumbel distribution of the maxima of a scan, and what its past has seen come again.

    Attributes:
        location, scale: m and b of p = 1 - exp(-exp((m - x) / b)).
        stretches: Largest maximum of each stretch of the past, as long as one event can be seen.
        periods: Length of the past that the stretches cover.
    """

    location: float
    scale: float
    stretches: tuple[float, ...] = ()
    periods: int = 0

    @classmethod
    def fit(cls, maxima: ArrayLike) -> GumbelTail:
        """Return the distribution with the mean and standard deviation of `maxima`.

        Scale b = sd * sqrt(6) / pi, location m = mean - 0.5772 b; Abrams, Kulldorff and Kleinman (2010), International
        Journal of Health Geographics 9:61.
        """
        values = np.asarray(maxima, dtype=float)
        scale = max(float(values.std(ddof=1)) * np.sqrt(6) / np.pi if values.size > 1 else 0.0, 1e-9)
        return cls(float(values.mean()) - _EULER * scale, scale)

    @classmethod
    def through(cls, maxima: ArrayLike, *, share: float, scale: float) -> GumbelTail:
        """Return the distribution of a known scale that goes above what a share of `maxima` goes above."""
        return cls(_location(_level(maxima, share), share, scale), scale)

    @classmethod
    def of_past(cls, maxima: ArrayLike, stretches: Floats, *, periods: int, config: TailConfig) -> GumbelTail:
        """Return the distribution through the level of `maxima`, its scale drawn from a usual one by past events.

        Above the level a Gumbel tail is all but exponential, and its scale the mean of what events exceed the level by.
        Each counts for at most `most` times the scale that comes out: one past cluster hardly moves it, several do.

        Args:
            maxima: Of past analyses.
            stretches: Largest of them in each stretch, oldest first.
            periods: See `GumbelTail`.
            config: Where the level is, the usual scale, and what events weigh.
        """
        share = 1 / config.one_in
        level, seen = _level(maxima, share), tuple(stretches.tolist())
        drawn = _drawn(np.array(_peaks(seen, level)) - level, config)
        return cls(_location(level, share, drawn), drawn, seen, periods)

    def p_value(self, statistic: ArrayLike) -> Floats:
        """Return the chance that a maximum is at least `statistic`; one past event alone does not raise it."""
        values = np.asarray(statistic, dtype=float)
        chance = -np.expm1(-np.exp((self.location - values) / self.scale))
        return np.asarray(np.maximum(chance, np.maximum(self._events(values) - 1, 0) / max(self.periods, 1)))

    def _events(self, values: Floats) -> Floats:
        """Return how many events of the past were at least as large; one lies in two stretches at most."""
        events, last = np.zeros_like(values), np.zeros(values.shape, dtype=bool)
        for stretch in self.stretches:
            last = (stretch >= values) & ~last
            events = events + last
        return events


def _level(maxima: ArrayLike, share: float) -> float:
    """Return what a share of maxima goes above."""
    return float(np.quantile(np.asarray(maxima, dtype=float), 1 - share))


def _location(level: float, share: float, scale: float) -> float:
    """Return m of the distribution that goes above `level` with the chance `share`."""
    return level + scale * math.log(-math.log1p(-share))


def _peaks(stretches: Iterable[float], level: float) -> list[float]:
    """Return the largest maximum of each event above a level; one lies in two stretches at most."""
    peaks: list[float] = []
    joins = False
    for stretch in stretches:
        if stretch <= level:
            joins = False
        elif joins:
            peaks[-1], joins = max(peaks[-1], stretch), False
        else:
            peaks.append(stretch)
            joins = True
    return peaks


def _drawn(excesses: Floats, config: TailConfig) -> float:
    """Return the mean of excesses and of `trust` usual ones, none counted as more than `most` times that mean."""
    # With the m largest cut off, the mean b solves (trust + n - most m) b = trust usual + the rest. Cutting off others
    # than those above most b makes the sum larger: b is the least solution.
    falling = np.sort(excesses)[::-1]
    rest = falling.sum() - np.concatenate([[0.0], np.cumsum(falling)])
    weight = config.trust + falling.size - config.most * np.arange(falling.size + 1)
    return float(((config.trust * config.scale + rest)[weight > 0] / weight[weight > 0]).min())
