"""How wrong a forecast was, once its week is over: per level, and for the total. Pure functions on frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from features.accuracy import bias, coverage, wape
from features.series import LEVELS


@dataclass(frozen=True)
class LevelScore:
    """Errors of one level in one week.

    Attributes:
        level: Level of the hierarchy.
        series: How many series were compared.
        wape: Sum of absolute errors of the mean over the sum of counts; None when nothing was counted.
        bias: Sum of errors (forecast minus count) over the sum of counts.
        coverage: Share of series whose count lay inside p10 to p90; about 0.8 when the band is honest.
    """

    level: str
    series: int
    wape: float | None
    bias: float | None
    coverage: float


@dataclass(frozen=True)
class BandCheck:
    """What the average coverage of a level hides, as the training of the model in service measured it on its folds.

    Attributes:
        failing: Share of series whose own 80 % band held fewer counts than chance explains; 0.05 do by chance. None
            where no series had enough periods to fail.
        after_break: Coverage of the band where the level of a series had broken shortly before; None without breaks.
    """

    failing: float | None
    after_break: float | None


@dataclass(frozen=True)
class JudgedSeries:
    """One series in a finished week: what was said, what came."""

    mean: float
    p10: float
    p90: float
    actual: float

    @property
    def inside(self) -> bool:
        """Whether the count lay inside the band."""
        return self.p10 <= self.actual <= self.p90


def join_actual(forecast: pd.DataFrame, counts: pd.DataFrame, week: pd.Timestamp) -> pd.DataFrame:
    """Return a forecast's rows of `week` beside what was counted; a series without tickets counted zero.

    Args:
        forecast: unique_id, level, ds, mean, p10, p90.
        counts: unique_id, ds, y.
        week: Monday, naive local.
    """
    said = forecast[forecast["ds"] == week]
    came = counts.loc[counts["ds"] == week, ["unique_id", "y"]]
    return said.merge(came, on="unique_id", how="left").fillna({"y": 0.0})


def score_levels(joined: pd.DataFrame) -> list[LevelScore]:
    """Return the errors per level, upper levels first, of what `join_actual` returned."""
    scores = []
    for level in LEVELS:
        rows = joined[joined["level"] == level]
        if rows.empty:
            continue
        came = bool(rows["y"].sum() > 0)
        scores.append(
            LevelScore(
                level=level,
                series=len(rows),
                wape=wape(rows["y"], rows["mean"]) if came else None,
                bias=bias(rows["y"], rows["mean"]) if came else None,
                coverage=coverage(rows["y"], rows["p10"], rows["p90"]),
            )
        )
    return scores


def band_checks(metrics: Mapping[str, float]) -> dict[str, BandCheck]:
    """Return the checks of each level that a training measured, by level.

    Args:
        metrics: Of the registered model: `cell.failing80`, `cell.pit80_after_break`, ...
    """
    found = {
        level: BandCheck(metrics.get(f"{level}.failing80"), metrics.get(f"{level}.pit80_after_break"))
        for level in LEVELS
    }
    return {level: check for level, check in found.items() if check != BandCheck(None, None)}


def judge(joined: pd.DataFrame, unique_id: str) -> JudgedSeries | None:
    """Return one series of what `join_actual` returned."""
    rows = joined[joined["unique_id"] == unique_id]
    if rows.empty:
        return None
    row = rows.iloc[0]
    return JudgedSeries(float(row["mean"]), float(row["p10"]), float(row["p90"]), float(row["y"]))
