"""The part `[forecast.follow]`: levels that are forecast on their own, see models/forecast/followers.py."""

from __future__ import annotations

from features.configuration.part import ConfigPart, key


class FollowConfig(ConfigPart):
    """Levels above the cells, and dense cells, forecast on their own by exponential smoothing; weekly panels."""

    share: float = key(0.4, unit="share", ge=0, le=1)
    """Share of a level's own forecasts against the sum of its cells; 0 follows nothing."""
    ahead: int = key(8, unit="weeks", ge=1)
    """Errors at past origins are measured over so many weeks ahead."""
    judged_weeks: int = key(52, unit="weeks", ge=1)
    """How far back those origins lie."""
    judged_every: int = key(8, unit="weeks", ge=1)
    """Their distance."""
    shortest: int = key(26, unit="weeks", ge=4)
    """Weeks that the first of them knows."""
    sharpness: float = key(8.0, ge=0)
    """Weights of a level's own forecasts are their errors to minus this power."""
    rates: tuple[float, ...] = key((0.03, 0.06, 0.1, 0.15, 0.22, 0.32, 0.5, 0.75))
    """Smoothing rates of the level that are tried."""
    trends: tuple[tuple[float, float], ...] = key(((0.0, 1.0), (0.1, 0.9), (0.3, 0.8)))
    """Trends that are tried: rate against the level's, and damping."""
    error_half_life: float = key(52.0, unit="weeks", gt=0)
    """After so long an error says half as much about the parameters."""
    together: float = key(3.0, unit="series", ge=0)
    """What the mean over all series of a level is worth in the choice of one series' parameters."""
    history: int = key(208, unit="weeks", ge=8)
    """Weeks that are smoothed."""
    dense: float = key(2.0, unit="tickets a week", ge=0)
    """Cells from this mean on are smoothed themselves."""
    half_dense: float = key(10.0, unit="tickets a week", gt=0)
    """A cell of this mean gives its own smoothing half of the share."""
    dense_share: float = key(0.5, unit="share", ge=0, le=1)
    """That share, of cells with very many tickets."""
