"""The models that a backtest sets beside each other: ours, its parts, and what a planner does without it.

Each takes what was known at a cutoff and returns means of the cells and one dispersion per series and level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Final

import numpy as np

from features.configuration import ForecastConfig
from models.errors import PanelContractError
from models.forecast.baselines import PLAIN, Plain, window_mean
from models.forecast.distribution import dispersions
from models.forecast.drivers import DAYS_OFF, FESTIVAL, Calendar, Circumstances, period_drivers
from models.forecast.engine import Engine, fit_engine, groupings_of
from models.forecast.hierarchy import Hierarchy, HierarchyLevel, PanelMatrix
from models.forecast.members import Floats
from models.forecast.peers import NEEDS, PeerFit, fit_peer
from models.forecast.periods import CADENCES, Cadence, cadence_of

_PAST_ORIGINS: Final = 26


@dataclass(frozen=True)
class RivalInput:
    """What a rival may use at a cutoff."""

    panel: PanelMatrix
    hierarchy: Hierarchy
    calendar: Calendar | None
    config: ForecastConfig
    horizon: int
    circumstances: Circumstances = field(default_factory=Circumstances)
    peer_fit: PeerFit = fit_peer

    @cached_property
    def engine(self) -> Engine:
        """Our engine, fitted once for all rivals that are parts of it."""
        return fit_engine(
            self.panel,
            self.hierarchy,
            config=self.config,
            calendar=self.calendar,
            circumstances=self.circumstances,
        )

    def outcome(self, **changes: Any) -> RivalForecast:
        """Return the engine's forecast, with parts of its combination changed."""
        engine = replace(self.engine, config=self.config.model_copy(update=changes))
        if not engine.config.prophet:
            engine = replace(engine, seasonal={})
        return RivalForecast(engine.cell_means(self.panel, self.horizon), engine.alpha)


@dataclass(frozen=True)
class RivalForecast:
    """A rival's forecast.

    Attributes:
        mean: Means of the cells, cells x horizon.
        alpha: Dispersion per level, one number per series.
        by_level: Means per level of a rival that forecasts each level on its own; then only these levels are scored.
    """

    mean: Floats
    alpha: Mapping[str, Floats]
    by_level: Mapping[str, Floats] | None = None

    def mean_of(self, level: HierarchyLevel) -> Floats | None:
        """Return the means of a level, None where the rival has none."""
        return level.sum(self.mean) if self.by_level is None else self.by_level.get(level.name)


Rival = Callable[[RivalInput], RivalForecast]


def _weisu(known: RivalInput) -> RivalForecast:
    return known.outcome()


def _without_prophet(known: RivalInput) -> RivalForecast:
    return known.outcome(prophet={})


def _lightgbm(known: RivalInput) -> RivalForecast:
    """Use only the recursive LightGBM."""
    alone = {freq: {"onestep": 1.0} for freq in CADENCES}
    off = {"enabled": False}
    breaks, holidays = (part.model_copy(update=off) for part in (known.config.breaks, known.config.holidays))
    return known.outcome(prophet={}, pulls={}, breaks=breaks, holidays=holidays, weights=alone)


def _prophet(known: RivalInput) -> RivalForecast:
    """Fit Prophet on each level above the cells by itself: strong there, not coherent, and too slow for cells."""
    plain = _simple(known, method=_window)
    weights = {known.panel.freq: {"window": 1.0}}
    levels = {"district": 1.0, "category": 1.0, "total": 1.0}
    config = known.config.model_copy(update={"prophet": levels, "weights": weights})
    engine = fit_engine(known.panel, known.hierarchy, config=config, calendar=known.calendar)
    groupings, ds = groupings_of(known.hierarchy), known.panel.future(known.horizon)
    by_level = {groupings[name].name: models.mean(ds) for name, models in engine.seasonal.items()}
    return RivalForecast(plain.mean, engine.alpha, by_level)


def _library(known: RivalInput, *, name: str) -> RivalForecast:
    """Give a library's means the count distribution of the plain members: its own intervals go below zero."""
    panel = known.panel
    ds = panel.ds.append(panel.future(known.horizon))
    drivers = period_drivers(ds, days=cadence_of(panel.freq).days, calendar=known.calendar)
    mean = known.peer_fit(
        name,
        y=panel.y,
        ds=ds.to_numpy(),
        days_off=drivers[:, DAYS_OFF],
        groups=np.stack([known.hierarchy.category().groups, known.hierarchy.district().groups]),
        freq=panel.freq,
    )
    return replace(_simple(known, method=_window), mean=mean)


def _simple(known: RivalInput, *, method: Plain) -> RivalForecast:
    y, cadence = known.panel.y, cadence_of(known.panel.freq)
    ds = known.panel.ds.append(known.panel.future(known.horizon))
    drivers = period_drivers(ds, days=cadence.days, calendar=known.calendar)
    festival = drivers[:, FESTIVAL]
    mean = method(y, cadence, known.horizon, festival)
    shortest = max(2, y.shape[1] // 2)
    cutoffs = range(max(shortest, y.shape[1] - _PAST_ORIGINS), y.shape[1])
    past = np.concatenate([method(y[:, :cut], cadence, 1, festival) for cut in cutoffs], axis=1)
    actual = y[:, cutoffs.start : cutoffs.stop]
    shrink = known.config.dispersion_shrink
    alpha = {
        level.name: dispersions(level.sum(actual), level.sum(past), shrink=shrink) for level in known.hierarchy.levels
    }
    return RivalForecast(mean, alpha)


def _window(y: Floats, cadence: Cadence, horizon: int, _festival: Floats) -> Floats:
    return window_mean(y, cadence.main, horizon)


RIVALS: Final[dict[str, Rival]] = {
    "weisu": _weisu,
    "weisu_without_prophet": _without_prophet,
    "lightgbm": _lightgbm,
    "prophet": _prophet,
    **{name: partial(_library, name=name) for name in NEEDS},
    **{name: partial(_simple, method=method) for name, method in PLAIN.items()},
    "window_mean": partial(_simple, method=_window),
}


def rival(name: str) -> Rival:
    """Return a rival by name.

    Raises:
        PanelError: There is none of that name.
    """
    if name not in RIVALS:
        raise PanelContractError(f"no model {name!r} to backtest", hint=f"choose from {', '.join(RIVALS)}")
    return RIVALS[name]
