"""What is known about a period before it comes: holidays, the lunar year, the time of the year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration import ForecastConfig
from features.configuration.forecaster import WeatherEffectConfig
from models.forecast.events import Events, event_factors
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.members import Floats
from models.forecast.periods import cadence_of
from models.forecast.weather import Weather, WeatherEffects, learn_weather

Calendar = Callable[[date, date], pd.DataFrame]
"""First and last day to one row per day: features.calendars.calendar_frame with its country bound."""

FESTIVAL_REACH: Final = 28
"""Days around the Spring Festival within which the lunar date matters."""

_SATURDAY: Final = 5

COLUMNS: Final = ("days_off", "festival", "season")

DAYS_OFF: Final = COLUMNS.index("days_off")
FESTIVAL: Final = COLUMNS.index("festival")


def period_drivers(ds: pd.DatetimeIndex, *, days: int, calendar: Calendar | None) -> NDArray[np.float64]:
    """Describe periods by what the calendar says of them.

    Args:
        ds: Period starts.
        days: Days in a period (7 or 1).
        calendar: Gives days off and the offset to the Spring Festival; None knows neither.

    Returns:
        Shape (periods, 3), columns `COLUMNS`: weekdays off in the period (weekend days worked count as negative), days
        from the nearest Spring Festival (clipped, constant outside its reach), and the day of the year.
    """
    middle = ds + pd.Timedelta(days=days // 2)
    season = np.asarray(middle.day_of_year, dtype=float)
    if calendar is None:
        return np.column_stack([np.zeros(len(ds)), np.full(len(ds), FESTIVAL_REACH + 1.0), season])
    end = ds[-1] + pd.Timedelta(days=days - 1)
    rows = calendar(ds[0].date(), end.date()).set_index("date")
    rows.index = pd.DatetimeIndex(rows.index)
    weekend = rows.index.day_of_week >= _SATURDAY
    off = np.where(weekend, -(rows["is_workday"].to_numpy(dtype=float)), ~rows["is_workday"].to_numpy(dtype=bool))
    per_period = off.astype(float).reshape(len(ds), days).sum(axis=1)
    festival = rows["days_to_lunar_new_year"].reindex(middle).to_numpy(dtype=float)
    near = np.where(np.abs(festival) <= FESTIVAL_REACH, festival, FESTIVAL_REACH + 1.0)
    return np.column_stack([per_period, near, season])


# What moved the counts and is known: weather and registered events, taken out of history and put back ahead.


@dataclass(frozen=True)
class Circumstances:
    """Where to ask what was known; None knows nothing.

    Attributes:
        weather: Moment, first and last day to daily weather as known then.
        events: Moment to the event register as known then.
    """

    weather: Weather | None = None
    events: Events | None = None


@dataclass(frozen=True)
class UsualPanel:
    """A history as it would have been in usual circumstances, and what those ahead do.

    Attributes:
        panel: The history without weather and events.
        ahead: Factors on the means of the coming periods, cells x horizon.
    """

    panel: PanelMatrix
    ahead: Floats


def learn_circumstances(
    panel: PanelMatrix, hierarchy: Hierarchy, circumstances: Circumstances, config: WeatherEffectConfig
) -> WeatherEffects | None:
    """Learn the weather's effects where they are wanted and weather is known; events need no learning."""
    if not config.enabled or circumstances.weather is None:
        return None
    days = cadence_of(panel.freq).days
    return learn_weather(panel, hierarchy.category(), circumstances.weather, days=days, config=config)


def usual(
    panel: PanelMatrix,
    hierarchy: Hierarchy,
    circumstances: Circumstances,
    effects: WeatherEffects | None,
    *,
    horizon: int,
    config: ForecastConfig,
) -> UsualPanel:
    """Take what is known of weather and events out of a history.

    Args:
        panel: Cells' counts.
        hierarchy: Their levels.
        circumstances: Where to ask; asked as of the end of the panel.
        effects: What the weather does; None leaves it alone.
        horizon: Coming periods.
        config: How far events and weather are believed.
    """
    days, known = cadence_of(panel.freq).days, panel.y.shape[1]
    factors = np.zeros((len(panel.y), known + horizon))
    if circumstances.events is not None:
        events = circumstances.events(panel.ds[-1] + pd.Timedelta(days=days))
        factors += event_factors(panel, hierarchy, events, days=days, horizon=horizon, config=config.events)
    if effects is not None and circumstances.weather is not None:
        of_categories = effects.log_factors(
            panel, circumstances.weather, days=days, horizon=horizon, config=config.weather
        )
        factors += of_categories[hierarchy.category().groups]
    if not factors.any():
        return UsualPanel(panel, np.ones((len(panel.y), horizon)))
    return UsualPanel(replace(panel, y=panel.y / np.exp(factors[:, :known])), np.exp(factors[:, known:]))
