"""`detect_surges`: counts in; expected counts, upper bounds, p-values and recurrence intervals out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration import SurgeConfig
from features.configuration.surge import FreqConfig
from features.vocabulary import Frequency
from models.errors import PanelContractError
from models.hotspots.surge.calibration import calibrate, raw_level
from models.hotspots.surge.design import CIVIL_YEAR, SATURDAY, SERVICE_YEAR, build_design
from models.hotspots.surge.grid import SeriesGrid, to_grid
from models.hotspots.surge.hourly import HOURS, HourlyWalk, daily_sums
from models.hotspots.surge.pooling import kin_of
from models.hotspots.surge.rolling_fit import RawJudgements, Walk
from models.hotspots.surge.season import choose_year, common_closures
from models.hotspots.surge.tails import quantile
from models.hotspots.surge.wild_counts import without_wild_counts

Floats = NDArray[np.float64]

_FEWEST: Final = {Frequency.WEEKLY: 8, Frequency.DAILY: 28, Frequency.HOURLY: 28}
"""Periods of history before a series may claim anything on its own."""


def detect_surges(
    y: pd.DataFrame,
    *,
    freq: str,
    start: pd.Timestamp,
    end: pd.Timestamp | None = None,
    alpha: float = 0.01,
    calendar: pd.DataFrame | None = None,
    static: pd.DataFrame | None = None,
    config: SurgeConfig | None = None,
    reported: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Judge every period of every series from `start` on, each from the counts up to that period only.

    Args:
        y: Long frame `unique_id, ds, y`; with a column `callers` (distinct callers) those are tested instead of
            tickets, because one person can call fifty times. Missing periods are zeros; the last `ds` is complete.
        freq: `W`, `D` or `h`.
        start: First period judged (naive local time).
        end: Last period judged; the panel's last when None.
        alpha: Level of the alarm and of `upper`.
        calendar: One row per day (see `features.calendars.calendar_frame`); None where holidays are unknown.
        static: The hierarchy (`unique_id, category, district, ...`): who lends strength to sparse and young cells.
        config: Settings; the defaults are those of the published benchmarks.
        reported: Share of the eventual count that has arrived, by age of the period, the panel's last one first: an
            incomplete period is measured by what can have arrived, with a wider dispersion. None: all complete.

    Returns:
        One row per series and period: unique_id, ds, y, expected, upper, p_value, p_value_1, recurrence_days, alarm,
        window (periods of the most telling scan window), borrowed (whose season a cell uses, '' for its own), judged
        (whether enough is known of the series: else p-values and recurrence are NaN), judged_from (about when it will
        be, NaT where it is) and tickets where callers were tested.

    Raises:
        PanelError: The panel or `start` cannot be used.
    """
    settings = config or SurgeConfig()
    grid = to_grid(y, freq, end)
    least = max(settings.at(grid.freq).windows)
    if len(grid.ds) < least:
        raise PanelContractError(
            f"the panel has {len(grid.ds)} {_periods(grid)}", hint=f"at least {least} are looked at together"
        )
    first = grid.position(pd.Timestamp(start))
    if first >= len(grid.ds):
        raise PanelContractError(
            f"nothing to judge from {start}: the panel ends {grid.ds[-1]}", hint="choose an earlier date"
        )
    context = DetectionContext(calendar, static, _reported(reported, len(grid.ds)))
    judged = judge_grid(grid, first, settings, context)
    # Hours are judged by the days that they belong to.
    own = settings.daily if grid.freq == Frequency.HOURLY else settings.at(grid.freq)
    return _frame(grid, first, judged, alpha, own)


def _periods(grid: SeriesGrid) -> str:
    return grid.freq.noun if len(grid.ds) == 1 else f"{grid.freq.noun}s"


@dataclass(frozen=True)
class DetectionContext:
    """What is known beside the counts: calendar, hierarchy, and how much of the last periods has arrived."""

    calendar: pd.DataFrame | None
    static: pd.DataFrame | None
    reported: Floats


def _reported(by_age: Sequence[float] | None, periods: int) -> Floats:
    share = np.ones(periods)
    for age, value in enumerate((by_age or ())[:periods]):
        if not 0 < value <= 1:
            raise PanelContractError(
                f"reported share {value} at age {age} is not in (0, 1]", hint="leave the period out instead"
            )
        share[periods - 1 - age] = value
    return share


def judge_grid(grid: SeriesGrid, first: int, surge: SurgeConfig, context: DetectionContext) -> RawJudgements:
    """Judge the columns of a grid from `first` on, before calibration."""
    grid = replace(grid, y=without_wild_counts(grid.y))
    from threadpoolctl import threadpool_limits

    # Many small products: a second BLAS thread only waits for the first, and on a busy machine both wait for others.
    with threadpool_limits(1, user_api="blas"):
        if grid.freq == Frequency.HOURLY:
            return _judge_hours(grid, first, surge, context)
        none = np.zeros(len(grid.ds), dtype=bool)
        closures = common_closures(grid.y, surge.service) if grid.freq == Frequency.DAILY else none
        return _walk(grid, first, surge, surge.at(grid.freq), context, closures)


def _walk(
    grid: SeriesGrid,
    first: int,
    surge: SurgeConfig,
    config: FreqConfig,
    context: DetectionContext,
    closures: NDArray[np.bool_],
) -> RawJudgements:
    designs = {
        year: build_design(
            grid.ds, grid.freq, config, surge.regression, calendar=context.calendar, closures=closures, year=year
        )
        for year in (CIVIL_YEAR, SERVICE_YEAR)
    }
    per_year = pd.Timedelta(days=CIVIL_YEAR) / pd.Timedelta(grid.freq.length)
    design = designs[choose_year(grid.y, designs, first, per_year, surge, config)]
    kin = kin_of(grid.ids, context.static, fewest_unrelated=surge.lending.fewest_unrelated)
    return Walk(grid.y, design, grid.ordinal, config, surge, kin, context.reported).run(first)


def _judge_hours(grid: SeriesGrid, first: int, surge: SurgeConfig, context: DetectionContext) -> RawJudgements:
    """Judge hours by the days they belong to; one day more in front feeds the first scan windows."""
    days = daily_sums(grid)
    first_day = max(first // HOURS - 1, 0)
    # No closures are inferred here: a day's silence is known only when the day is over.
    none = np.zeros(len(days.ds), dtype=bool)
    config = surge.hourly
    alone = config.model_copy(update={"windows": (1,), "window_weights": (1.0,)})
    judged = _walk(days, first_day, surge, alone, replace(context, reported=np.ones(len(days.ds))), none)
    workday = days.ds.day_of_week.to_numpy() < SATURDAY
    if context.calendar is not None:
        known = context.calendar.set_index(pd.DatetimeIndex(context.calendar["date"]))["is_workday"]
        workday = known.reindex(days.ds).to_numpy(dtype=bool)
    return HourlyWalk(grid.y, judged, first_day, workday, days.ordinal, config, surge, context.reported).run(first)


def _judged_from(grid: SeriesGrid, judged: RawJudgements, config: FreqConfig) -> NDArray[np.datetime64]:
    """Return about when enough is known of each series, if it goes on: its days of service, the guard, a refit."""
    periods = len(grid.ds)
    seen = np.where((grid.y > 0).any(axis=1), (grid.y > 0).argmax(axis=1), periods)
    service = np.maximum(judged.open.mean(axis=1), 1 / 7)
    wait = np.ceil(_FEWEST[grid.freq] / service).astype(int) + config.guard + config.refit_every
    period = np.timedelta64(grid.freq.length)
    begun = grid.ds[0].to_datetime64().astype("datetime64[us]") + seen * period
    return np.asarray(begun + wait * max(period, np.timedelta64(timedelta(days=1))))


def _frame(grid: SeriesGrid, first: int, judged: RawJudgements, alpha: float, config: FreqConfig) -> pd.DataFrame:
    signal = judged.signal
    young = (judged.information < _FEWEST[grid.freq]) & (judged.borrowed == "")
    one = calibrate(signal.p_one, signal.mean, signal.variance, freq=grid.freq, channel="one")
    scan = calibrate(signal.p_scan, signal.mean, signal.variance, freq=grid.freq, channel="scan")
    p_one, p_scan = (np.where(young, np.nan, np.where(judged.open, p, 1.0)) for p in (one, scan))
    level = raw_level(alpha, signal.mean, signal.variance, freq=grid.freq, channel="one")
    days = grid.freq.length / timedelta(days=1)
    periods = grid.ds[first:]
    columns = {
        "unique_id": np.repeat(grid.ids, len(periods)),
        "ds": np.tile(periods.to_numpy(), len(grid.ids)),
        "y": grid.y[:, first:].ravel(),
        "expected": signal.mean.ravel(),
        "upper": quantile(level, signal.mean, signal.variance).ravel(),
        "p_value": p_scan.ravel(),
        "p_value_1": p_one.ravel(),
        "recurrence_days": (days / p_scan).ravel(),
        "alarm": (p_scan < alpha).ravel(),
        "window": signal.window.ravel(),
        "borrowed": judged.borrowed.ravel(),
        "judged": ~young.ravel(),
        "judged_from": np.where(young, _judged_from(grid, judged, config)[:, None], np.datetime64("NaT", "us")).ravel(),
    }
    if grid.tickets is not grid.y:
        columns["tickets"] = grid.tickets[:, first:].ravel()
    return pd.DataFrame(columns)
