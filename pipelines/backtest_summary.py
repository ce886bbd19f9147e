"""What a backtest found: scores, those of holiday periods apart, reliability, PIT histograms, all of it as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pandas as pd

from features.reasons import Reasons, to_json
from features.vocabulary import Frequency
from models.forecast import BacktestResult
from models.metrics import pit_coverage

_BINS: Final = 10


@dataclass(frozen=True)
class BacktestSummary:
    """What a backtest found.

    Attributes:
        as_of: The moment it was computed for.
        data_through: End of the last complete period.
        freq: W or D.
        origins: Number of cutoffs.
        horizon: Periods ahead at each.
        result: Predictions and scores.
        holiday_scores: The same scores over periods with a day off only, empty where there are none.
        run_id: The MLflow run.
        degraded: Why the panel is older than it should be, if it is.
        holidays: Period start of each holiday period -> names of its days off.
        same_levels: Level -> another level that groups the cells in the same way; reports show only that one.
        peers: Rival -> library and version, of the public libraries that took part.
        seconds: How long it took, wall time.
    """

    as_of: datetime
    data_through: datetime
    freq: Frequency
    origins: int
    horizon: int
    result: BacktestResult
    holiday_scores: pd.DataFrame
    run_id: str
    degraded: Reasons
    holidays: Mapping[pd.Timestamp, str] = field(default_factory=dict)
    same_levels: Mapping[str, str] = field(default_factory=dict)
    peers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description: scores, holiday scores, reliability and PIT histograms."""
        return {
            "schema_version": 1,
            "as_of": self.as_of.isoformat(),
            "data_through": self.data_through.isoformat(),
            "freq": self.freq,
            "origins": self.origins,
            "horizon": self.horizon,
            "run_id": self.run_id,
            **to_json(self.degraded),
            "peers": dict(self.peers),
            "seconds": round(self.seconds, 1),
            "same_levels": dict(self.same_levels),
            "scores": records(self.result.scores),
            "holidays": [{"ds": ds.isoformat(), "names": names} for ds, names in self.holidays.items()],
            "holiday_scores": records(self.holiday_scores),
            "holiday_totals": records(holiday_totals(self)),
            "reliability": records(reliability(self.result.predictions)),
            "pit": records(pit_histogram(self.result.predictions)),
        }


def at_a_glance(scores: pd.DataFrame, *, hidden: Mapping[str, str]) -> pd.DataFrame:
    """Return WAPE, models x levels, in the order in which both appear, without the levels that repeat another."""
    shown = scores[~scores["level"].isin(list(hidden))]
    table = shown.pivot_table(index="model", columns="level", values="wape", sort=False)
    order = list(dict.fromkeys(shown["model"]))
    return table.loc[order, list(dict.fromkeys(shown["level"]))]


def holiday_totals(summary: BacktestSummary) -> pd.DataFrame:
    """Return each holiday period's total, observed and by every model: `ds, holiday, observed`, one column per model.

    A period that several cutoffs forecast (overlapping folds) stands there once per cutoff.
    """
    if not summary.holidays:
        return pd.DataFrame()
    total = summary.result.predictions
    total = total[(total["level"] == "total") & total["ds"].isin(list(summary.holidays))]
    wide = total.pivot_table(index=["ds", "cutoff", "y"], columns="model", values="mean", sort=False).reset_index()
    wide = wide.sort_values(["ds", "cutoff"]).drop(columns="cutoff").rename(columns={"y": "observed"})
    wide.insert(1, "holiday", wide["ds"].map(summary.holidays))
    return wide.rename_axis(columns=None).assign(ds=wide["ds"].dt.strftime("%Y-%m-%d"))


def reliability(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return observed against nominal coverage of central intervals, by level and model (randomised PIT)."""
    rows = []
    for (level, model), group in predictions.groupby(["level", "model"], sort=False):
        rows += [
            {
                "level": level,
                "model": model,
                "nominal": nominal / 100,
                "observed": pit_coverage(group["pit"], nominal / 100),
            }
            for nominal in range(10, 100, 10)
        ]
    return pd.DataFrame(rows)


def pit_histogram(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the share of randomised PIT values per tenth, by level and model; a right forecast has 0.1 in each."""
    tenth = (predictions["pit"] * _BINS).clip(0, _BINS - 1e-9).astype(int)
    counts = predictions.assign(tenth=tenth).groupby(["level", "model", "tenth"], sort=False).size()
    shares = counts / counts.groupby(level=["level", "model"]).transform("sum")
    return shares.rename("share").reset_index()


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows with None for what is not a number, which JSON cannot say."""
    return [
        {key: None if isinstance(value, float) and value != value else value for key, value in row.items()}  # noqa: PLR0124
        for row in frame.to_dict("records")
    ]
