"""The tail of a maximum: small p-values from few maxima, by Gumbel's distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from models.hotspots.spatial.places import Floats

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
        level = float(np.quantile(np.asarray(maxima, dtype=float), 1 - share))
        return cls(level + scale * float(np.log(-np.log1p(-share))), scale)

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
