"""Which counts of a history speak about the present: born, open, and old enough not to be the outbreak itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.configuration.surge import ServiceConfig
from models.hotspots.surge.design import Design

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Exposure:
    """What is known, from the periods before one block, of when each series is counted.

    Attributes:
        weight: 1 where a past count enters the fit, else 0; S x T up to the end of the fitted rows.
        open: Whether a period is a day of service, S x T of the whole grid.
        closed_rate: Mean count on closed days, S.
        age: Periods since birth, S.
    """

    weight: Floats
    open: Bools
    closed_rate: Floats
    age: NDArray[np.int64]


def exposure(y: Floats, design: Design, service: ServiceConfig, *, until: int, oldest: int, guard: int) -> Exposure:
    """Work out births, closed days and the guard from the counts before column `until`.

    Args:
        y: Counts, S x T of the whole grid; only columns before `until` are read.
        design: Weekdays and holidays of the grid.
        service: When a series is born, and when a day counts as closed.
        until: First column that is not known yet.
        oldest: First column that may enter a fit.
        guard: Last periods kept out of the fit; at most a third of a young series' age.
    """
    past = y[:, :until]
    born = _births(past, service.unseen)
    open_days, closed_rate = _open_days(past, design, born, service)
    age = until - np.maximum(born, oldest)
    left_out = np.minimum(guard, age // 3)
    stop = until - int(left_out.min(initial=guard))
    column = np.arange(stop)
    inside = (column >= np.maximum(born, oldest)[:, None]) & (column < (until - left_out)[:, None])
    return Exposure((inside & open_days[:, :stop]).astype(float), open_days, closed_rate, age)


def _births(past: Floats, unseen: float) -> NDArray[np.int64]:
    """Return the first column of each series' life: 0, unless its later rate makes the leading zeros unlikely."""
    seen = past > 0
    first = np.where(seen.any(axis=1), seen.argmax(axis=1), 0)
    rate = past.sum(axis=1) / (past.shape[1] - first)
    return np.where(first * rate > unseen, first, 0).astype(np.int64)


def _open_days(past: Floats, design: Design, born: NDArray[np.int64], service: ServiceConfig) -> tuple[Bools, Floats]:
    until = past.shape[1]
    weekday, holiday = design.weekday, design.holiday
    if (weekday == weekday[0]).all():  # weekly panel
        return np.ones((len(past), len(weekday)), dtype=bool), np.zeros(len(past))
    alive = np.arange(until) >= born[:, None]
    marks = np.eye(7)[weekday[:until]]
    count, days = past @ marks, alive @ marks
    rate = past.sum(axis=1) / alive.sum(axis=1)
    shut = (count == 0) & (days >= service.fewest_weekdays) & (rate[:, None] * days > service.sure)
    usual = ~shut[:, weekday]
    on_holiday = alive & holiday[:until] & usual[:, :until]
    holidays = on_holiday.sum(axis=1)
    shut_holidays = (
        ((past * on_holiday).sum(axis=1) == 0)
        & (holidays >= service.fewest_holidays)
        & (rate * holidays > service.sure)
    )
    open_days = usual & ~(shut_holidays[:, None] & holiday)
    closed = (alive & ~open_days[:, :until]).sum(axis=1)
    return open_days, 0.5 / (closed + 1.0)
