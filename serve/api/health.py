"""`/livez` and `/readyz`: whether the process runs, and which part of the service is not ready."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from features.vocabulary import Frequency
from serve.forecasts.repository import current_issue
from serve.jobs import latest_runs
from serve.registry import current_models
from serve.store import Store
from serve.store.migrations import HEAD
from serve.store.tables import DetectionRunRow
from serve.wiring import StoreDep

router = APIRouter(tags=["health"])


class Liveness(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """Whether the service can do its work: `not_ready` names each part that is missing, and what to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"status": "not ready", "not_ready": {"forecast": "none issued yet: run `weisu forecast`"}}]
        }
    )

    status: str
    not_ready: dict[str, str]
    failed_jobs: dict[str, str] = {}


@router.get("/livez", summary="The process runs")
def live() -> Liveness:
    """Answer as long as the process can."""
    return Liveness()


@router.get("/readyz", summary="What is not ready", responses={503: {"model": Readiness, "description": "Not ready"}})
def ready(store: StoreDep, response: Response) -> Readiness:
    """Name every part without which the service cannot do its work."""
    not_ready = missing_parts(store)
    if not_ready:
        response.status_code = 503
    failed = (
        {} if "store" in not_ready else {run.name: run.error for run in latest_runs(store) if run.status == "failed"}
    )
    return Readiness(status="not ready" if not_ready else "ok", not_ready=not_ready, failed_jobs=failed)


def missing_parts(store: Store) -> dict[str, str]:
    """Return each missing part with what to do about it."""
    missing: dict[str, str] = {}
    try:
        with store.reading() as session:
            revision = session.scalar(text("SELECT version_num FROM alembic_version"))
            if revision != HEAD:
                missing["store"] = f"tables are at revision {revision}, this program needs {HEAD}: restart it"
            if not current_models(session):
                missing["models"] = "no champion: run `weisu train`"
            if current_issue(session, Frequency.WEEKLY) is None:
                missing["forecast"] = "none issued yet: run `weisu forecast`"
            if session.scalar(select(DetectionRunRow.key).limit(1)) is None:
                missing["detection"] = "no detection run yet: run `weisu detect`"
    except SQLAlchemyError as error:
        missing["store"] = f"cannot be read: {type(error).__name__}"
    return missing
