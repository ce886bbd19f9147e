"""The backtest of an installation: the lake's panel as known, every model refitted at every cutoff, an MLflow run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pandas as pd

from features.clock import Clock
from features.settings import Settings
from models.forecast import BacktestResult, ForecastConfig, backtest
from models.forecast.backtest import DEFAULT_MODELS, score_rows
from models.forecast.peers import installed_peers
from models.metrics import pit_coverage
from pipelines.cluster import on_cluster
from pipelines.panels import Known, read_panel
from pipelines.tracking import Tracker
from pipelines.train import TrainConfig

PEERS: Final = ("prophet",)
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
        degraded: Why the panel is older than it should be, or ''.
    """

    as_of: datetime
    data_through: datetime
    freq: str
    origins: int
    horizon: int
    result: BacktestResult
    holiday_scores: pd.DataFrame
    run_id: str
    degraded: str

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
            "degraded": self.degraded,
            "scores": _records(self.result.scores),
            "holiday_scores": _records(self.holiday_scores),
            "reliability": _records(reliability(self.result.predictions)),
            "pit": _records(pit_histogram(self.result.predictions)),
        }


def run_backtest(
    settings: Settings,
    clock: Clock,
    *,
    as_of: datetime | None = None,
    origins: int = 8,
    horizon: int = 4,
    freq: str = "W",
    models: Sequence[str] = DEFAULT_MODELS,
    peers: bool = False,
    n_jobs: int = 2,
    scheduler: str | None = None,
) -> BacktestSummary:
    """Backtest on the lake's panel.

    Args:
        settings: The installation.
        clock: The present.
        as_of: Compute as it could have been known then; the present when None.
        origins: Number of cutoffs, the last one ending with the data.
        horizon: Periods ahead at each.
        freq: W or D.
        models: Names from models/forecast/rivals.py.
        peers: Also statsforecast and mlforecast where installed, and Prophet for days; for weeks Prophet, on the levels
            above the cells, always stands beside.
        n_jobs: Refits at once.
        scheduler: A Dask scheduler instead of local cores.

    Raises:
        PipelineError: Nothing is known by then.
        PanelError: The history is too short for that many origins.
    """
    known = read_panel(settings, as_of=as_of or clock.now(), freq=freq)
    names = (*models, *(PEERS if peers or freq == "W" else ()), *(installed_peers() if peers else ()))
    with on_cluster(scheduler):
        result = backtest(
            known.panel.y,
            known.panel.static,
            freq=freq,
            origins=origins,
            horizon=horizon,
            models=names,
            calendar=known.calendar,
            weather=known.weather,
            events=known.events,
            config=ForecastConfig(weather=TrainConfig(**settings.section("train")).weather),
            n_jobs=n_jobs,
        )
    holidays = _on_holidays(result.predictions, known)
    holiday_scores = pd.DataFrame() if holidays.empty else score_rows(holidays)
    run_id = _log(settings, known, result, {"origins": origins, "horizon": horizon, "models": ", ".join(names)})
    return BacktestSummary(
        known.panel.as_of,
        known.panel.data_through.to_pydatetime(),
        freq,
        origins,
        horizon,
        result,
        holiday_scores,
        run_id,
        known.degraded,
    )


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


def _on_holidays(predictions: pd.DataFrame, known: Known) -> pd.DataFrame:
    ds = pd.DatetimeIndex(sorted(predictions["ds"].unique()))
    length = pd.Timedelta(days=7 if known.panel.freq == "W" else 1)
    days = known.calendar(ds[0].date(), (ds[-1] + length - pd.Timedelta(days=1)).date())
    off = pd.DatetimeIndex(days.loc[days["is_holiday"], "date"])
    place = ds.searchsorted(off, side="right") - 1
    return predictions[predictions["ds"].isin(ds[place[off < ds[place] + length]])]


def _log(settings: Settings, known: Known, result: BacktestResult, params: dict[str, Any]) -> str:
    tracker, panel = Tracker.open(settings), known.panel
    tags = {
        "weisu.as_of": panel.as_of.isoformat(),
        "weisu.data_through": panel.data_through.isoformat(),
        "weisu.snapshot": str(panel.snapshot),
    }
    metrics = {
        f"{row['model']}.{row['level']}.{name}": float(row[name])
        for row in _records(result.scores)
        for name in ("wape", "mase", "bias", "pinball", "coverage80")
        if row[name] is not None
    }
    with tracker.run("backtest", "rolling origin", params={"freq": panel.freq, **params}, tags=tags) as run_id:
        tracker.log_metrics(metrics)
        tracker.log_text(result.scores.to_csv(index=False), "scores.csv")
        tracker.log_text(reliability(result.predictions).to_csv(index=False), "reliability.csv")
    return run_id


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows with None for what is not a number, which JSON cannot say."""
    return [
        {key: None if isinstance(value, float) and value != value else value for key, value in row.items()}  # noqa: PLR0124
        for row in frame.to_dict("records")
    ]
