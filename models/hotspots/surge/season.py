"""How long the year is: 365.2425 days, or the 52 weeks of systems that number their weeks; the panel decides."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.hotspots.surge.baseline import Prior, Regression
from models.hotspots.surge.config import FreqConfig
from models.hotspots.surge.design import CIVIL_YEAR, SERVICE_YEAR, Design
from models.hotspots.surge.exposure import exposure

Floats = NDArray[np.float64]

_SAMPLE: Final = 384  # series that vote
_SURE: Final = 3.0  # standard errors of the mean gain before the civil year is given up
_YEARS: Final = 3.0  # of history before the two can be told apart


def choose_year(y: Floats, designs: dict[float, Design], until: int, per_year: float, config: FreqConfig) -> float:
    """Return the length of the seasonal cycle, in days, that the counts before column `until` speak for.

    The civil year stands unless 52 weeks gain likelihood in the panel as a whole: the gain's sum over series must be
    `_SURE` standard errors above zero, which needs ten series or more.
    """
    if until < _YEARS * per_year or not config.harmonics:
        return CIVIL_YEAR
    volume = y[:, :until].sum(axis=1)
    voters = np.sort(np.argsort(-volume, kind="stable")[:_SAMPLE])
    gains = [_log_likelihood(y[voters], designs[year], until, config) for year in (CIVIL_YEAR, SERVICE_YEAR)]
    gain = gains[1] - gains[0]
    sure = gain.sum() > _SURE * np.sqrt((gain**2).sum())
    return SERVICE_YEAR if sure else CIVIL_YEAR


def _log_likelihood(y: Floats, design: Design, until: int, config: FreqConfig) -> Floats:
    """Return each series' quasi-Poisson log-likelihood, in units of its dispersion."""
    oldest = max(until - config.memory, 0)
    known = exposure(y, design, until=until, oldest=oldest, guard=config.guard)
    rows = slice(oldest, known.weight.shape[1])
    prior = Prior(np.zeros((len(y), design.X.shape[1])), design.precision)
    fit = Regression(design.X).fit(y[:, rows], known.weight[:, rows], rows, prior, robust=config.robust)
    mean = fit.mean(design.X[rows])
    value = fit.weights * (y[:, rows] * np.log(np.maximum(mean, 1e-9)) - mean)
    return np.asarray(value.sum(axis=1) / fit.phi)
