"""A small simulated hotline in a lake, as a living feed had left it, and the truth about its bursts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
import pytest

from features.clock import FixedClock
from features.lake import Lake
from features.settings import Settings
from features.simulator import SimulatorConfig, write_city
from pipelines.ingest import ingest
from pipelines.replay.truth import read_truth

SECTIONS = {"detect": {"topic_days": 7, "daily_history": 150, "weekly_history": 160}}


@dataclass(frozen=True)
class Hotline:
    """The installation, its lake, the end of what it knows, and its injected bursts."""

    settings: Settings
    lake: Lake
    end: datetime
    truth: pd.DataFrame


@pytest.fixture(scope="session")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Hotline:
    """Two and a half years of a small city; treat it as read-only."""
    folder = tmp_path_factory.mktemp("hotline")
    settings = Settings(home=folder / "var", mlruns=folder / "mlruns", hmac_key="test-key", **SECTIONS)
    config = SimulatorConfig(
        tickets=40_000, start=date(2024, 1, 1), end=date(2026, 6, 8), seed=5, bursts=400, repeaters=20, changes="all"
    )
    export = write_city(config, folder)
    end = datetime(2026, 6, 8, tzinfo=settings.zone)
    ingest([export.tickets_path], "simulated", settings, FixedClock(end))
    return Hotline(settings, Lake.of(settings), end, read_truth(export.truth_path))
