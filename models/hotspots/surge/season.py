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

_SAMPLE: Final = 256  # series that vote, spread evenly over the panel
_VOLUME: Final = 200.0  # tickets before a series may vote
_SURE: Final = 3.0  # standard errors of the mean gain before the civil year is given up
_YEARS: Final = 3.0  # of history before the two can be told apart


def choose_year(y: Floats, designs: dict[float, Design], until: int, per_year: float, config: FreqConfig) -> float:
    """Return the length of the seasonal cycle, in days, that the counts before column `until` speak for.

    The civil year stands unless 52 weeks gain likelihood in the panel as a whole: the gain's sum over series must be
    `_SURE` standard errors above zero, which needs ten series or more.
    """
    if until < _YEARS * per_year or not config.harmonics:
        return CIVIL_YEAR
    able = np.flatnonzero(y[:, :until].sum(axis=1) >= _VOLUME)
    voters = able[np.unique(np.linspace(0, len(able) - 1, min(_SAMPLE, len(able))).astype(int))]
    gain = _gain(y[voters], designs, until, config)
    sure = gain.sum() > _SURE * np.sqrt((gain**2).sum())
    return SERVICE_YEAR if sure else CIVIL_YEAR


def _gain(y: Floats, designs: dict[float, Design], until: int, config: FreqConfig) -> Floats:
    """Return how much log-likelihood each series gains from 52 weeks, both years judged with the same weights."""
    oldest = max(until - config.memory, 0)
    civil, service = designs[CIVIL_YEAR], designs[SERVICE_YEAR]
    known = exposure(y, civil, until=until, oldest=oldest, guard=config.guard)
    rows = slice(oldest, known.weight.shape[1])
    prior = Prior(np.zeros((len(y), civil.X.shape[1])), civil.precision)
    fits = [
        Regression(design.X).fit(y[:, rows], known.weight[:, rows], rows, prior, robust=config.robust)
        for design in (civil, service)
    ]
    before, after = fits[0].mean(civil.X[rows]), fits[1].mean(service.X[rows])
    weight = np.minimum(fits[0].weights, fits[1].weights) / np.minimum(fits[0].phi, fits[1].phi)[:, None]
    return np.asarray((weight * (y[:, rows] * np.log(after / before) - (after - before))).sum(axis=1))
