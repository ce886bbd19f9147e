"""The promotion gate: a written rule by which a challenger becomes champion, or does not, weeks and days apart.

What is judged is what would be issued: the model, and at a level where a plain forecast was better, that one
(`models/forecast/skill.py`). On the same folds a challenger is let through when

1. it is better than last year's period, the same-week mean and the forecast of nothing at more than half of the levels
   that are issued from it, by pinball loss, RMSSE and, where counts are large enough for it, WAPE,
2. its pinball loss over cells is at most `pinball_tolerance` (1 %) above the champion's, and
3. its pinball loss, RMSSE and WAPE are at most `level_tolerance` (5 %) above the champion's at no level.

The tolerances are noise: a weekly retraining on one more week must not be refused for the third decimal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from features.configuration import TrainConfig
from features.vocabulary import Frequency
from models.forecast.hierarchy import CELL
from models.forecast.skill import MEASURES, MODEL, LevelJudgement
from pipelines.tracking.registry import GATE_TAG, VERDICT_TAG

NAMES: Final = {
    "seasonal_naive": "last year's period",
    "same_week_mean": "the same-week mean",
    "zero": "a forecast of nothing",
}
_CADENCE: Final = {Frequency.WEEKLY: "weeks", Frequency.DAILY: "days"}
_SAID: Final = {"pinball": "pinball loss", "rmsse": "RMSSE", "wape": "WAPE"}


@dataclass(frozen=True)
class GateVerdict:
    """What the gate decided, in a sentence that a person can check against the table.

    Attributes:
        promote: Whether the challenger is let through.
        reason: Why.
        levels: How each level fared against what a planner knows without a model.
    """

    promote: bool
    reason: str
    levels: Mapping[str, LevelJudgement] = field(default_factory=dict)

    @property
    def better(self) -> tuple[str, ...]:
        """The levels at which the model was better than what a planner knows without it."""
        return tuple(level for level, one in self.levels.items() if one.is_better)

    def records(self) -> list[dict[str, Any]]:
        """Return one JSON-ready row per level."""
        return [
            {"level": level, "better": one.is_better, "issued_from": one.base, "rival": one.rival,
             "skill": round(one.skill, 4), "folds": one.folds}
            for level, one in self.levels.items()
        ]  # fmt: skip


def judge(
    levels: Mapping[str, LevelJudgement],
    config: TrainConfig,
    *,
    issued: pd.DataFrame | None = None,
    champion: pd.DataFrame | None = None,
) -> GateVerdict:
    """Decide on a challenger.

    Args:
        levels: How each level fared, see `models.forecast.skill.judge_levels`.
        config: The tolerances.
        issued: What the challenger would issue: index `level`, columns `pinball, rmsse, wape` (NaN where it is not
            heard), on the series and periods that both know. None where there is no champion to meet.
        champion: The champion's losses on the same.

    Returns:
        The verdict; its reason names the numbers that decided.
    """
    verdict = GateVerdict(False, _at_levels(levels), levels)
    own = [one for one in levels.values() if one.base == MODEL]
    if 2 * sum(one.is_better for one in own) <= len(own):
        return verdict
    if issued is None or champion is None:
        return GateVerdict(True, f"first champion: {verdict.reason}", levels)
    problem = _worse(issued, champion, config)
    return GateVerdict(not problem, problem or f"{verdict.reason}; {_beside(issued, champion)}", levels)


def of_halves(verdicts: Mapping[Frequency, GateVerdict]) -> GateVerdict:
    """Return the verdict on a version: it is let through with what was let through in it, weeks or days or both.

    Args:
        verdicts: Per cadence, weekly first.
    """
    if len(verdicts) == 1:
        return next(iter(verdicts.values()))
    said = [
        f"{_CADENCE[freq]}: {one.reason}{'' if one.promote else ' (not let through)'}" for freq, one in verdicts.items()
    ]
    levels = {f"{freq.adverb}.{level}": found for freq, one in verdicts.items() for level, found in one.levels.items()}
    return GateVerdict(any(one.promote for one in verdicts.values()), "; ".join(said), levels)


def tags_of(verdict: GateVerdict) -> dict[str, str]:
    """Return what a version remembers of its verdict."""
    said = {VERDICT_TAG: f"{'promoted' if verdict.promote else 'not promoted'}: {verdict.reason}"}
    return said | ({GATE_TAG: f"{len(verdict.better)}/{len(verdict.levels)}"} if verdict.levels else {})


def _at_levels(levels: Mapping[str, LevelJudgement]) -> str:
    better = sum(one.is_better for one in levels.values())
    said = f"better than last year's period, the same-week mean and nothing at {better} of {len(levels)} levels"
    lost = [
        f"{level}: {abs(one.skill):.0%} behind {NAMES[one.rival]}{_instead(one)}"
        for level, one in levels.items()
        if not one.is_better
    ]
    return f"{said} ({', '.join(lost)})" if lost else said


def _instead(one: LevelJudgement) -> str:
    return f", issued from {NAMES[one.base]}" if one.base != MODEL else ""


def _worse(issued: pd.DataFrame, champion: pd.DataFrame, config: TrainConfig) -> str:
    """Return by what the challenger is worse than the champion, '' where it is not."""
    table = issued.join(champion.add_suffix("_champion"), how="inner")
    limits = [((CELL,), ("pinball",), config.pinball_tolerance), (table.index, MEASURES, config.level_tolerance)]
    for of_levels, measures, tolerance in limits:
        for level in of_levels:
            for measure in measures:
                ours, theirs = (float(table.loc[level, name]) for name in (measure, f"{measure}_champion"))
                if ours > theirs * (1 + tolerance):
                    return f"{_SAID[measure]} at level {level} {ours:.4f} is above the champion's {theirs:.4f}"
    return ""


def _beside(issued: pd.DataFrame, champion: pd.DataFrame) -> str:
    ours, theirs = (float(table.loc[CELL, "pinball"]) for table in (issued, champion))
    return f"pinball loss over cells {ours:.4f}, champion {theirs:.4f}"
