"""The demo: a simulated city, ingested, trained on, forecast, watched and served. Everything in it is invented."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from features.clock import Clock
from features.lake import Lake
from features.settings import Settings
from features.simulator import SimulatorConfig, write_city
from features.vocabulary import SIMULATED
from pipelines.detect import DetectSummary, detect_everything
from pipelines.errors import NoChampionError, PipelineError
from pipelines.forecast import ForecastSummary, forecast
from pipelines.ingest import ingest
from pipelines.tracking import Registry
from pipelines.tracking.registry import DEMAND
from pipelines.train import train
from serve.access import Role, add_key, authenticate
from serve.errors import UnauthorizedError
from serve.store import Store

YEARS: Final = 3
TICKETS: Final = 600_000
_KEY_FILE: Final = "demo.key"


class Stages(Protocol):
    """Shows a stage of the demo while it runs."""

    def __call__(self, title: str) -> AbstractContextManager[None]:
        """Open a stage."""
        ...


@contextmanager
def silent(title: str) -> Iterator[None]:
    """Show nothing."""
    del title
    yield


@dataclass(frozen=True)
class Demo:
    """What the demo built.

    Attributes:
        key: An administrator's key for the page and the API.
        forecast: The issue of this run.
        detection: The detection of this run.
    """

    key: str
    forecast: ForecastSummary
    detection: DetectSummary


_TOPIC_DAYS: Final = 30
"""A demo learns a month of texts, not a year: topics can be judged as shared, not yet as never heard."""


def build_demo(settings: Settings, clock: Clock, *, tickets: int = TICKETS, stage: Stages = silent) -> Demo:
    """Build the demo under `settings.home`; running it again the same day changes nothing.

    The city ends yesterday, so a demo of an earlier day is cleared away and built anew.

    Args:
        settings: The installation; its home must hold nothing, or an earlier demo.
        clock: The present: the simulated hotline's last day is yesterday.
        tickets: Size of the city over three years.
        stage: Shows progress.

    Raises:
        PipelineError: The lake holds tickets of other sources.
    """
    if "topic_days" not in settings.detect.model_fields_set:
        small = settings.detect.model_copy(update={"topic_days": _TOPIC_DAYS})
        settings = settings.model_copy(update={"detect": small})
    local = clock.now().astimezone(settings.zone)
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    Store.make_ready(settings.store_url)
    _refuse_mixing(settings)
    _clear_earlier(settings, _folder(settings, today, tickets))
    with stage("simulate the city"):
        city = _city(settings, today, tickets)
    with stage("ingest its tickets, masked"):
        ingest([city], SIMULATED, settings, clock)
    # Trained and first issued a week ago, as a hotline would have: so the page can say how wrong last week was.
    last_week = today - timedelta(days=7)
    with stage("train the forecaster and the detector"):
        if not _trained(settings, last_week):
            train(settings, clock, as_of=last_week)
    with stage("forecast four weeks"):
        forecast(settings, clock, as_of=last_week)
        issued = forecast(settings, clock, as_of=today)
    with stage("detect hotspots, raise alerts"):
        found = detect_everything(settings, clock, as_of=today)
    return Demo(_key(settings, clock), issued, found)


def _refuse_mixing(settings: Settings) -> None:
    lake = Lake.of(settings)
    others = sorted({state.source for state in lake.sources()} - {SIMULATED})
    if others:
        raise PipelineError(
            f"the lake under {settings.home} holds tickets of {', '.join(others)}; a demo would mix with them",
            hint="give the demo a home of its own: weisu demo --home var/demo",
        )


def _folder(settings: Settings, today: datetime, tickets: int) -> Path:
    return settings.home / "demo" / f"{today:%Y-%m-%d}-{tickets}"


def _clear_earlier(settings: Settings, folder: Path) -> None:
    """Remove the state of a demo of another day or size: its tickets would be another city's."""
    earlier = [path for path in folder.parent.glob("*") if path != folder]
    if not earlier:
        return
    for path in (Path(settings.lake_path), *earlier):
        shutil.rmtree(path, ignore_errors=True)
    for path in settings.home.glob("weisu.db*"):
        path.unlink()


def _city(settings: Settings, today: datetime, tickets: int) -> Path:
    """Write the city's export of this day, once: the folder appears under its name only when it is whole."""
    folder = _folder(settings, today, tickets)
    if not folder.is_dir():
        start = today.replace(year=today.year - YEARS).date()
        unfinished = folder.with_name(f".{folder.name}")
        write_city(SimulatorConfig(tickets=tickets, start=start, end=today.date()), unfinished, format="parquet")
        unfinished.rename(folder)
    return folder / "tickets.parquet"


def _trained(settings: Settings, moment: datetime) -> bool:
    """Say whether the champion was trained on this very city."""
    try:
        champion = Registry.open(settings).champion(DEMAND)
    except NoChampionError:
        return False
    return champion.tags.get("weisu.as_of") == moment.astimezone(UTC).isoformat()


def _key(settings: Settings, clock: Clock) -> str:
    """Return the demo's key, kept beside its state so that a second run prints the same one."""
    store = Store.open(settings.store_url)
    path = settings.home / _KEY_FILE
    try:
        if path.exists():
            authenticate(store, path.read_text().strip(), now=clock.now())
            return path.read_text().strip()
    except UnauthorizedError:
        path.unlink()
    made = add_key(store, name="demo", role=Role.ADMIN, now=clock.now())
    path.touch(mode=0o600)
    path.write_text(made.secret)
    return made.secret
