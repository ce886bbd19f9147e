"""How long the year is: 365.2425 days, or the 52 weeks of systems that number their weeks; the panel decides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.configuration import SurgeConfig
from features.configuration.surge import FreqConfig
from models.hotspots.surge.baseline import Prior, Regression, Robust
from models.hotspots.surge.design import CIVIL_YEAR, SERVICE_YEAR, Design
from models.hotspots.surge.exposure import exposure

Floats = NDArray[np.float64]


def choose_year(
    y: Floats, designs: dict[float, Design], until: int, per_year: float, surge: SurgeConfig, config: FreqConfig
) -> float:
    """Return the length of the seasonal cycle, in days, that the counts before column `until` speak for.

    The civil year stands unless 52 weeks gain likelihood in the panel as a whole: the gain's sum over series must be
    `[surge.year] sure` standard errors above zero, which needs ten series or more.
    """
    rule = surge.year
    if until < rule.years * per_year or not config.harmonics:
        return CIVIL_YEAR
    able = np.flatnonzero(y[:, :until].sum(axis=1) >= rule.volume)
    voters = able[np.unique(np.linspace(0, len(able) - 1, min(rule.sample, len(able))).astype(int))]
    gain = _gain(y[voters], designs, until, surge, config)
    sure = gain.sum() > rule.sure * np.sqrt((gain**2).sum())
    return SERVICE_YEAR if sure else CIVIL_YEAR


def _gain(y: Floats, designs: dict[float, Design], until: int, surge: SurgeConfig, config: FreqConfig) -> Floats:
    """Return how much log-likelihood each series gains from 52 weeks, both years judged with the same weights."""
    oldest = max(until - config.memory, 0)
    civil, service = designs[CIVIL_YEAR], designs[SERVICE_YEAR]
    known = exposure(y, civil, surge.service, until=until, oldest=oldest, guard=config.guard)
    rows = slice(oldest, known.weight.shape[1])
    prior = Prior(np.zeros((len(y), civil.X.shape[1])), civil.precision)
    fits = [
        Regression(design.X, surge.regression.least_effect).fit(
            y[:, rows], known.weight[:, rows], rows, prior, robust=Robust.of(config)
        )
        for design in (civil, service)
    ]
    before, after = fits[0].mean(civil.X[rows]), fits[1].mean(service.X[rows])
    weight = np.minimum(fits[0].weights, fits[1].weights) / np.minimum(fits[0].phi, fits[1].phi)[:, None]
    return np.asarray((weight * (y[:, rows] * np.log(after / before) - (after - before))).sum(axis=1))
