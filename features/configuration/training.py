"""The `[train]` section: what a training fits, measures and reads."""

from __future__ import annotations

from features.configuration.part import ConfigPart, key


class TrainConfig(ConfigPart):
    """What a training fits, on how much history, and on how many folds it is measured."""

    daily: bool = True
    """Also fit the daily forecaster, whose bundle travels with the weekly one."""
    daily_origins: int = key(3, unit="folds", ge=0, le=26)
    """Folds of two weeks on which the daily forecaster is measured and judged; 0 judges nothing."""
    gate_origins: int = key(3, unit="folds", ge=1, le=26)
    """Folds on which champion, challenger and the plain forecasts meet, weekly."""
    history_weeks: int = key(260, unit="weeks", ge=26)
    """At most this much history is used."""
    daily_history: int = key(730, unit="days", ge=60)
    """Days of history under the daily forecaster."""
    pinball_tolerance: float = key(0.01, unit="share", ge=0)
    """A challenger's pinball loss over cells may be this much above the champion's: noise of one more week."""
    level_tolerance: float = key(0.05, unit="share", ge=0)
    """A challenger's pinball loss, RMSSE and WAPE may be this much above the champion's at any level."""
