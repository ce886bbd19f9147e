"""What the weather does to each category: learned from the past, taken out of it, put back where weather is forecast.

A heat wave last week says little about the weeks to come: it has to be taken out of the history that they are forecast
from. The weather of coming periods counts only as far as it was forecast by then; beyond that it is climatology, whose
effect is none by definition. Effects are ridge regressions of log counts, against the periods around, on the departure
of temperature and precipitation from what is usual at that time of the year; small categories are drawn to the total.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.configuration.forecaster import WeatherEffectConfig
from models.forecast.hierarchy import HierarchyLevel, PanelMatrix
from models.forecast.members import Floats

Flags = NDArray[np.bool_]

Weather = Callable[[pd.Timestamp, date, date], pd.DataFrame]
"""Moment, first and last day to one row per day as known then: features.weather.weather_frame, its file bound."""

_YEAR: Final = 366
_AROUND: Final = {7: (1, 2, 3, 4), 1: (7, 14, 21)}


@dataclass(frozen=True)
class WeatherEffects:
    """Log effect of one standard deviation of each measure, categories x measures; `scale` are the deviations."""

    effect: Floats
    scale: Floats

    def to_json(self) -> dict[str, list[Any]]:
        """Return plain lists."""
        return {"effect": self.effect.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, values: dict[str, list[Any]]) -> WeatherEffects:
        """Read what `to_json` wrote."""
        return cls(np.asarray(values["effect"]), np.asarray(values["scale"]))

    def log_factors(
        self, panel: PanelMatrix, weather: Weather, *, days: int, horizon: int, config: WeatherEffectConfig
    ) -> Floats:
        """Return what the weather does to known and coming periods, categories x periods."""
        departures = weather_departures(panel, weather, days=days, horizon=horizon, half_season=config.half_season)
        return np.asarray(np.clip(self.effect @ (departures / self.scale).T, -config.largest, config.largest))


def weather_departures(panel: PanelMatrix, weather: Weather, *, days: int, horizon: int, half_season: int) -> Floats:
    """Return how far each known and coming period departs from the season's usual weather, periods x measures.

    Zero where nothing was known by the end of the panel: climatology does not depart from itself.
    """
    ds = panel.ds.append(panel.future(horizon)) if horizon else panel.ds
    known_at = panel.ds[-1] + pd.Timedelta(days=days)
    rows = weather(known_at, ds[0].date(), (ds[-1] + pd.Timedelta(days=days - 1)).date())
    day = pd.DatetimeIndex(rows["date"])
    observed = (rows["source"] == "observed").to_numpy()
    told = (rows["source"] != "climatology").to_numpy()
    values = np.column_stack([rows["tmax"].to_numpy(dtype=float), np.log1p(rows["prcp"].to_numpy(dtype=float))])
    departure = np.where(told[:, None] & np.isfinite(values), values - _usual(values, day, observed, half_season), 0.0)
    return np.asarray(np.nan_to_num(departure).reshape(len(ds), days, -1).mean(axis=1))


def learn_weather(
    panel: PanelMatrix, category: HierarchyLevel, weather: Weather, *, days: int, config: WeatherEffectConfig
) -> WeatherEffects:
    """Learn the effects from a panel and the weather known at its end."""
    departures = weather_departures(panel, weather, days=days, horizon=0, half_season=config.half_season)
    scale = np.maximum(departures.std(axis=0), 1e-6)
    z = departures / scale
    counts = category.sum(panel.y)
    usual = np.column_stack([_around(column, days) for column in z.T])
    x = z - np.nan_to_num(usual)
    around = np.stack([_around(row, days) for row in counts])
    known = np.asarray(np.isfinite(around).all(axis=0))
    total = _ridge(counts.sum(axis=0)[None], around.sum(axis=0)[None], x, known, np.zeros((1, x.shape[1])), config)
    return WeatherEffects(_ridge(counts, around, x, known, total, config), scale)


def _ridge(y: Floats, around: Floats, x: Floats, known: Flags, prior: Floats, config: WeatherEffectConfig) -> Floats:
    """Return effects per series: weighted least squares of log ratios, drawn to the prior."""
    kept, usual = x[known], around[:, known]
    weight = usual / (usual + config.tickets)
    left = np.log((y[:, known] + 1.0) / (usual + 1.0)) - prior @ kept.T
    gram = np.einsum("st,ti,tj->sij", weight, kept, kept) + config.ridge * np.eye(x.shape[1])
    moment = np.einsum("st,ti,st->si", weight, kept, left)
    return np.asarray(prior + np.linalg.solve(gram, moment[..., None])[..., 0])


def _around(series: Floats, days: int) -> Floats:
    """Return the mean of the periods around each period (daily: of the same weekday); NaN at the ends."""
    shifted = []
    for step in _AROUND[days]:
        for shift in (-step, step):
            rolled = np.roll(series, shift).astype(float)
            rolled[slice(0, shift) if shift > 0 else slice(shift, None)] = np.nan
            shifted.append(rolled)
    return np.asarray(np.mean(shifted, axis=0))


def _usual(values: Floats, day: pd.DatetimeIndex, observed: Floats, half: int) -> Floats:
    """Return the observed mean around each day's day of the year."""
    place = day.day_of_year.to_numpy() - 1
    good = observed[:, None] & np.isfinite(values)
    usual = np.empty_like(values)
    for column in range(values.shape[1]):
        keep = good[:, column]
        total = np.bincount(place[keep], weights=values[keep, column], minlength=_YEAR)
        count = np.bincount(place[keep], minlength=_YEAR).astype(float)
        smooth = [
            np.convolve(np.tile(part, 3), np.ones(2 * half + 1), "same")[_YEAR : 2 * _YEAR] for part in (total, count)
        ]
        usual[:, column] = (smooth[0] / np.maximum(smooth[1], 1.0))[place]
    return usual
