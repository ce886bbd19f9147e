"""Days that a calendar marks: holidays, their eves and the days after, and worked weekends, in daily panels.

Christmas Eve, the Friday after Thanksgiving or the third day of a festival are not like other days of their weekday,
and a flag for days off does not say so. Each is a kind of day of its own. What it does to the city is learned from its
earlier years, against the same weekday in the four weeks on each side, and drawn to what holidays do there; what it
does to a category is drawn to what it does to the city (Gamma-Poisson). Past marked days are filled up to what an
ordinary day would have had, so that nothing is learned from them but this, and the coming ones take their factor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration.forecast import MarkedDayConfig
from models.forecast.circumstances import UsualPanel
from models.forecast.drivers import Calendar
from models.forecast.hierarchy import Level, PanelMatrix
from models.forecast.windows import Floats, Indices

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
    panel: PanelMatrix, matter: Level, calendar: Calendar | None, horizon: int, config: MarkedDayConfig
) -> UsualPanel:
    """Fill the marked days of a daily history up to ordinary ones, and tell what those ahead do.

    Args:
        panel: Daily counts of the cells.
        matter: Groups the cells into categories.
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
    factors = _factors(matter.sum(panel.y), marks, config)[matter.groups]
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


def _factors(matters: Floats, marks: MarkedDays, config: MarkedDayConfig) -> Floats:
    """Return what each day does to each category, categories x known and coming days; 1 on ordinary ones."""
    known, kinds = matters.shape[1], len(marks.off)
    around, seen = weekday_around(matters, marks.kind[:known] < 0, config.weeks_around)
    told = np.flatnonzero((marks.kind[:known] >= 0) & seen)
    count, expected = np.zeros((kinds, len(matters))), np.zeros((kinds, len(matters)))
    np.add.at(count, marks.kind[told], matters[:, told].T)
    np.add.at(expected, marks.kind[told], around[:, told].T)
    city, city_expected = count.sum(axis=1), expected.sum(axis=1)
    of_holidays = _drawn(city[marks.off].sum(), city_expected[marks.off].sum(), 1.0, config.city_tickets)
    of_city = _drawn(city, city_expected, np.where(marks.off, of_holidays, 1.0), config.city_tickets)
    of_matters = _drawn(count, expected, of_city[:, None], config.matter_tickets)
    with_ordinary = np.concatenate([of_matters, np.ones((1, len(matters)))])
    return np.asarray(with_ordinary[marks.kind].T)


def _drawn(count: Floats, expected: Floats, prior: Floats | float, tickets: float) -> Floats:
    return np.asarray((count + tickets * prior) / (expected + tickets))


def _place(names: NDArray[np.object_], at: int, longest: int) -> int:
    """Return how many days a holiday has lasted, another one in its midst included."""
    first = max(0, at - longest)
    return at - first - int(np.argmax(names[first : at + 1] == names[at]))
