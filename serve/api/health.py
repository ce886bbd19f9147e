"""`/livez`, `/readyz` and `/healthz`: the process runs; it can answer; and the whole installation does its work."""

from __future__ import annotations

from datetime import datetime

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from features.knowledge import stale
from features.settings import Settings
from features.vocabulary import Frequency
from serve.errors import StoreError
from serve.forecasts.repository import current_issue
from serve.jobs import latest_runs, scheduler_pulse
from serve.premises import Premises
from serve.registry import current_models
from serve.store import Store
from serve.store.columns import believed
from serve.store.migrations import HEAD
from serve.store.tables import DetectionRunRow
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(tags=["health"])
_log = structlog.get_logger(__name__)


class Liveness(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """Whether the service can do its work: `not_ready` names each part that is missing, and what to do.

    `degraded` names what does not go on behind it: nobody runs the schedule, or a feed has ended.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"status": "not ready", "not_ready": {"forecast": "none issued yet: run `weisu forecast`"}}]
        }
    )

    status: str
    not_ready: dict[str, str]
    degraded: dict[str, str] = {}
    failed_jobs: dict[str, str] = {}


@router.get("/livez", summary="The process runs")
def live() -> Liveness:
    """Answer as long as the process can."""
    return Liveness()


@router.get("/readyz", summary="What is not ready", responses={503: {"model": Readiness, "description": "Not ready"}})
def ready(request: Request, store: StoreDep, settings: SettingsDep, clock: ClockDep, response: Response) -> Readiness:
    """Name every part without which the service cannot do its work; for a load balancer."""
    found = _readiness(request.app.state.premises, store, settings, clock.now())
    response.status_code = 503 if found.not_ready else 200
    return found


@router.get("/healthz", summary="What is not well", responses={503: {"model": Readiness, "description": "Not well"}})
def healthy(request: Request, store: StoreDep, settings: SettingsDep, clock: ClockDep, response: Response) -> Readiness:
    """Say the same, and answer 503 when anything is missing or does not go on; for whoever is on call."""
    found = _readiness(request.app.state.premises, store, settings, clock.now())
    response.status_code = 503 if found.not_ready or found.degraded else 200
    return found


def _readiness(premises: Premises, store: Store, settings: Settings, now: datetime) -> Readiness:
    back = "moved away or replaced: put it back in its place, then restart the service"
    not_ready = dict.fromkeys(premises.moved(), back)
    not_ready |= missing_parts(store, now)
    if "store" in not_ready:
        return Readiness(status="not ready", not_ready=not_ready)
    try:
        degraded = what_stands_still(store, settings, now)
        failed = {run.name: run.error for run in latest_runs(store) if run.status == "failed"}
    except (StoreError, SQLAlchemyError) as error:
        return Readiness(status="not ready", not_ready=not_ready | {"store": _unreadable(error)})
    status = "not ready" if not_ready else "degraded" if degraded else "ok"
    return Readiness(status=status, not_ready=not_ready, degraded=degraded, failed_jobs=failed)


def missing_parts(store: Store, now: datetime) -> dict[str, str]:
    """Return each missing part with what to do about it."""
    missing: dict[str, str] = {}
    try:
        with store.reading() as session:
            revision = session.scalar(text("SELECT version_num FROM alembic_version"))
            if revision != HEAD:
                missing["store"] = f"tables are at revision {revision}, this program needs {HEAD}: restart it"
            if not current_models(session):
                missing["models"] = "no champion: run `weisu train`"
            if current_issue(session, Frequency.WEEKLY, now=now) is None:
                missing["forecast"] = "none issued yet: run `weisu forecast`"
            if session.scalar(select(DetectionRunRow.key).where(believed(DetectionRunRow.as_of, now)).limit(1)) is None:
                missing["detection"] = "no detection run yet: run `weisu detect`"
    except (StoreError, SQLAlchemyError) as error:
        missing["store"] = _unreadable(error)
    return missing


def what_stands_still(store: Store, settings: Settings, now: datetime) -> dict[str, str]:
    """Return what does not go on behind the service: the schedule, the feeds.

    Raises:
        StoreError: The store cannot be asked.
    """
    still: dict[str, str] = {}
    pulse, since = scheduler_pulse(store, now)
    if not pulse.is_well and since is not None:
        still["scheduler"] = f"{pulse} since {since.isoformat(timespec='seconds')}: start `weisu schedule run` again"
    through = newest_data(store, now)
    if through is not None and stale(through, Frequency.DAILY, now, settings):
        still["feed"] = f"nothing newer than {through.isoformat()} was judged: `weisu quality` names the feed"
    quality = next((run for run in latest_runs(store) if run.name == "quality"), None)
    if quality is not None and quality.status == "degraded":
        still["quality"] = f"{quality.error}: see the report under reports/"
    return still


def newest_data(store: Store, now: datetime) -> datetime | None:
    """Return how far the newest detection saw complete days (naive local time); None before the first.

    Raises:
        StoreError: The store cannot be asked.
    """
    with store.reading() as session:
        through: datetime | None = session.scalar(
            select(func.max(DetectionRunRow.data_through)).where(believed(DetectionRunRow.as_of, now))
        )
    return through


def _unreadable(error: Exception) -> str:
    # Anybody may ask here: the log has addresses and paths.
    _log.warning("the store cannot be read", error=str(error).splitlines()[0])
    return f"cannot be read: {error.code if isinstance(error, StoreError) else type(error).__name__}"
