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
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration.forecaster import HolidayConfig, MarkedDayConfig
from models.forecast.drivers import Calendar, UsualPanel
from models.forecast.hierarchy import HierarchyLevel, PanelMatrix
from models.forecast.members import Floats, Indices

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


# Days that a calendar marks: holidays, their eves and the days after, and worked weekends, in daily panels.
#
# Christmas Eve, the Friday after Thanksgiving or the third day of a festival are not like other days of their
# weekday, and a flag for days off does not say so. Each is a kind of day of its own. What it does to the city is
# learned from its earlier years, against the same weekday in the four weeks on each side, and drawn to what
# holidays do there; what it does to a category is drawn to what it does to the city (Gamma-Poisson). Past marked
# days are filled up to what an ordinary day would have had, so that nothing is learned from them but this, and the
# coming ones take their factor.


_WEEK: Final = 7


_Named = tuple[str, int | str, int]
"""Name of a holiday, which of its days, and the index of that day."""


@dataclass(frozen=True)
class MarkedDays:
    """The kind of each day.

    Attributes:
        kind: Number of the kind, -1 for ordinary days; shape (days,).
        off: Whether each kind is a holiday itself; eves, days after and worked weekends are not. Shape (kinds,).
    """

    kind: Indices
    off: NDArray[np.bool_]


def marked_days(rows: pd.DataFrame, longest: int) -> MarkedDays:
    """Name the days of a calendar: the n-th day of a holiday, the day before, the day after, and worked weekends.

    Args:
        rows: One row per day without gaps, with `holiday` (name or '') and `is_makeup`.
        longest: Days from the first to the last day of one holiday, at most.
    """
    names = rows["holiday"].astype(str).to_numpy()
    off = np.flatnonzero(names != "").tolist()
    days: list[_Named] = [(names[at], _place(names, at, longest), at) for at in off]
    edges: list[_Named] = [(names[at], edge, at + step) for edge, step in (("eve", -1), ("after", 1)) for at in off]
    worked: list[_Named] = [
        ("", "worked", at) for at in np.flatnonzero(rows["is_makeup"].to_numpy(dtype=bool)).tolist()
    ]
    kinds: dict[tuple[str, int | str], int] = {}
    kind = np.full(len(names), -1, dtype=np.intp)
    for name, place, at in [*worked, *days, *edges]:
        if 0 <= at < len(kind) and kind[at] < 0:
            kind[at] = kinds.setdefault((name, place), len(kinds))
    return MarkedDays(kind, np.array([isinstance(place, int) for _, place in kinds], dtype=bool))


def ordinary_days(
    panel: PanelMatrix, category: HierarchyLevel, calendar: Calendar | None, horizon: int, config: MarkedDayConfig
) -> UsualPanel:
    """Fill the marked days of a daily history up to ordinary ones, and tell what those ahead do.

    Args:
        panel: Daily counts of the cells.
        category: Groups the cells into categories.
        calendar: Gives the days; None marks none.
        horizon: Coming days.
        config: How much a kind of day must have shown.
    """
    known = panel.y.shape[1]
    if calendar is None:
        return UsualPanel(panel, np.ones((len(panel.y), horizon)))
    # One day more than is forecast: the last one may be an eve.
    end = panel.ds[-1] + pd.Timedelta(days=horizon + 1)
    marks = marked_days(calendar(panel.ds[0].date(), end.date()), config.longest)
    marks = replace(marks, kind=marks.kind[: known + horizon])
    factors = _factors(category.sum(panel.y), marks, config)[category.groups]
    around, seen = weekday_around(panel.y, marks.kind[:known] < 0, config.weeks_around)
    filled = np.maximum(panel.y + (1 - factors[:, :known]) * around * seen, 0.0)
    # Whole tickets, rounded at random: trees would take a fraction in a history of counts for a state of its own.
    marked = marks.kind[:known] >= 0
    share = np.random.default_rng(0).random((len(filled), int(marked.sum())))
    filled[:, marked] = np.floor(filled[:, marked] + share)
    return UsualPanel(replace(panel, y=filled), factors[:, known:])


def weekday_around(y: Floats, ordinary: NDArray[np.bool_], weeks: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the mean of ordinary days of the same weekday within some weeks, and where there is any.

    Args:
        y: Series x days.
        ordinary: Which days may be looked at.
        weeks: How far.
    """
    days = y.shape[1]
    total, count = np.zeros_like(y), np.zeros(days)
    for shift in range(_WEEK, min(weeks * _WEEK, days - 1) + 1, _WEEK):
        for here, there in ((slice(shift, None), slice(None, -shift)), (slice(None, -shift), slice(shift, None))):
            total[:, here] += y[:, there] * ordinary[there]
            count[here] += ordinary[there]
    return total / np.maximum(count, 1), count > 0


def _factors(categories: Floats, marks: MarkedDays, config: MarkedDayConfig) -> Floats:
    """Return what each day does to each category, categories x known and coming days; 1 on ordinary ones."""
    known, kinds = categories.shape[1], len(marks.off)
    around, seen = weekday_around(categories, marks.kind[:known] < 0, config.weeks_around)
    told = np.flatnonzero((marks.kind[:known] >= 0) & seen)
    count, expected = np.zeros((kinds, len(categories))), np.zeros((kinds, len(categories)))
    np.add.at(count, marks.kind[told], categories[:, told].T)
    np.add.at(expected, marks.kind[told], around[:, told].T)
    city, city_expected = count.sum(axis=1), expected.sum(axis=1)
    of_holidays = _drawn(city[marks.off].sum(), city_expected[marks.off].sum(), 1.0, config.city_tickets)
    of_city = _drawn(city, city_expected, np.where(marks.off, of_holidays, 1.0), config.city_tickets)
    of_categories = _drawn(count, expected, of_city[:, None], config.category_tickets)
    with_ordinary = np.concatenate([of_categories, np.ones((1, len(categories)))])
    return np.asarray(with_ordinary[marks.kind].T)


def _drawn(count: Floats, expected: Floats, prior: Floats | float, tickets: float) -> Floats:
    return np.asarray((count + tickets * prior) / (expected + tickets))


def _place(names: NDArray[np.object_], at: int, longest: int) -> int:
    """Return how many days a holiday has lasted, another one in its midst included."""
    first = max(0, at - longest)
    return at - first - int(np.argmax(names[first : at + 1] == names[at]))
