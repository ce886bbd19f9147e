"""What public health uses, on the same counts of each category over the city: EARS C1-C3, farringtonFlexible."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "hotspots"))

from farrington import FarringtonConfig, farrington_flexible

_WEEK: Final = 7
_LAG: Final = 2
_SIGMAS: Final = 3.0
_LEAST_SPREAD: Final = 0.5
"""EARS divides by the spread of seven days: of a category that is silent by something."""
_PLAIN: Final = (10, 2.0, 28)
"""The plain threshold: so many tickets, and so many times the mean of so many days before."""


def alarms(counts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return each peer's alarms: a truth value per category and day, all judged by the counts up to that day.

    Args:
        counts: Tickets of every category (rows) and day (columns).
    """
    days = counts.T
    c1, c2 = _excess(days, 0), _excess(days, _LAG)
    # C3 adds what the last three days lie above one standard deviation (Hutwagner et al. 2003).
    c3 = (c2 - 1).clip(lower=0).rolling(3, min_periods=1).sum()
    least, times, before = _PLAIN
    plain = (days >= least) & (days >= times * days.shift(1).rolling(before, min_periods=_WEEK).mean())
    found = {"EARS C1": c1 > _SIGMAS, "EARS C2": c2 > _SIGMAS, "EARS C3": c3 > 2, "plain threshold": plain}
    return {name: table.T for name, table in found.items()}


def _excess(days: pd.DataFrame, lag: int) -> pd.DataFrame:
    """Return how many standard deviations of the seven days before (after a lag) each day lies above their mean."""
    before = days.shift(1 + lag).rolling(_WEEK)
    return (days - before.mean()) / before.std().clip(lower=_LEAST_SPREAD)


def farrington_alarms(counts: pd.DataFrame, first: pd.Timestamp) -> pd.DataFrame | None:
    """Return farringtonFlexible's alarms, each weekly one on the Sunday that ends its week.

    None where the years that it needs are not there.
    """
    weekly = counts.T.resample("W-SUN").sum()
    weekly.index -= pd.Timedelta(days=6)
    long = weekly.rename_axis("ds").reset_index().melt("ds", var_name="unique_id", value_name="y")
    years = (first - weekly.index[0]).days // 364
    config = FarringtonConfig(b=min(max(years - 1, 0), 5))
    start = first.normalize() - pd.Timedelta(days=first.weekday())
    if config.b < 1 or (start - weekly.index[0]).days // _WEEK < config.lead:
        return None
    judged = farrington_flexible(long, start=start, config=config)
    judged["ds"] += pd.Timedelta(days=6)
    table = judged.pivot_table(index="unique_id", columns="ds", values="alarm", aggfunc="max", fill_value=False)
    return table.reindex(index=counts.index, columns=counts.columns, fill_value=False).astype(bool)
