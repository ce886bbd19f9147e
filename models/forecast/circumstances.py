"""What moved the counts and is known: weather and registered events, taken out of history and put back ahead."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.configuration import ForecastConfig
from features.configuration.forecast import WeatherEffectConfig
from models.forecast.cadence import cadence_of
from models.forecast.events import Events, event_factors
from models.forecast.hierarchy import Hierarchy, PanelMatrix
from models.forecast.weather import Weather, WeatherEffects, learn_weather
from models.forecast.windows import Floats


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
    return learn_weather(panel, hierarchy.matter(), circumstances.weather, days=days, config=config)


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
        of_matters = effects.log_factors(
            panel, circumstances.weather, days=days, horizon=horizon, config=config.weather
        )
        factors += of_matters[hierarchy.matter().groups]
    if not factors.any():
        return UsualPanel(panel, np.ones((len(panel.y), horizon)))
    return UsualPanel(replace(panel, y=panel.y / np.exp(factors[:, :known])), np.exp(factors[:, known:]))
