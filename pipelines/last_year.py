"""Which period of last year a period is compared with: the same week, or the same lunar week near a Spring Festival."""

from __future__ import annotations

from typing import Final

import pandas as pd

from features.calendars import lunar_new_year
from features.vocabulary import Frequency

REACH_DAYS: Final = 28
"""Days around a Spring Festival in which demand follows the lunar calendar."""

_LUNAR: Final = frozenset({"CN", "HK", "MO", "TW", "SG", "KR", "VN"})


def twins(ds: pd.DatetimeIndex, *, freq: Frequency, country: str) -> pd.DatetimeIndex:
    """Return the start of last year's period for each period start.

    Args:
        ds: Period starts, naive local time.
        freq: `W` (the twin keeps the weekday) or `D`.
        country: Calendar; where the Spring Festival is not kept, the twin is 364 days earlier.
    """
    return pd.DatetimeIndex([_twin(moment, freq, country) for moment in ds])


def _twin(moment: pd.Timestamp, freq: Frequency, country: str) -> pd.Timestamp:
    plain = moment - pd.Timedelta(days=364)
    if country not in _LUNAR:
        return plain
    middle = moment + pd.Timedelta(days=3 if freq == Frequency.WEEKLY else 0)
    festival = pd.Timestamp(lunar_new_year(middle.year))
    if abs((middle - festival).days) > REACH_DAYS:
        return plain
    shift = (festival - pd.Timestamp(lunar_new_year(middle.year - 1))).days
    whole = 7 * round(shift / 7) if freq == Frequency.WEEKLY else shift
    return moment - pd.Timedelta(days=whole)
