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
    """A Gumbel distribution fitted to maxima of a scan.

    Scale b = sd * sqrt(6) / pi, location m = mean - 0.5772 b, p = 1 - exp(-exp((m - x) / b)); Abrams, Kulldorff and
    Kleinman (2010), International Journal of Health Geographics 9:61.

    Attributes:
        location, scale: m and b.
        size: How many maxima it was fitted to; 0 for an exact distribution.
    """

    location: float
    scale: float
    size: int = 0

    @classmethod
    def fit(cls, maxima: ArrayLike, *, least_scale: float = 1e-9) -> GumbelTail:
        """Return the distribution with the mean and standard deviation of `maxima`, its scale no less than given."""
        values = np.asarray(maxima, dtype=float)
        spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
        scale = max(spread * np.sqrt(6) / np.pi, least_scale)
        return cls(float(values.mean()) - _EULER * scale, scale, int(values.size))

    def p_value(self, statistic: ArrayLike) -> Floats:
        """Return the chance that a maximum is at least `statistic`, allowing for the error of the fit.

        The fit's own standard error widens the tail: location and scale are estimates from `size` maxima, and an
        extrapolation that forgets it calls a one-in-200-days value one in 365.
        """
        reduced = (np.asarray(statistic, dtype=float) - self.location) / self.scale
        if self.size:
            # Var of the estimated quantile at reduced variate y, method of moments (Phien 1987), in units of b^2 / n.
            variance = (1.1589 + 0.1919 * reduced + 1.1 * np.square(reduced)) / self.size
            # A normal error of variance v in the exponent raises the mean of exp(-y) by exp(v / 2).
            reduced = reduced - np.where(reduced > 0, np.minimum(variance, 1.0) / 2, 0.0)
        return np.asarray(-np.expm1(-np.exp(-reduced)))
