"""Why a forecast is what it is: six drivers in tickets that add up to the mean.

They answer a planner's questions by comparison, not by taking trees apart: what is usual here (the trailing mean), what
last year's same periods add to it (season), what the days off of the coming period change (the same model asked without
its calendar), what the weather and the event register change (asked without them), and what is left, which the model
has from recent weeks (recent change).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from models.forecast.cadence import cadence_of
from models.forecast.circumstances import Circumstances
from models.forecast.engine import Engine
from models.forecast.hierarchy import PanelMatrix
from models.forecast.members import PlainMembers
from models.forecast.windows import Floats, Steps

DRIVERS: Final = ("usual_level", "season", "holiday", "weather", "event", "recent_change")


def explain_cells(engine: Engine, panel: PanelMatrix, horizon: int) -> dict[str, Floats]:
    """Split the means of the cells into drivers.

    Args:
        engine: The fitted engine.
        panel: The history to forecast from.
        horizon: Periods ahead.

    Returns:
        `mean` and the `DRIVERS`, each cells x horizon; the drivers add up to the mean.
    """
    mean = engine.cell_means(panel, horizon)
    told = engine.circumstances
    no_events = _asked(replace(engine, circumstances=replace(told, events=None)), panel, horizon, told.events, mean)
    bare = replace(engine, circumstances=Circumstances())
    no_weather = _asked(bare, panel, horizon, engine.weather and told.weather, no_events)
    without = _asked(replace(bare, calendar=None), panel, horizon, engine.calendar, no_weather)
    members = PlainMembers(panel.y, cadence_of(panel.freq), engine.config.members)
    steps = Steps.grid([panel.y.shape[1] - 1], range(1, horizon + 1))
    level = members.window(steps)
    season = members.season(steps) - level
    return {
        "mean": mean,
        "usual_level": level,
        "season": season,
        "holiday": no_weather - without,
        "weather": no_events - no_weather,
        "event": mean - no_events,
        "recent_change": without - level - season,
    }


def _asked(engine: Engine, panel: PanelMatrix, horizon: int, left_out: object, otherwise: Floats) -> Floats:
    """Ask an engine that lacks something; the same answer as with it where there was nothing to leave out."""
    return otherwise if left_out is None else engine.cell_means(panel, horizon)
