"""How long the year is: 365.2425 days, or the 52 weeks of systems that number their weeks; the panel decides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.configuration import SurgeConfig
from features.configuration.surge import FreqConfig, ServiceConfig
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


# Days on which the service was shut though no calendar says so, inferred from many series falling silent at once.


def common_closures(y: Floats, service: ServiceConfig) -> NDArray[np.bool_]:
    """Return the days on which busy series fell silent together, T.

    A day is judged by the counts up to that day alone: a series votes when the same weekday of the weeks
    before had enough tickets on average that a zero cannot be chance.

    Args:
        y: Daily counts, S x T.
        service: What is usual, and how many must fall silent.
    """
    span = 7 * service.closure_weeks
    closed = np.zeros(y.shape[1], dtype=bool)
    if y.shape[1] <= span:
        return closed
    weeks = (y[:, span - 7 * week : y.shape[1] - 7 * week] for week in range(1, service.closure_weeks + 1))
    total = np.zeros((len(y), y.shape[1] - span))
    for week in weeks:
        total += week
    busy = np.asarray(total >= service.closure_usual * service.closure_weeks)
    silent = (busy & (y[:, span:] == 0)).sum(axis=0)
    closed[span:] = (silent >= service.closure_fewest) & (silent >= service.closure_share * busy.sum(axis=0))
    return closed
