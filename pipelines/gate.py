"""The promotion gate: a written rule by which a challenger becomes champion, or does not.

Champion, challenger and seasonal-naive meet on the same folds. The challenger is promoted when

1. its WAPE over cells is below seasonal-naive's,
2. its pinball loss over cells is at most `pinball_tolerance` (1 %) above the champion's, and
3. its WAPE is at most `wape_tolerance` (5 %) above the champion's at no level (cells, categories, districts, total).

The tolerances are noise: a weekly retraining on one more week must not be refused for the third decimal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from features.configuration import TrainConfig

JUDGED_LEVELS: Final = ("cell", "category", "district", "total")


@dataclass(frozen=True)
class GateVerdict:
    """What the gate decided, in a sentence that a person can check against the table."""

    promote: bool
    reason: str


def judge(
    scores: pd.DataFrame,
    config: TrainConfig,
    *,
    challenger: str,
    champion: str | None,
    naive: str = "seasonal_naive",
) -> GateVerdict:
    """Decide on a challenger.

    Args:
        scores: Columns `level, model, wape, pinball`, one row per level and model, all on the same folds.
        config: The tolerances.
        challenger: Name of the challenger in `model`.
        champion: Name of the champion in `model`; None when nothing has been promoted yet.
        naive: Name of the seasonal-naive model in `model`.

    Returns:
        The verdict; its reason names the numbers that decided.
    """
    table = scores.set_index(["level", "model"])
    ours, floor = (float(table.loc[("cell", name), "wape"]) for name in (challenger, naive))
    if not ours < floor:
        return GateVerdict(False, f"WAPE over cells {ours:.3f} is not below seasonal-naive's {floor:.3f}")
    if champion is None:
        return GateVerdict(True, f"first champion: WAPE over cells {ours:.3f}, seasonal-naive {floor:.3f}")
    problem = _worse_pinball(table, challenger, champion, config) or _worse_level(table, challenger, champion, config)
    if problem:
        return GateVerdict(False, problem)
    return GateVerdict(True, f"WAPE over cells {ours:.3f}, champion {float(table.loc[('cell', champion), 'wape']):.3f}")


def _worse_pinball(table: pd.DataFrame, challenger: str, champion: str, config: TrainConfig) -> str:
    ours, theirs = (float(table.loc[("cell", name), "pinball"]) for name in (challenger, champion))
    if ours > theirs * (1 + config.pinball_tolerance):
        return f"pinball loss over cells {ours:.4f} is above the champion's {theirs:.4f}"
    return ""


def _worse_level(table: pd.DataFrame, challenger: str, champion: str, config: TrainConfig) -> str:
    for level in JUDGED_LEVELS:
        if (level, challenger) not in table.index or (level, champion) not in table.index:
            continue
        ours, theirs = (float(table.loc[(level, name), "wape"]) for name in (challenger, champion))
        if ours > theirs * (1 + config.wape_tolerance):
            return f"WAPE at level {level} {ours:.3f} is above the champion's {theirs:.3f}"
    return ""
