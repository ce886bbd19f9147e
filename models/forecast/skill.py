"""How much better than a planner's own forecasts a model is at each level, by measures that no trick wins.

Pinball loss is least where the quantiles are right, RMSSE where the mean is: its root is taken over all series of a
level, because the mean of their roots would be least for zeros where little comes. WAPE is least at the median, zero
where hardly anything comes: it is heard only where a series has `wape_from` tickets a period on average. A forecast of
nothing competes like any other, so that no number of zeros passes for skill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from features.configuration.forecaster import BaseConfig
from models.forecast.baselines import PLAIN
from models.metrics import pinball

MODEL: Final = "weisu"
ZERO: Final = "zero"
"""The forecast that nothing comes."""

RIVALS: Final = (*PLAIN, ZERO)
MEASURES: Final = ("pinball", "rmsse", "wape")
SCALE: Final = "naive_square"
"""Column of predictions: the mean squared step of the series before the first cutoff, NaN where it never moved."""

_LEAST_SCALE: Final = 1.0
"""A squared step below this counts as this: a series that was silent must not decide by its first ticket."""

_QUANTILES: Final = {0.1: "p10", 0.5: "p50", 0.9: "p90"}
_FOLD: Final = ["level", "model", "cutoff"]


@dataclass(frozen=True)
class LevelJudgement:
    """How a level fared on the folds, and what it is issued from.

    Attributes:
        base: `weisu`, or the plain forecast that was better there, clearly and again and again.
        rival: The strongest of `RIVALS`.
        skill: Of the model against it, between -1 and 1: 0.1 errs less by a tenth, -0.1 errs more by as much.
        folds: How many were looked at.
    """

    base: str
    rival: str
    skill: float
    folds: int

    @property
    def is_better(self) -> bool:
        """Whether the model was better than all of them."""
        return self.skill > 0


def losses(predictions: pd.DataFrame, *, wape_from: float, by: Sequence[str] = _FOLD) -> pd.DataFrame:
    """Return what forecasts lost per level, model and fold.

    Args:
        predictions: `level, model, cutoff, ds, y, mean, p10, p50, p90, naive_square`.
        wape_from: Tickets per series and period from which on WAPE is heard.
        by: What is scored together; ends with the fold, or leaves it out.

    Returns:
        Index `by`; `pinball` (weighted, over p10, p50, p90), `rmsse`, and `wape`, NaN where the level's counts are too
        small for it, or nothing came.
    """
    y, error = predictions["y"], predictions["mean"] - predictions["y"]
    quantiles = [pinball(y, predictions[name], level) for level, name in _QUANTILES.items()]
    scale = predictions[SCALE].fillna(0).clip(lower=_LEAST_SCALE)
    rows = predictions[[*by, "y"]].assign(
        pinball=2 * np.mean(quantiles, axis=0), error=error.abs(), square=error**2 / scale, rows=1.0
    )
    sums = rows.groupby([*by], sort=False).sum()
    happened = sums["y"].where(sums["y"] > 0)
    return pd.DataFrame(
        {
            "pinball": sums["pinball"] / happened,
            "rmsse": np.sqrt(sums["square"] / sums["rows"]),
            "wape": (sums["error"] / happened).where(sums["y"] >= wape_from * sums["rows"]),
        }
    )


def with_zero(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with those of `ZERO` on the rows of the model."""
    nothing = dict.fromkeys(("mean", *_QUANTILES.values()), 0.0)
    return pd.concat(
        [predictions, predictions[predictions["model"] == MODEL].assign(model=ZERO, **nothing)], ignore_index=True
    )


def judge_levels(
    predictions: pd.DataFrame, config: BaseConfig, *, cutoff: pd.Timestamp | None = None
) -> dict[str, LevelJudgement]:
    """Judge the model at every level against what a planner knows without it, on folds that are over.

    A plain forecast is the base of a level where it was the better one by more than `margin` of the model's loss and by
    more than `significance` standard errors over folds. Fewer than `fewest_folds` folds replace nothing. A level where
    the forecast of nothing wins stays with the model, and counts as one where the model is not better.

    Args:
        predictions: As of `losses`, of the model and of the plain forecasts, on common folds.
        config: By how much it must have been better.
        cutoff: Only folds whose last target is known by then count, the newest `fewest_folds` of them; all when None.

    Returns:
        Levels with a judgement; none where there is no fold to judge by.
    """
    rows = predictions[predictions["model"].isin([MODEL, *PLAIN])]
    if cutoff is not None:
        over = rows.groupby("cutoff")["ds"].max()
        rows = rows[rows["cutoff"].isin(over[over <= cutoff].index.sort_values()[-config.fewest_folds :])]
    if rows.empty:
        return {}
    lost = losses(with_zero(rows), wape_from=config.wape_from)
    return {
        str(level): judged
        for level, of_level in lost.groupby(level="level", sort=False)
        if (judged := _judged(of_level.droplevel("level"), config)) is not None
    }


def _judged(lost: pd.DataFrame, config: BaseConfig) -> LevelJudgement | None:
    """Judge one level (index: model, cutoff)."""
    models = lost.index.get_level_values("model").unique()
    if MODEL not in models:
        return None
    leads = {name: _skills(lost.loc[MODEL], lost.loc[name]) for name in RIVALS if name in models}
    leads = {name: lead for name, lead in leads.items() if len(lead)}
    if not leads:
        return None
    rival = min(leads, key=lambda name: float(leads[name].mean()))
    better = [name for name, lead in leads.items() if name in PLAIN and _clearly_behind(lead, config)]
    base = min(better, key=lambda name: float(leads[name].mean()), default=MODEL)
    return LevelJudgement(base, rival, float(leads[rival].mean()), len(leads[rival]))


def _skills(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.Series:
    """Return the skill per fold, averaged over the measures: 1 - ours / theirs, or the same the other way round."""
    largest = np.maximum(ours, theirs)
    ratio = ((theirs - ours) / largest.where(largest > 0)).where(largest != 0, 0.0)
    return ratio.mean(axis=1).dropna()


def _clearly_behind(lead: pd.Series, config: BaseConfig) -> bool:
    if len(lead) < config.fewest_folds:
        return False
    behind, error = -float(lead.mean()), float(lead.std(ddof=1)) / np.sqrt(len(lead))
    return behind > config.margin and behind > config.significance * error
