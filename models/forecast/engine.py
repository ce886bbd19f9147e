"""The engine: everything between a matrix of counts and coherent means and dispersions.

Cells: a power mean of LightGBM, layered and plain members. Sums: brought to a compromise with what each level says on
its own (and Prophet, where it is switched on), by raking the cells, so that all levels add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from features.configuration import ForecastConfig
from models.forecast.baselines import PLAIN
from models.forecast.bases import Pull, issue_cells, rake
from models.forecast.boosting import Booster, belief, fit_onestep, one_step_means, walk
from models.forecast.breaks import move_to_breaks
from models.forecast.distribution import past_dispersions
from models.forecast.drivers import (
    FESTIVAL,
    Calendar,
    Circumstances,
    UsualPanel,
    learn_circumstances,
    period_drivers,
    usual,
)
from models.forecast.followers import Weights, follow, learn_weights
from models.forecast.hierarchy import CELL, Hierarchy, HierarchyLevel, PanelMatrix
from models.forecast.holidays import holiday_factors, holiday_weeks, ordinary_days
from models.forecast.layers import daily_means, layered_means
from models.forecast.members import Floats, PlainMembers, Steps, last_year
from models.forecast.periods import Cadence, cadence_of
from models.forecast.seasonal import SeasonalModels, can_fit, fit_seasonal, prophet_holidays
from models.forecast.weather import WeatherEffects
from models.forecast.wild_counts import bounded


@dataclass(frozen=True)
class Engine:
    """What was learned from a panel.

    Attributes:
        hierarchy: The levels over the cells.
        config: What it was fitted with.
        calendar: Gives the days of coming periods; None knows no holidays.
        boosters: `onestep`; none where the history is too short for it.
        seasonal: Prophet models by level name.
        alpha: Dispersion by level name, one number per series.
        bases: Levels that are issued from a plain forecast, see models/forecast/bases.py.
        circumstances: Where to ask for weather and events.
        weather: What the weather does; None where it is not used.
        followed: How much each own forecast of a level counts, see models/forecast/followers.py.
    """

    hierarchy: Hierarchy
    config: ForecastConfig
    calendar: Calendar | None
    boosters: Mapping[str, Booster]
    seasonal: Mapping[str, SeasonalModels]
    alpha: Mapping[str, Floats]
    bases: Mapping[str, str] = field(default_factory=dict)
    circumstances: Circumstances = field(default_factory=Circumstances)
    weather: WeatherEffects | None = None
    followed: Weights = field(default_factory=dict)

    def cell_means(self, panel: PanelMatrix, horizon: int) -> Floats:
        """Forecast the cells after the panel's last period; every level is a sum of these, cells x horizon."""
        panel = bounded(panel, self.hierarchy, self.config.wild)
        further = horizon + self._reach(panel)
        seen = _undisturbed(
            panel, self.hierarchy, self.circumstances, self.weather, self.calendar, further, self.config
        )
        cells = rake(self.blended(seen.panel, further), self.pulls(seen.panel, further))
        cadence = cadence_of(panel.freq)
        cells = follow(cells, seen.panel.y, self.followed, self.hierarchy, cadence, self.config)
        cells = self._on_holidays(seen.panel, cells)[:, :horizon]
        if self.config.breaks.enabled:
            week = cadence.week or 1
            levels, breaks = breaking_levels(self.hierarchy), self.config.breaks
            cells = move_to_breaks(cells, seen.panel.y, levels, week=week, config=breaks)
        return issue_cells(cells * seen.ahead[:, :horizon], self.plain(panel, horizon), self.hierarchy, self.bases)

    def _reach(self, panel: PanelMatrix) -> int:
        """Return how many more periods are forecast than asked, so that each holiday has weeks on both sides."""
        weekly = not cadence_of(panel.freq).week
        return self.config.further if self.config.holidays.enabled and self.calendar and weekly else 0

    def _on_holidays(self, panel: PanelMatrix, cells: Floats) -> Floats:
        """Move weeks with a holiday that the members do not know well enough."""
        if self.calendar is None or not self._reach(panel):
            return cells
        weeks = holiday_weeks(panel.ds.append(panel.future(cells.shape[1])), self.calendar)
        return cells * holiday_factors(panel.y.sum(axis=0), cells.sum(axis=0), weeks, self.config.holidays)

    def plain(self, panel: PanelMatrix, horizon: int) -> dict[str, Floats]:
        """Return the plain forecasts that some level is issued from, cells x horizon."""
        cadence = cadence_of(panel.freq)
        festival = drivers_of(panel, self.calendar, horizon)[:, FESTIVAL]
        return {name: PLAIN[name](panel.y, cadence, horizon, festival) for name in set(self.bases.values())}

    def blended(self, panel: PanelMatrix, horizon: int) -> Floats:
        """Return the cells' own combination, before the levels above are heard."""
        members = self.member_logs(panel, horizon)
        chosen, power = self.config.weights[panel.freq], self.config.power[panel.freq]
        weights = {name: chosen.get(name, 1.0) for name in members}
        if "onestep" in weights:
            weights["onestep"] *= belief(panel.y, cadence_of(panel.freq), self.config)
        mixed = sum(weights[name] * np.exp(power * member) for name, member in members.items())
        return np.asarray((mixed / sum(weights.values())) ** (1.0 / power))

    def member_logs(self, panel: PanelMatrix, horizon: int) -> dict[str, Floats]:
        """Return the log mean of every member that has a weight, cells x horizon."""
        cadence = cadence_of(panel.freq)
        drivers = drivers_of(panel, self.calendar, horizon)
        steps = Steps.grid([panel.y.shape[1] - 1], range(1, horizon + 1))
        plain = PlainMembers(panel.y, cadence, self.config.members)
        means = {"window": plain.window(steps), "season": plain.season(steps)}
        layered = daily_means if cadence.week else layered_means
        means["layered"] = layered(panel.y, self.hierarchy, cadence, horizon, self.config)
        logs = {name: np.log(np.maximum(mean, cadence.floor)) for name, mean in means.items()}
        if "onestep" in self.boosters:
            logs["onestep"] = walk(self.boosters["onestep"], panel.y, self.hierarchy, cadence, drivers, horizon)
        lowest = np.log(cadence.floor)
        weights = self.config.weights[panel.freq]
        chosen = {name: np.maximum(log, lowest) for name, log in logs.items() if weights.get(name, 0) > 0}
        return chosen or {"window": logs["window"]}

    def pulls(self, panel: PanelMatrix, horizon: int) -> list[Pull]:
        """Return what the levels above the cells ask for."""
        cadence, groupings = cadence_of(panel.freq), groupings_of(self.hierarchy)
        wishes = [
            Pull(groupings[name], last_year(groupings[name].sum(panel.y), cadence, horizon), weight, self.config.doubt)
            for name, weight in self.config.pulls.items()
            if weight > 0 and not cadence.week  # single days of last year are too noisy to follow
        ]
        ds = panel.future(horizon)
        return wishes + [
            Pull(groupings[name], models.mean(ds), self.config.prophet[name]) for name, models in self.seasonal.items()
        ]


def fit_engine(
    panel: PanelMatrix,
    hierarchy: Hierarchy,
    *,
    config: ForecastConfig,
    calendar: Calendar | None = None,
    circumstances: Circumstances | None = None,
    n_jobs: int = 1,
) -> Engine:
    """Learn from all of a panel, wild counts, weather and events taken out of it."""
    told = circumstances or Circumstances()
    panel = bounded(panel, hierarchy, config.wild)
    weather = learn_circumstances(panel, hierarchy, told, config.weather)
    panel = _undisturbed(panel, hierarchy, told, weather, calendar, 1, config).panel
    cadence = cadence_of(panel.freq)
    drivers = drivers_of(panel, calendar, config.horizon)
    onestep = None
    if config.weights[panel.freq].get("onestep", 0) > 0:
        onestep = fit_onestep(panel.y, hierarchy, cadence, drivers, config, threads=n_jobs)
    fitted = None if onestep is None else partial(one_step_means, onestep, panel.y, hierarchy, cadence, drivers)
    return Engine(
        hierarchy,
        config,
        calendar,
        {} if onestep is None else {"onestep": onestep},
        _fit_prophet(panel, hierarchy, config, calendar, n_jobs),
        past_dispersions(panel.y, hierarchy, cadence, config, fitted),
        circumstances=told,
        weather=weather,
        followed=learn_weights(panel.y, hierarchy, cadence, config),
    )


def _undisturbed(
    panel: PanelMatrix,
    hierarchy: Hierarchy,
    told: Circumstances,
    weather: WeatherEffects | None,
    calendar: Calendar | None,
    horizon: int,
    config: ForecastConfig,
) -> UsualPanel:
    """Take weather, events and, from days, what the calendar marks out of a history."""
    seen = usual(panel, hierarchy, told, weather, horizon=horizon, config=config)
    if not cadence_of(panel.freq).week:
        return seen
    days = ordinary_days(seen.panel, hierarchy.category(), calendar, horizon, config.marked_days)
    return UsualPanel(days.panel, seen.ahead * days.ahead)


def groupings_of(hierarchy: Hierarchy) -> dict[str, HierarchyLevel]:
    """Return the three groupings that models know, whatever their columns are called."""
    return {"district": hierarchy.district(), "category": hierarchy.category(), "total": hierarchy.levels[0]}


def breaking_levels(hierarchy: Hierarchy) -> list[HierarchyLevel]:
    """Return the groupings that break as one: categories and districts (offices); the cells where there are neither."""
    found = {level.name: level for level in (hierarchy.category(), hierarchy.district()) if len(level.ids) > 1}
    return list(found.values()) or [hierarchy.levels[-1]]


def drivers_of(panel: PanelMatrix, calendar: Calendar | None, horizon: int) -> Floats:
    """Return the calendar rows of all known and coming periods."""
    cadence: Cadence = cadence_of(panel.freq)
    return period_drivers(panel.ds.append(panel.future(horizon)), days=cadence.days, calendar=calendar)


def _fit_prophet(
    panel: PanelMatrix, hierarchy: Hierarchy, config: ForecastConfig, calendar: Calendar | None, n_jobs: int
) -> dict[str, SeasonalModels]:
    if not can_fit(panel.y.shape[1], panel.freq):
        return {}
    days = cadence_of(panel.freq).days
    ds = panel.ds.append(panel.future(config.horizon))
    holidays = None if calendar is None else prophet_holidays(calendar, ds, days)
    groupings = groupings_of(hierarchy)
    return {
        name: fit_seasonal(groupings[name].sum(panel.y), panel.ds, freq=panel.freq, holidays=holidays, n_jobs=n_jobs)
        for name, weight in config.prophet.items()
        if weight > 0 and groupings[name].name != CELL
    }
