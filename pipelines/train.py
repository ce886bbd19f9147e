"""Train: fit on the panel as known, meet the champion on the same folds, register, and promote by the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd

from features.clock import Clock
from features.configuration import SurgeConfig, TrainConfig
from features.knowledge import Knowledge, KnownPanel
from features.reasons import ReasonedError, Reasons, say, to_json
from features.settings import Settings
from features.taxonomy import taxonomy_version
from features.vocabulary import Frequency
from models.errors import PanelContractError
from models.forecast.skill import MODEL
from models.hotspots import detect_surges
from models.hotspots.surge.stored_config import config_to_json
from pipelines.challenger import Half, challenge
from pipelines.champion import AS_OF_TAG, TAXONOMY_TAG, files_of, load_champion
from pipelines.errors import (
    ChampionChangedError,
    ChosenByPersonError,
    LostBundleError,
    NoChampionError,
    PipelineError,
)
from pipelines.gate import GateVerdict, of_halves, tags_of
from pipelines.model_card import demand_card, demand_tables, hotspot_card
from pipelines.promotion import promote, say_choice
from pipelines.tracking import Registry, Tracker
from pipelines.tracking.registry import DEMAND, HOTSPOT, TRAINING
from serve.store import Store

ALPHA: Final = 0.01


@dataclass(frozen=True)
class TrainedModel:
    """What became of one model."""

    name: str
    version: str
    run_id: str
    promoted: bool
    reason: str
    metrics: Mapping[str, float]
    levels: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Cadence -> how each level fared, see `GateVerdict.records`."""


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

    A challenger that is worse than the champion on the same folds, or than what a planner knows without a model, is
    registered but not promoted; weeks and days are judged apart (see `pipelines.gate`). A killed training leaves the
    champion as it was.

    Args:
        settings: The installation.
        clock: The present.
        as_of: Train as it could have been known then; the present when None.
        n_jobs: Cores.

    Raises:
        PipelineError: The lake is empty, or its history is too short to learn from.
    """
    Store.make_ready(settings.store_url)
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
            met = self._champion_of(DEMAND)
            halves = [self._half(weekly, self.config.gate_origins)]
            halves += [self._half(daily, self.config.daily_origins)] if daily is not None else []
            verdict, files = self._composed(halves)
            metrics = _metrics(halves[0].scores)
            days = {f"daily.{name}": value for half in halves[1:] for name, value in _metrics(half.scores).items()}
            self.tracker.log_metrics(metrics | days)
            self.tracker.log_text(self.settings.forecast.model_dump_json(indent=2), "forecast_config.json")
            for name, text in demand_tables(halves).items():
                self.tracker.log_text(text, name)
            self.tracker.log_text(demand_card(halves, verdict), "model_card.md")
            self.tracker.set_tags(tags_of(verdict))
            version = self.tracker.log_bundle(DEMAND, "demand_model.py", files, **_demand_example(weekly))
        levels = {half.known.panel.freq.adverb: half.verdict.records() for half in halves}
        trained = TrainedModel(DEMAND, version, run_id, verdict.promote, verdict.reason, metrics, levels)
        return self._decide(trained, met=met, spent=self._is_spent(weekly))

    def _is_spent(self, known: KnownPanel) -> bool:
        """Tell whether the champion cannot issue any more: its files or its labels are lost."""
        try:
            load_champion(self.settings, known)
        except ReasonedError:
            return True
        return False

    def _half(self, known: KnownPanel, origins: int) -> Half:
        return challenge(self.settings, known, origins=origins, n_jobs=self.n_jobs)

    def _composed(self, halves: Sequence[Half]) -> tuple[GateVerdict, dict[str, bytes]]:
        """Return the verdict on a version and its files: of each cadence the half that the gate let through.

        Where it let only one through, the other one is the champion's, if that speaks the labels in force. A version
        with neither is that of the challenger, as a person may promote it.
        """
        files = {name: content for half in halves for name, content in half.files().items()}
        verdict = of_halves({half.known.panel.freq: half.verdict for half in halves})
        if not verdict.promote:
            return verdict, files
        for half in halves:
            if not half.verdict.promote:
                part = half.known.panel.freq.adverb
                files = {name: content for name, content in files.items() if not name.startswith(f"{part}/")}
                files |= self._champions_part(half, part)
        if any(name.startswith(f"{Frequency.WEEKLY.adverb}/") for name in files):
            return verdict, files
        return replace(verdict, promote=False), {name: data for half in halves for name, data in half.files().items()}

    def _champions_part(self, half: Half, part: str) -> dict[str, bytes]:
        if half.champion is None or half.champion.moves is not None:
            return {}
        registry = Registry.open(self.settings)
        kept = files_of(registry.bundle(registry.get(DEMAND, half.champion.version)), part)
        return {f"{part}/{name}": content for name, content in kept.items()}

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
            refused, spent = self._keeps_settings(files["surge.json"])
            version = self.tracker.log_bundle(HOTSPOT, "hotspot_model.py", files, **_hotspot_example(y, judged))
        reason = refused or "configuration of this installation; the shipped one is calibrated by its benchmarks"
        promoted = not refused
        trained = TrainedModel(HOTSPOT, version, run_id, promoted=promoted, reason=reason, metrics=metrics)
        return self._decide(trained, spent=spent)

    def _keeps_settings(self, ours: bytes) -> tuple[str, bool]:
        """Return why the champion's settings stay, '' where ours are new, and whether the champion has none to keep."""
        registry = Registry.open(self.settings)
        try:
            champion = registry.champion(HOTSPOT)
            theirs = registry.bundle(champion)["surge.json"]
        except (NoChampionError, LostBundleError, KeyError):
            return "", True
        return (f"the same settings as version {champion.version}" if theirs == ours else ""), False

    def _run(
        self, experiment: str, name: str, known: KnownPanel, params: Mapping[str, Any]
    ) -> AbstractContextManager[str]:
        tags = _tags(self.settings, known)
        return self.tracker.run(experiment, name, params={"model": experiment, **params}, tags=tags)

    def _champion_of(self, name: str) -> str:
        """Return the version of the champion, '' without one."""
        try:
            return Registry.open(self.settings).champion(name).version
        except NoChampionError:
            return ""

    def _decide(self, model: TrainedModel, *, spent: bool, met: str | None = None) -> TrainedModel:
        """Promote what the gate let through, if the champion it met is the champion still and no person chose it."""
        registry = Registry.open(self.settings)
        if model.promoted:
            if spent and (choice := registry.choice(model.name)):
                lost = f"{say_choice(self.settings, choice)}, and cannot issue any more"
                model = replace(model, reason=f"{model.reason}; {lost}")
            told: dict[str, Any] = {"actor": TRAINING, "reason": model.reason, "clock": self.clock}
            try:
                promote(self.settings, model.name, model.version, **told, met=met, spent=spent)
            except ChampionChangedError as error:
                model = replace(model, promoted=False, reason=str(error.args[0]))
            except ChosenByPersonError as error:
                model = replace(model, promoted=False, reason=f"{error.args[0]}; {error.hint}")
        if not model.promoted:
            registry.challenge(model.name, model.version)
        return model


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


def _metrics(scores: pd.DataFrame) -> dict[str, float]:
    own = scores[scores["model"] == MODEL].set_index("level").drop(columns="model")
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
