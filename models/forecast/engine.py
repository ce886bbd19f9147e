"""The engine: everything between a matrix of counts and coherent means and dispersions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.forecast.boosting import Booster, fit_booster
from models.forecast.cadence import ForecastConfig, cadence_of
from models.forecast.design import DesignBuilder
from models.forecast.distribution import dispersions
from models.forecast.drivers import Calendar, period_drivers
from models.forecast.hierarchy import CELL, Hierarchy, Level, PanelMatrix
from models.forecast.reconcile import Pull, rake
from models.forecast.seasonal import SeasonalModels, can_fit, fit_seasonal
from models.forecast.windows import Floats, Steps

_SMALLEST = 1e-3


@dataclass(frozen=True)
class Engine:
    """What was learned from a panel.

    Attributes:
        hierarchy: The levels over the cells.
        config: What it was fitted with.
        calendar: Gives the days of coming periods; None knows no holidays.
        booster: The global LightGBM; None where the history is too short.
        seasonal: Prophet models by level name.
        alpha: Dispersion by level name, one number per series.
    """

    hierarchy: Hierarchy
    config: ForecastConfig
    calendar: Calendar | None
    booster: Booster | None
    seasonal: Mapping[str, SeasonalModels]
    alpha: Mapping[str, Floats]

    def cell_means(self, panel: PanelMatrix, horizon: int) -> Floats:
        """Forecast the cells after the panel's last period; every level is a sum of these, cells x horizon."""
        builder = _builder(panel, self.hierarchy, self.calendar, horizon)
        steps = Steps.grid([panel.y.shape[1] - 1], range(1, horizon + 1))
        cells = _blend(builder, self.booster, steps, self.config)
        ds = panel.future(horizon)
        pulls = [Pull(self.hierarchy[name], models.mean(ds), 0.3) for name, models in self.seasonal.items()]
        return rake(cells, pulls) if pulls else cells


def fit_engine(
    panel: PanelMatrix,
    hierarchy: Hierarchy,
    *,
    config: ForecastConfig,
    calendar: Calendar | None = None,
    n_jobs: int = 1,
) -> Engine:
    """Learn from all of a panel."""
    builder = _builder(panel, hierarchy, calendar, config.horizon)
    booster = fit_booster(builder, config, objective={"objective": "poisson"}, threads=max(n_jobs, 1))
    seasonal = {}
    if config.prophet and can_fit(panel.y.shape[1], panel.freq):
        for level in _seasonal_levels(hierarchy):
            seasonal[level.name] = fit_seasonal(
                level.sum(panel.y), panel.ds, freq=panel.freq, holidays=None, n_jobs=n_jobs
            )
    alpha = _alphas(builder, booster, hierarchy, config)
    return Engine(hierarchy, config, calendar, booster, seasonal, alpha)


def _seasonal_levels(hierarchy: Hierarchy) -> list[Level]:
    chosen = {level.name: level for level in (hierarchy.place(), hierarchy.matter(), hierarchy.levels[0])}
    return [level for level in chosen.values() if level.name != CELL]


def _builder(panel: PanelMatrix, hierarchy: Hierarchy, calendar: Calendar | None, horizon: int) -> DesignBuilder:
    cadence = cadence_of(panel.freq)
    ds = panel.ds.append(panel.future(horizon))
    drivers = period_drivers(ds, days=7 if panel.freq == "W" else 1, calendar=calendar)
    return DesignBuilder(panel.y, hierarchy, cadence, drivers)


def _blend(builder: DesignBuilder, booster: Booster | None, steps: Steps, config: ForecastConfig) -> Floats:
    design = builder.at(steps)
    log_model = design.offset if booster is None else booster.log_mean(design)
    window = np.log(np.maximum(builder.trailing_mean(steps), _SMALLEST))
    weights = config.weights
    blended = weights["poisson"] * log_model + weights["window"] * window
    return np.asarray(np.exp(blended / sum(weights.values())))


def _alphas(
    builder: DesignBuilder, booster: Booster | None, hierarchy: Hierarchy, config: ForecastConfig
) -> dict[str, Floats]:
    periods = builder.y.shape[1]
    ahead = max(1, min(4, config.horizon, periods // 8))
    first = max(2, periods - 1 - ahead - config.dispersion_periods)
    steps = Steps.grid(np.arange(first, periods - ahead), [ahead])
    means = _blend(builder, booster, steps, config)
    actual = builder.y[:, steps.target]
    return {
        level.name: dispersions(level.sum(actual), level.sum(means), shrink=config.dispersion_shrink)
        for level in hierarchy.levels
    }
