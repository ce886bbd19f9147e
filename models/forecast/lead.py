"""How much less a forecast knows of a period that lies further ahead: dispersion by lead.

A model's dispersions hold for the periods right after its history. Where the newest counts are late, the periods that a
planner asks for lie further ahead, and their dispersion grows by what the plain members have erred more at that lead,
and by a share for each week of it, because a city may change as its past does not show.
"""

from __future__ import annotations

from collections.abc import Mapping

from features.configuration import ForecastConfig
from models.forecast.distribution import plain_errors
from models.forecast.hierarchy import Hierarchy
from models.forecast.members import Floats
from models.forecast.periods import Cadence


def dispersions_at(
    alpha: Mapping[str, Floats],
    y: Floats,
    hierarchy: Hierarchy,
    cadence: Cadence,
    config: ForecastConfig,
    *,
    further: int,
) -> dict[str, Floats]:
    """Return dispersions for periods that lie further ahead than right after the history.

    Args:
        alpha: Level -> dispersion of each series for the periods right after the history.
        y: The history, cells x known periods.
        hierarchy: The levels.
        cadence: Year and week.
        config: By how much dispersion grows with the lead in any case.
        further: Periods between the end of the history and the first one that is asked for; 0 changes nothing.

    Returns:
        The same shape, nowhere smaller.
    """
    if not further:
        return dict(alpha)
    weeks = further * cadence.days / 7
    seen = _seen_growth(y, hierarchy, cadence, config, further)
    return {name: values * (1 + config.lead_growth * weeks) + seen.get(name, 0.0) for name, values in alpha.items()}


def _seen_growth(
    y: Floats, hierarchy: Hierarchy, cadence: Cadence, config: ForecastConfig, further: int
) -> dict[str, float]:
    """Return by how much the plain members' pooled dispersion grew at leads up to this one, per level."""
    usual = plain_errors(y, hierarchy, cadence, config, further=0)
    leads = sorted({-(-further * part // 4) for part in (1, 2, 3, 4)})
    found = [plain_errors(y, hierarchy, cadence, config, further=lead) for lead in leads]
    return {name: max(0.0, *(one.get(name, 0.0) - usual[name] for one in found)) for name in usual}
