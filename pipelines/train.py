"""Train: fit on the panel as known, meet the champion on the same folds, register, and promote by the gate."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd

from features.clock import Clock
from features.configuration import SurgeConfig, TrainConfig
from features.knowledge import Knowledge, KnownPanel
from features.reasons import Reasons, say, to_json
from features.settings import Settings
from features.taxonomy import taxonomy_version
from features.vocabulary import Frequency
from models.errors import PanelContractError
from models.forecast import BacktestResult, DemandModel, backtest
from models.forecast.baselines import PLAIN
from models.forecast.bases import choose_bases
from models.hotspots import detect_surges
from models.hotspots.surge.stored_config import config_to_json
from models.metrics import wape, weighted_pinball
from pipelines.champion import AS_OF_TAG, TAXONOMY_TAG, Champion, load_champion
from pipelines.errors import ChampionChangedError, LostBundleError, NoChampionError, PipelineError
from pipelines.gate import judge
from pipelines.model_card import demand_card, hotspot_card
from pipelines.promotion import promote
from pipelines.tracking import Registry, Tracker
from pipelines.tracking.registry import DEMAND, HOTSPOT

TRAINING: Final = "weisu train"
"""Who promotes what the gate lets through; anybody else is a person."""
CHALLENGER_NAME: Final = "weisu"
CHAMPION_NAME: Final = "champion"
ALPHA: Final = 0.01
_FOLD: Final = ["level", "unique_id", "ds", "cutoff"]
_LOGGED: Final = [*_FOLD, "y", "mean", "p10", "p50", "p90"]
_QUANTILES: Final = {0.1: "p10", 0.5: "p50", 0.9: "p90"}
_HORIZON: Final = {Frequency.WEEKLY: 4, Frequency.DAILY: 14}


@dataclass(frozen=True)
class TrainedModel:
    """What became of one model."""

    name: str
    version: str
    run_id: str
    promoted: bool
    reason: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class TrainSummary:
    """What a training did."""

    as_of: datetime
    data_through: datetime
    snapshot: int
    models: tuple[TrainedModel, ...]
    degraded: Reasons

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {"schema_version": 1, **asdict(self), **to_json(self.degraded)}


def train(settings: Settings, clock: Clock, *, as_of: datetime | None = None, n_jobs: int = 2) -> TrainSummary:
    """Fit, measure, register and perhaps promote `weisu-demand` and `weisu-hotspot`.

    A challenger that is worse than the champion on the same folds, or than seasonal-naive, is registered but not
    promoted (see `pipelines.gate`). A killed training leaves the champion as it was.

    Args:
        settings: The installation.
        clock: The present.
        as_of: Train as it could have been known then; the present when None.
        n_jobs: Cores.

    Raises:
        PipelineError: The lake is empty, or its history is too short to learn from.
    """
    config = settings.train
    moment = (as_of or clock.now()).astimezone(UTC)
    knowledge = Knowledge.at(settings, moment)
    weekly = knowledge.panel(Frequency.WEEKLY, periods=config.history_weeks)
    daily = knowledge.panel(Frequency.DAILY, periods=config.daily_history)
    training = Training(settings, clock, config, Tracker.open(settings), n_jobs)
    try:
        demand = training.demand(weekly, daily if config.daily else None)
    except PanelContractError as error:
        raise PipelineError(f"the history cannot be learned from: {error}", hint="ingest more weeks") from error
    hotspot = training.hotspot(daily)
    panel = weekly.panel
    through = panel.data_through.to_pydatetime()
    return TrainSummary(moment, through, panel.snapshot, (demand, hotspot), weekly.degraded)


@dataclass(frozen=True)
class Training:
    """One training: where it writes, and what it may use."""

    settings: Settings
    clock: Clock
    config: TrainConfig
    tracker: Tracker
    n_jobs: int

    def demand(self, weekly: KnownPanel, daily: KnownPanel | None) -> TrainedModel:
        """Fit and register `weisu-demand`: the weekly forecaster and, where wanted, the daily one beside it."""
        with self._run("demand", "weekly training", weekly, self.config.model_dump()) as run_id:
            folds = self._folds(weekly, self.config.gate_origins)
            met = self._champion_of(DEMAND)
            scores, champion = self._meet(weekly, folds)
            bases = choose_bases(folds.predictions, self.settings.forecast.bases)
            of_days = self._daily_scores(daily)
            days = {f"daily.{name}": value for name, value in _metrics(of_days, CHALLENGER_NAME).items()}
            metrics = _metrics(scores, CHALLENGER_NAME)
            model = self._fit(weekly).issued_from({level: base.model for level, base in bases.items()})
            files = {f"weekly/{name}": content for name, content in model.export().items()}
            if daily is not None:
                files |= {f"daily/{name}": content for name, content in self._fit(daily).export().items()}
            verdict = judge(scores, self.config, challenger=CHALLENGER_NAME, champion=champion)
            self.tracker.log_text(self.settings.forecast.model_dump_json(indent=2), "forecast_config.json")
            self.tracker.log_metrics(metrics | days)
            self.tracker.log_text(scores.to_csv(index=False), "folds.csv")
            self.tracker.log_text(of_days.to_csv(index=False), "daily_folds.csv")
            own = folds.predictions.loc[folds.predictions["model"] == CHALLENGER_NAME, _LOGGED]
            self.tracker.log_text(own.to_csv(index=False), "fold_predictions.csv")
            card = demand_card(
                scores, folds.predictions, weekly.panel, verdict, bases=bases, calendar=weekly.calendar, of_days=of_days
            )
            self.tracker.log_text(card, "model_card.md")
            version = self.tracker.log_bundle(DEMAND, "demand_model.py", files, **_demand_example(weekly))
        return self._decide(TrainedModel(DEMAND, version, run_id, verdict.promote, verdict.reason, metrics), met=met)

    def hotspot(self, known: KnownPanel) -> TrainedModel:
        """Register the surge detector's configuration with how often it alarms on the last four weeks."""
        surge = self.settings.surge
        with self._run("hotspot", "calibration check", known, {}) as run_id:
            y, judged = _last_weeks(known, surge)
            metrics = {
                "alarm_share": float((judged["p_value"] < ALPHA).mean()),
                "alarm_share_1": float((judged["p_value_1"] < ALPHA).mean()),
                "cells": float(judged["unique_id"].nunique()),
            }
            self.tracker.log_metrics(metrics)
            self.tracker.log_text(config_to_json(surge), "surge_config.json")
            self.tracker.log_text(hotspot_card(metrics, known.panel), "model_card.md")
            files = {"surge.json": config_to_json(surge).encode()}
            refused = self._keeps_settings(files["surge.json"])
            version = self.tracker.log_bundle(HOTSPOT, "hotspot_model.py", files, **_hotspot_example(y, judged))
        reason = refused or "configuration of this installation; the shipped one is calibrated by its benchmarks"
        promoted = not refused
        return self._decide(TrainedModel(HOTSPOT, version, run_id, promoted=promoted, reason=reason, metrics=metrics))

    def _keeps_settings(self, ours: bytes) -> str:
        """Return why the champion's settings stay: they are the same, or a person chose them; '' where ours are new."""
        registry = Registry.open(self.settings)
        try:
            champion = registry.champion(HOTSPOT)
            theirs = registry.bundle(champion)["surge.json"]
        except (NoChampionError, LostBundleError, KeyError):
            return ""
        if theirs == ours:
            return f"the same settings as version {champion.version}"
        last = registry.promotions(HOTSPOT)[-1]
        return "" if last.actor == TRAINING else f"version {champion.version} was chosen by {last.actor}: {last.reason}"

    def _run(
        self, experiment: str, name: str, known: KnownPanel, params: Mapping[str, Any]
    ) -> AbstractContextManager[str]:
        tags = _tags(self.settings, known)
        return self.tracker.run(experiment, name, params={"model": experiment, **params}, tags=tags)

    def _fit(self, known: KnownPanel) -> DemandModel:
        panel = known.panel
        return DemandModel.fit(
            panel.y,
            panel.static,
            freq=panel.freq,
            calendar=known.calendar,
            weather=known.weather,
            events=known.events,
            config=self.settings.forecast,
            n_jobs=self.n_jobs,
        )

    def _daily_scores(self, daily: KnownPanel | None) -> pd.DataFrame:
        """Return the scores of the daily forecaster on its folds; no rows where it is not trained or not measured."""
        if daily is None or not self.config.daily_origins:
            return pd.DataFrame(columns=["level", "model"])
        return self._folds(daily, self.config.daily_origins).scores

    def _folds(self, known: KnownPanel, origins: int) -> BacktestResult:
        """Refit the challenger on the newest folds, beside what a planner knows without it."""
        return backtest(
            known.panel.y,
            known.panel.static,
            freq=known.panel.freq,
            origins=origins,
            horizon=_HORIZON[known.panel.freq],
            models=(CHALLENGER_NAME, *PLAIN),
            calendar=known.calendar,
            weather=known.weather,
            events=known.events,
            config=self.settings.forecast,
            n_jobs=self.n_jobs,
        )

    def _meet(self, known: KnownPanel, found: BacktestResult) -> tuple[pd.DataFrame, str | None]:
        """Score the champion on the same folds as the others; name it, None without one."""
        try:
            champion = load_champion(self.settings, known)
        except NoChampionError:
            return found.scores, None
        return _same_folds(champion, found.predictions), CHAMPION_NAME

    def _champion_of(self, name: str) -> str:
        """Return the version of the champion, '' without one."""
        try:
            return Registry.open(self.settings).champion(name).version
        except NoChampionError:
            return ""

    def _decide(self, model: TrainedModel, *, met: str | None = None) -> TrainedModel:
        """Promote what the gate let through, if the champion it met is the champion still."""
        registry = Registry.open(self.settings)
        if model.promoted:
            told: dict[str, Any] = {"actor": TRAINING, "reason": model.reason, "clock": self.clock}
            try:
                promote(self.settings, model.name, model.version, **told, met=met)
            except ChampionChangedError as error:
                model = replace(model, promoted=False, reason=str(error.args[0]))
        if not model.promoted:
            registry.challenge(model.name, model.version)
        return model


def _same_folds(champion: Champion, predictions: pd.DataFrame) -> pd.DataFrame:
    """Score every model of a backtest and the champion on the series and weeks that all of them forecast."""
    theirs = champion_folds(champion, predictions).assign(model=CHAMPION_NAME)
    ours = predictions.merge(theirs[_FOLD])
    rows = pd.concat([ours, theirs], ignore_index=True)
    return pd.DataFrame(
        [
            {"level": level, "model": model, **_score(group)}
            for (level, model), group in rows.groupby(["level", "model"])
        ]
    )


def champion_folds(champion: Champion, predictions: pd.DataFrame) -> pd.DataFrame:
    """Let a fitted champion forecast the folds of a backtest from what was known at each cutoff.

    The champion may have been trained on weeks inside the folds; that favours it, so the gate errs on the safe side.

    Args:
        champion: The restored model with the whole history.
        predictions: Of `backtest`: one model's rows give the folds and the actual counts.

    Returns:
        `level, unique_id, ds, cutoff, y, mean, p10, p50, p90`, series that both know.
    """
    actual = predictions.drop_duplicates(["level", "unique_id", "ds", "cutoff"])
    frames = []
    for cutoff, fold in actual.groupby("cutoff"):
        horizon = int(fold["horizon"].max())
        ahead = champion.predict(horizon=horizon, until=cutoff)
        columns = ["level", "unique_id", "ds", "mean", *_QUANTILES.values()]
        frames.append(fold[["level", "unique_id", "ds", "cutoff", "y"]].merge(ahead[columns]))
    return pd.concat(frames, ignore_index=True)


def _score(rows: pd.DataFrame) -> dict[str, float]:
    quantiles = {q: rows[name].to_numpy() for q, name in _QUANTILES.items()}
    return {"wape": wape(rows["y"], rows["mean"]), "pinball": weighted_pinball(rows["y"], quantiles)}


def _demand_example(known: KnownPanel) -> dict[str, pd.DataFrame]:
    """Return a small input (newer weeks of one cell) and output; they fix the signature of the registered model."""
    cells = known.panel.static.loc[known.panel.static["level"] == "cell", "unique_id"]
    rows = known.panel.y.loc[known.panel.y["unique_id"] == cells.iloc[0], ["unique_id", "ds", "y"]].tail(4)
    out = rows.rename(columns={"y": "mean"}).assign(p10=0.0, p50=0.0, p90=0.0)
    return {
        "input_example": rows.astype({"y": float}).reset_index(drop=True),
        "output_example": out.astype({"mean": float}).reset_index(drop=True),
    }


def _last_weeks(known: KnownPanel, config: SurgeConfig) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cells' daily counts, and the detector's judgement of their last four weeks."""
    panel = known.panel
    cells = panel.static.loc[panel.static["level"] == "cell", "unique_id"]
    y = panel.y[panel.y["unique_id"].isin(cells)]
    start = y["ds"].max() - pd.Timedelta(days=27)
    days = known.calendar(y["ds"].min().date(), y["ds"].max().date())
    return y, detect_surges(y, freq=Frequency.DAILY, start=start, calendar=days, static=panel.static, config=config)


def _hotspot_example(y: pd.DataFrame, judged: pd.DataFrame) -> dict[str, pd.DataFrame]:
    rows = y.loc[y["unique_id"] == y["unique_id"].iloc[0], ["unique_id", "ds", "y"]].tail(400)
    columns = ["unique_id", "ds", "y", "expected", "upper", "p_value", "p_value_1", "recurrence_days", "alarm"]
    return {
        "input_example": rows.astype({"y": float}).reset_index(drop=True),
        "output_example": judged[columns].head(1).astype({"y": float}),
    }


def _metrics(scores: pd.DataFrame, model: str) -> dict[str, float]:
    own = scores[scores["model"] == model].set_index("level").drop(columns="model")
    found = {f"{level}.{name}": value for level, row in own.iterrows() for name, value in row.items()}
    return {name: float(value) for name, value in found.items() if pd.notna(value)}


def _tags(settings: Settings, known: KnownPanel) -> dict[str, str]:
    panel = known.panel
    return {
        AS_OF_TAG: panel.as_of.isoformat(),
        "weisu.data_through": panel.data_through.isoformat(),
        "weisu.snapshot": str(panel.snapshot),
        "weisu.calendar_version": known.calendar_version,
        TAXONOMY_TAG: taxonomy_version(settings, known.labels.crosswalk),
        "weisu.degraded": say(known.degraded, "en"),
    }
