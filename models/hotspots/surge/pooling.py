"""Strength from relatives: a young or sparse cell takes its season and weekdays from its category or district.

A young series that nobody lends to has hardly any season: harmonics fitted to part of a year say nothing of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration import SurgeConfig
from features.configuration.surge import FreqConfig
from models.hotspots.surge.baseline import Prior, Regression, Robust
from models.hotspots.surge.design import Design
from models.hotspots.surge.exposure import Exposure, exposure

Floats = NDArray[np.float64]

LENDERS: Final = ("category", "district", "category1", "all")
"""Who lends, first come first: the kin with the same leaf category, district, class, and all series together."""


@dataclass(frozen=True)
class Kin:
    """Group of every series under every lender, -1 where it has none: lender -> codes S."""

    groups: dict[str, NDArray[np.int64]]
    related: bool


def kin_of(ids: NDArray[Any], static: pd.DataFrame | None, *, fewest_unrelated: int) -> Kin | None:
    """Read who is related from a static frame (`unique_id` and any of the columns in LENDERS).

    Without one, all lend to all where the panel has `fewest_unrelated` series.
    """
    everyone = np.zeros(len(ids), dtype=np.int64)
    if static is None or not set(LENDERS) & set(static.columns):
        return Kin({"all": everyone}, related=False) if len(ids) >= fewest_unrelated else None
    table = static.drop_duplicates("unique_id").set_index("unique_id").reindex(ids)
    cells = (table["level"] == "cell").to_numpy() if "level" in table.columns else np.ones(len(ids), dtype=bool)
    groups = {}
    for lender in LENDERS[:-1]:
        if lender in table.columns:
            names = table[lender].where(cells & (table[lender].fillna("") != ""))
            groups[lender] = pd.factorize(names)[0].astype(np.int64)
    groups["all"] = np.where(cells, 0, -1)
    return Kin(groups, related=True)


@dataclass(frozen=True)
class Lenders:
    """Those who can lend before column `until`."""

    design: Design
    regression: Regression
    config: FreqConfig
    surge: SurgeConfig
    until: int

    def priors(self, y: Floats, known: Exposure, kin: Kin | None) -> tuple[Prior, NDArray[np.object_]]:
        """Return the prior of every series, and the name of its lender ('' for none).

        Args:
            y: Counts, S x T of the whole grid.
            known: What is known of the series before `until`.
            kin: Who is related; None for nobody.
        """
        stop = known.weight.shape[1]
        total, periods = (y[:, :stop] * known.weight).sum(axis=1), known.weight.sum(axis=1)
        prior = Prior(np.zeros((len(y), self.design.X.shape[1])), np.tile(self.design.precision, (len(y), 1)))
        prior.mean[:, 0] = np.log((total.sum() + 0.5) / (periods.sum() + 1.0))
        lender_name = self._lend(prior, y, total, known, kin)
        unseen = np.ix_((known.age < self.config.young) & (lender_name == ""), self.design.seasonal)
        prior.precision[unseen] = np.maximum(prior.precision[unseen], self.surge.lending.unseen_sd**-2.0)
        return prior, lender_name

    def _lend(self, prior: Prior, y: Floats, total: Floats, known: Exposure, kin: Kin | None) -> NDArray[np.object_]:
        """Put what is lent into the prior of the young and the sparse; return the name of each lender."""
        lender_name = np.full(len(y), "", dtype=object)
        if kin is None:
            return lender_name
        needy = (known.age < self.config.young) | (kin.related & (total < self.surge.lending.sparse))
        for lender, codes in kin.groups.items():
            asking = needy & (codes >= 0) & (lender_name == "")
            if asking.any():
                wanted = np.unique(codes[asking])
                beta, rich = self._fit(np.stack([y[codes == group, : self.until].sum(axis=0) for group in wanted]))
                place = np.searchsorted(wanted, np.where(asking, codes, wanted[0]))
                served = asking & rich[place]
                shared = np.ix_(served, self.design.shared)
                prior.mean[shared] = beta[place[served]][:, self.design.shared]
                prior.precision[shared] = self.surge.lending.lent_sd**-2.0
                lender_name[served] = lender
        return lender_name

    def _fit(self, sums: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        oldest = max(self.until - self.config.memory, 0)
        service, guard = self.surge.service, self.config.guard
        known = exposure(sums, self.design, service, until=self.until, oldest=oldest, guard=guard)
        rows = slice(oldest, known.weight.shape[1])
        flat = Prior(np.zeros((len(sums), self.design.X.shape[1])), self.design.precision)
        weight = known.weight[:, rows]
        fit = self.regression.fit(sums[:, rows], weight, rows, flat, robust=Robust.of(self.config))
        rich = (known.age >= self.config.young) & ((sums[:, rows] * weight).sum(axis=1) >= self.surge.lending.rich)
        return fit.beta, rich
