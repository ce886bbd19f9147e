"""A small simulated city that went through the main job once."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest

from features.clock import FixedClock
from features.settings import Settings
from features.simulator import SimulatorConfig, write_city
from pipelines.detect import DetectSummary, detect
from pipelines.forecast import ForecastSummary, forecast
from pipelines.ingest import ingest
from pipelines.train import TrainSummary, train

SECTIONS = {
    "train": {"daily": False, "gate_origins": 2},
    "detect": {"topic_days": 14, "daily_history": 200, "weekly_history": 70},
}


@dataclass(frozen=True)
class City:
    """The installation, its moment, and what the main job said."""

    settings: Settings
    now: datetime
    tickets: Path
    trained: TrainSummary
    issued: ForecastSummary
    detected: DetectSummary

    @property
    def clock(self) -> FixedClock:
        return FixedClock(self.now)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """The city after ingest, train, forecast and detect, as of Monday 2026-11-23 07:30; treat it as read-only."""
    folder = tmp_path_factory.mktemp("city")
    settings = Settings(home=folder / "var", mlruns=folder / "mlruns", hmac_key="test-key", **SECTIONS)
    now = datetime(2026, 11, 23, 7, 30, tzinfo=settings.zone)
    export = write_city(
        SimulatorConfig(
            tickets=40_000, start=date(2025, 7, 1), end=date(2026, 11, 30), seed=3, bursts=150, repeaters=40
        ),
        folder,
    )
    clock = FixedClock(datetime(2026, 11, 30, tzinfo=settings.zone))
    ingest([export.tickets_path], "simulated", settings, clock)
    trained = train(settings, FixedClock(now), as_of=now)
    issued = forecast(settings, FixedClock(now), as_of=now)
    detected = detect(settings, FixedClock(now), as_of=now)
    return City(settings, now, export.tickets_path, trained, issued, detected)


@pytest.fixture
def own_city(city: City, tmp_path: Path) -> City:
    """A copy of the city that a test may change; the model registry keeps pointing at the shared artefacts."""
    shutil.copytree(city.settings.home, tmp_path / "var")
    shutil.copytree(city.settings.mlruns, tmp_path / "mlruns")
    settings = city.settings.model_copy(update={"home": tmp_path / "var", "mlruns": tmp_path / "mlruns"})
    return City(settings, city.now, city.tickets, city.trained, city.issued, city.detected)


@pytest.fixture
def environ(own_city: City) -> dict[str, str]:
    """Environment in which `weisu` finds the copied city."""
    return {
        **os.environ,
        "WEISU_HOME": str(own_city.settings.home),
        "WEISU_MLRUNS": str(own_city.settings.mlruns),
        "WEISU_HMAC_KEY": "test-key",
        "WEISU_CONFIG": _config(own_city),
    }


def _config(city: City) -> str:
    path = city.settings.home / "weisu.toml"
    lines = []
    for name, values in SECTIONS.items():
        lines += [f"[{name}]", *(f"{key} = {str(value).lower()}" for key, value in values.items())]
    path.write_text("\n".join(lines))
    return str(path)
