"""Strength from relatives: a young or sparse cell takes its season and weekdays from its category or district.

A young series that nobody lends to has hardly any season: harmonics fitted to part of a year say nothing of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.hotspots.surge.baseline import Prior, Regression
from models.hotspots.surge.config import FreqConfig
from models.hotspots.surge.design import Design
from models.hotspots.surge.exposure import Exposure, exposure

Floats = NDArray[np.float64]

LENDERS: Final = ("category", "district", "category1", "all")
"""Who lends, first come first: the kin with the same leaf category, district, class, and all series together."""

UNSEEN_SD: Final = 0.05
"""Prior standard deviation of a seasonal coefficient while less than a year is known and nobody lends a season."""

_SPARSE: Final = 30.0  # tickets in the fitted history under which a cell borrows from known kin
_RICH: Final = 200.0  # tickets a lender needs
_LENT_SD: Final = 0.2  # how far a borrower may stray from the lent coefficients
_FEWEST_UNRELATED: Final = 10  # series in a panel before "all" may lend to the young without a static frame


@dataclass(frozen=True)
class Kin:
    """Group of every series under every lender, -1 where it has none: lender -> codes S."""

    groups: dict[str, NDArray[np.int64]]
    related: bool


def kin_of(ids: NDArray[Any], static: pd.DataFrame | None) -> Kin | None:
    """Read who is related from a static frame (`unique_id` and any of the columns in LENDERS)."""
    everyone = np.zeros(len(ids), dtype=np.int64)
    if static is None or not set(LENDERS) & set(static.columns):
        return Kin({"all": everyone}, related=False) if len(ids) >= _FEWEST_UNRELATED else None
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
        prior.precision[unseen] = np.maximum(prior.precision[unseen], UNSEEN_SD**-2.0)
        return prior, lender_name

    def _lend(self, prior: Prior, y: Floats, total: Floats, known: Exposure, kin: Kin | None) -> NDArray[np.object_]:
        """Put what is lent into the prior of the young and the sparse; return the name of each lender."""
        lender_name = np.full(len(y), "", dtype=object)
        if kin is None:
            return lender_name
        needy = (known.age < self.config.young) | (kin.related & (total < _SPARSE))
        for lender, codes in kin.groups.items():
            asking = needy & (codes >= 0) & (lender_name == "")
            if asking.any():
                wanted = np.unique(codes[asking])
                beta, rich = self._fit(np.stack([y[codes == group, : self.until].sum(axis=0) for group in wanted]))
                place = np.searchsorted(wanted, np.where(asking, codes, wanted[0]))
                served = asking & rich[place]
                shared = np.ix_(served, self.design.shared)
                prior.mean[shared] = beta[place[served]][:, self.design.shared]
                prior.precision[shared] = _LENT_SD**-2.0
                lender_name[served] = lender
        return lender_name

    def _fit(self, sums: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        oldest = max(self.until - self.config.memory, 0)
        known = exposure(sums, self.design, until=self.until, oldest=oldest, guard=self.config.guard)
        rows = slice(oldest, known.weight.shape[1])
        flat = Prior(np.zeros((len(sums), self.design.X.shape[1])), self.design.precision)
        weight = known.weight[:, rows]
        fit = self.regression.fit(sums[:, rows], weight, rows, flat, robust=self.config.robust)
        rich = (known.age >= self.config.young) & ((sums[:, rows] * weight).sum(axis=1) >= _RICH)
        return fit.beta, rich
