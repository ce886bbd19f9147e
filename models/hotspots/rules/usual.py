"""What is usual for a matter in a place: counts of the windows before, how they vary, and what chance brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from models.hotspots.chance import at_least

_UNMEASURED: Final = 2.0
"""Variance over mean where a single window before cannot show it."""
_PRIOR: Final = 0.5
"""Tickets added to the sum of the windows before (Jeffreys): silence in a few windows is no proof of silence."""


@dataclass(frozen=True)
class Usual:
    """The windows before the judged one.

    Attributes:
        totals: Tickets of each matter and place that was heard in them, indexed by the columns of the matter.
        windows: How many of them the tickets reach back over; 0 where they do not reach back over one.
        dispersion: Variance over mean of a count from window to window, at least 1, over all matters together.
    """

    totals: pd.Series
    windows: int
    dispersion: float

    def mean(self, groups: pd.DataFrame) -> np.ndarray:
        """Return the mean count of each group, NaN where no window is at hand."""
        if self.windows == 0:
            return np.full(len(groups), np.nan)
        matter = list(self.totals.index.names)
        totals = groups[matter].join(self.totals.rename("total"), on=matter)["total"]
        return np.asarray(totals.fillna(0) / self.windows, dtype=float)

    def chance(self, groups: pd.DataFrame, counted: pd.Series) -> np.ndarray:
        """Return how likely a window holds `counted` or more of each group, NaN where no window is at hand.

        The predictive distribution of a count whose mean is known from a few windows only: negative binomial, its
        variance `dispersion` times the mean, widened by the error of the mean. Without overdispersion it is the Poisson
        count with Jeffreys' prior for its mean.
        """
        if self.windows == 0:
            return np.full(len(groups), np.nan)
        mean = self.mean(groups) + _PRIOR / self.windows
        return at_least(counted, mean, self.dispersion * (1 + 1 / self.windows))


def usual_counts(
    tickets: pd.DataFrame, matter: list[str], start: pd.Timestamp, *, days: int, most: int, per_caller: int
) -> Usual:
    """Count each matter in the windows before `start`.

    Args:
        tickets: Clean tickets, sorted by opening, with the matter's columns.
        matter: Columns that say what and where.
        start: Start of the judged window.
        days: Length of a window.
        most: How many windows are counted at most, fewer where the tickets do not reach back.
        per_caller: Most tickets of a caller that count in one window, as in the judged one.
    """
    window = np.floor((start - tickets["opened_local"]) / pd.Timedelta(days=days)) + 1
    windows = 0 if tickets.empty else min(max(int(window.iloc[0]), 0), most)
    earlier = tickets.assign(window=window)[(window >= 1) & (window <= windows)]
    rank = earlier.groupby([*matter, "window", "caller"], sort=False).cumcount()
    counts = earlier[rank < per_caller].groupby([*matter, "window"], sort=False).size()
    totals = counts.groupby(level=matter, sort=False).sum()
    return Usual(totals, windows, _dispersion(counts, totals, windows))


def _dispersion(counts: pd.Series, totals: pd.Series, windows: int) -> float:
    """Return Pearson's dispersion, pooled: squared deviations over what Poisson counts of the same means would show."""
    if windows < 2 or totals.empty:  # noqa: PLR2004
        return _UNMEASURED
    deviations = float((counts**2).sum() - (totals**2).sum() / windows)
    return max(deviations / float(totals.sum() * (windows - 1) / windows), 1.0)
