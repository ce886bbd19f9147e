"""Replay: what the detectors would have raised in the past, and what another threshold would have done."""

from __future__ import annotations

from pipelines.replay.episodes import Policy, fold_alerts
from pipelines.replay.inject import Injection
from pipelines.replay.power import burst_power
from pipelines.replay.run import ReplayResult, replay

__all__ = ["Injection", "Policy", "ReplayResult", "burst_power", "fold_alerts", "replay"]
