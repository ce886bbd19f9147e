"""Why a forecast is what it is: four drivers in tickets that add up to the mean.

They answer a planner's questions by comparison, not by taking trees apart: what is usual here (the trailing mean), what
last year's same periods add to it (season), what the days off of the coming period change (the same model asked without
its calendar), and what is left, which the model has from recent weeks (recent change). Weather is not a driver: the
model does not use it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from models.forecast.cadence import cadence_of
from models.forecast.engine import Engine
from models.forecast.hierarchy import PanelMatrix
from models.forecast.members import PlainMembers
from models.forecast.windows import Floats, Steps

DRIVERS: Final = ("usual_level", "season", "holiday", "recent_change")


def explain_cells(engine: Engine, panel: PanelMatrix, horizon: int) -> dict[str, Floats]:
    """Split the means of the cells into drivers.

    Args:
        engine: The fitted engine.
        panel: The history to forecast from.
        horizon: Periods ahead.

    Returns:
        `mean` and the four `DRIVERS`, each cells x horizon; the drivers add up to the mean.
    """
    mean = engine.cell_means(panel, horizon)
    without = mean if engine.calendar is None else replace(engine, calendar=None).cell_means(panel, horizon)
    members = PlainMembers(panel.y, cadence_of(panel.freq))
    steps = Steps.grid([panel.y.shape[1] - 1], range(1, horizon + 1))
    level = members.window(steps)
    season = members.season(steps) - level
    return {
        "mean": mean,
        "usual_level": level,
        "season": season,
        "holiday": mean - without,
        "recent_change": without - level - season,
    }
