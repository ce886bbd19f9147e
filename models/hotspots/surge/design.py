"""The explanatory columns all series share: trend, season, weekday, holidays, Spring Festival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration.surge import FreqConfig, RegressionConfig
from features.vocabulary import Frequency
from models.errors import PanelContractError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CIVIL_YEAR: Final = 365.2425
SERVICE_YEAR: Final = 364.0  # 52 weeks: systems that number their weeks repeat after these
SATURDAY: Final = 5
_FESTIVAL_WEEKS: Final = (-2, -1, 0, 1)  # weeks around Spring Festival that get a coefficient each


@dataclass(frozen=True)
class Design:
    """Design matrix of one panel.

    Attributes:
        X: T x p; column 0 is the constant, column 1 the trend in years.
        names: Name of each column.
        precision: Prior precision of each coefficient.
        weekday: Day of the week of each period (0 Monday), T.
        holiday: Whether the period is a public holiday (daily panels), T.
    """

    X: Floats
    names: tuple[str, ...]
    precision: Floats
    weekday: NDArray[np.int64]
    holiday: Bools

    @property
    def shared(self) -> Bools:
        """Columns that a young or sparse series may borrow: all but the constant and the trend."""
        return np.array([name not in {"level", "trend"} for name in self.names])

    @property
    def seasonal(self) -> Bools:
        """Columns of the yearly harmonics."""
        return np.array([name.startswith(("cos", "sin")) for name in self.names])

    @property
    def blocks(self) -> tuple[slice, ...]:
        """Columns that stand or fall together: the trend, each yearly harmonic, the weekdays."""
        places: dict[str, list[int]] = {}
        for place, name in enumerate(self.names):
            if name.startswith(("trend", "cos", "sin", "weekday")):
                places.setdefault(name[3:] if name[:3] in {"cos", "sin"} else name[:5], []).append(place)
        return tuple(slice(columns[0], columns[-1] + 1) for columns in places.values())


def build_design(
    ds: pd.DatetimeIndex,
    freq: Frequency,
    config: FreqConfig,
    priors: RegressionConfig,
    *,
    calendar: pd.DataFrame | None,
    closures: Bools,
    year: float = CIVIL_YEAR,
) -> Design:
    """Return the design of a weekly or daily panel.

    Args:
        ds: Period starts.
        freq: Weekly or daily.
        config: Settings of the frequency.
        priors: Of the trend and the level.
        calendar: One row per day: date, is_holiday, is_workday and, optionally, is_makeup and
            days_to_lunar_new_year; None where holidays are unknown.
        closures: Periods the service was seen to be shut, T: holidays the calendar does not know.
        year: Days in a seasonal cycle.
    """
    days = (ds - ds[0]).days.to_numpy().astype(float)
    columns: dict[str, Floats] = {"level": np.ones(len(ds)), "trend": (days - days[-1] / 2) / CIVIL_YEAR}
    sds: dict[str, float] = {"trend": priors.trend_sd}
    phase = 2 * np.pi * days / year
    for j in range(1, config.harmonics + 1):
        columns[f"cos{j}"], columns[f"sin{j}"] = np.cos(j * phase), np.sin(j * phase)
    weekday = ds.day_of_week.to_numpy().astype(np.int64)
    if freq == Frequency.DAILY:
        columns |= {f"weekday{d}": (weekday == d).astype(float) for d in range(1, 7)}
    effects = _calendar_effects(ds, freq, calendar, closures)
    holiday = (
        effects.get("holiday", np.zeros(len(ds))) > 0 if freq == Frequency.DAILY else np.zeros(len(ds), dtype=bool)
    )
    columns |= effects
    sds |= {name: config.season_sd for name in columns if name.startswith(("cos", "sin"))}
    precision = np.array([sds.get(name, config.day_sd) ** -2.0 for name in columns])
    precision[0] = priors.level_precision
    return Design(np.stack(list(columns.values()), axis=1), tuple(columns), precision, weekday, holiday)


def _calendar_effects(
    ds: pd.DatetimeIndex, freq: Frequency, calendar: pd.DataFrame | None, closures: Bools
) -> dict[str, Floats]:
    days = pd.date_range(ds[0], ds[-1] + pd.Timedelta(days=6 if freq == Frequency.WEEKLY else 0), freq="D")
    frame = _bare_calendar(days) if calendar is None else _covering(calendar, days)
    if freq == Frequency.DAILY:
        frame = frame.assign(
            is_holiday=frame["is_holiday"].to_numpy(dtype=bool) | closures,
            is_workday=frame["is_workday"].to_numpy(dtype=bool) & ~closures,
        )
    effects = _day_effects(frame)
    if freq == Frequency.WEEKLY:
        effects = {name: values.reshape(-1, 7).mean(axis=1) for name, values in effects.items()}
    return {name: values for name, values in effects.items() if values.any()}


def _bare_calendar(days: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.DataFrame({"is_holiday": False, "is_workday": days.day_of_week < SATURDAY}, index=days)


def _covering(calendar: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    frame = calendar.set_index(pd.DatetimeIndex(calendar["date"])).reindex(days)
    if (unknown := frame["is_holiday"].isna()).any():
        lost = frame.index[unknown][0].date()
        raise PanelContractError(
            f"the calendar has no row for {lost}", hint="build it over the whole span of the panel"
        )
    return frame


def _day_effects(frame: pd.DataFrame) -> dict[str, Floats]:
    weekend = frame.index.day_of_week.to_numpy() >= SATURDAY
    holiday = frame["is_holiday"].to_numpy(dtype=bool)
    workday = frame["is_workday"].to_numpy(dtype=bool)
    effects = {
        "holiday": holiday.astype(float),
        "after_holiday": _first_workday_after(holiday & ~weekend, workday).astype(float),
    }
    if "is_makeup" in frame.columns:
        effects["makeup"] = frame["is_makeup"].to_numpy(dtype=float)
        if "days_to_lunar_new_year" in frame.columns and effects["makeup"].any():
            week = np.floor_divide(frame["days_to_lunar_new_year"].to_numpy(dtype=float), 7)
            effects |= {f"festival{w}": (week == w).astype(float) for w in _FESTIVAL_WEEKS}
    return effects


def _first_workday_after(closed: Bools, workday: Bools) -> Bools:
    """Return the workdays before which no other workday has passed since a closed one."""
    position = np.arange(len(closed))
    last_closed = np.maximum.accumulate(np.where(closed, position, -1))
    last_work = np.concatenate([[-1], np.maximum.accumulate(np.where(workday, position, -1))[:-1]])
    return workday & (last_closed > last_work)
