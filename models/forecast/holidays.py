"""What a named holiday does to its week, where earlier years show it clearly and the members have not learned it.

Thanksgiving halves a week of New York's; a smooth season spreads that over its neighbours, and trees see one such week
a year. So each holiday week ahead is set against the ordinary weeks around it, and this dip against those of the same
holiday in earlier years, in the city's total. Where they differ by more than two standard errors, the week is moved,
shrunk towards what the members say (positive-part James & Stein 1961), all its cells by one factor; what it loses goes
to the ordinary weeks around it, from which a smooth season had taken it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration.forecast import HolidayConfig
from models.forecast.drivers import Calendar
from models.forecast.windows import Floats, Indices

Flags = NDArray[np.bool_]


_YEAR: Final = 52

_ONE: Final = 1.0
_SATURDAY: Final = 5
_TO_DEVIATION: Final = 1.4826
"""Median absolute deviation to standard deviation, of a normal."""


def holiday_weeks(ds: pd.DatetimeIndex, calendar: Calendar) -> list[str]:
    """Name each week by its first day off on a weekday, '' for ordinary weeks.

    "(observed)" and the like are left out; a second week of one holiday in a row has a name of its own.

    Args:
        ds: Week starts.
        calendar: First and last day to calendar rows.
    """
    rows = calendar(ds[0].date(), (ds[-1] + pd.Timedelta(days=6)).date())
    days = pd.DatetimeIndex(rows["date"])
    off = rows["is_holiday"].to_numpy(dtype=bool) & (days.day_of_week < _SATURDAY)
    weeks = [""] * len(ds)
    for week, name in zip(ds.searchsorted(days[off], side="right") - 1, rows["holiday"].to_numpy()[off], strict=True):
        weeks[week] = weeks[week] or re.sub(r" \([^)]*\)", "", str(name))
    before = ["", *weeks[:-1]]
    return [f"{name}, later week" if name and name == last else name for name, last in zip(weeks, before, strict=True)]


def holiday_factors(total: Floats, ahead: Floats, weeks: Sequence[str], config: HolidayConfig) -> Floats:
    """Return by how much each week ahead is moved; all 1 where nothing clear is known of its holidays.

    Args:
        total: The city's counts, known weeks.
        ahead: Its forecast.
        weeks: Name of the holiday of each known and coming week, '' for none.
        config: What is clear, and where it is looked for.
    """
    known, names = len(total), np.asarray(weeks, dtype=object)
    counts, ordinary = np.concatenate([total, ahead]), (names == "")[: len(total) + len(ahead)]
    factors, given = np.ones(len(ahead)), np.zeros(len(ahead))
    for at in (int(week) for week in np.flatnonzero(~ordinary) if week >= known):
        earlier = np.flatnonzero(names[:known] == names[at])
        move = _move(counts, known, ordinary, at, config, earlier[earlier >= at - config.years * _YEAR - config.reach])
        factors[at - known] = np.exp(move)
        around = _ahead(at, known, ordinary, config.reach)
        given[around - known] += ahead[at - known] * (1.0 - np.exp(move)) / max(len(around), 1)
    return np.asarray(factors + np.where(ahead > 0, given / np.where(ahead > 0, ahead, 1.0), 0.0))


def _move(counts: Floats, known: int, ordinary: Flags, at: int, config: HolidayConfig, earlier: Indices) -> float:
    """Return the log factor of one week: how its holiday's dips differ from the forecast's own, as far as clear."""
    shifts = _ahead(at, known, ordinary, config.reach) - at
    usual = np.flatnonzero(ordinary[: known - config.reach])[-config.ordinary_years * _YEAR :]
    if not len(shifts):
        return 0.0
    dips, noise = (_dips(counts[:known], ordinary, found, shifts) for found in (earlier, usual))
    if len(dips) < config.fewest or not len(noise):
        return 0.0
    spread = _spread(dips, noise, config)
    difference = float(dips.mean() - _dips(counts, ordinary, np.array([at]), shifts)[0])
    doubt = (config.standard_errors * spread) ** 2 / len(dips)
    return difference * max(0.0, 1.0 - doubt / max(difference**2, doubt))


def _ahead(at: int, known: int, ordinary: Flags, reach: int) -> Indices:
    """Return the ordinary weeks around `at` that are still to come."""
    around = np.arange(max(at - reach, known), min(at + reach + 1, len(ordinary)))
    return np.asarray(around[ordinary[around] & (around != at)])


def _dips(counts: Floats, ordinary: Flags, weeks: Indices, shifts: Indices) -> Floats:
    """Return log ratios of weeks to the ordinary weeks at `shifts` around them; weeks without any are left out."""
    around = weeks[:, None] + shifts
    inside = (around >= 0) & (around < len(counts))
    around = np.where(inside, around, 0)
    use = inside & ordinary[around]
    mean = (counts[around] * use).sum(axis=1) / np.maximum(use.sum(axis=1), 1)
    return np.asarray(np.log((counts[weeks] + _ONE) / (mean + _ONE))[use.any(axis=1)])


def _spread(dips: Floats, noise: Floats, config: HolidayConfig) -> float:
    """Return the standard deviation of one year's dip, that of ordinary weeks and of the holiday's own pooled."""
    of_ordinary = _TO_DEVIATION * float(np.median(np.abs(noise - np.median(noise))))
    own = len(dips) - 1
    pooled = (config.ordinary_degrees * of_ordinary**2 + own * float(dips.var(ddof=1))) / (
        config.ordinary_degrees + own
    )
    return max(float(np.sqrt(pooled)), config.smallest_noise)
