"""Point MLflow at our store, quietly and without telemetry."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from features.one_writer import writer_lock
from features.reasons import Reason, ReasonCode
from features.settings import Settings
from pipelines.errors import LostRegistryError, PipelineError

# Read by MLflow at import; set before it, so that a closed network sees no attempt to call home.
_QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}

_made: set[str] = set()
"""Local stores that this process has seen whole."""


def mlflow_for(settings: Settings) -> Any:
    """Import MLflow, aimed at the tracking store of `settings`.

    A local store is created on first use (some seconds of migrations), by one process: whoever comes meanwhile waits.

    Raises:
        PipelineError: A leftover `meta.yaml` makes MLflow treat the folder as its refused file store.
        LostRegistryError: The local store is damaged.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow

    for name in ("mlflow", "alembic", "prophet.plot"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not settings.tracking_uri:
        settings.mlruns.mkdir(parents=True, exist_ok=True)
        _refuse_leftovers(settings)
        _refuse_damaged(settings.mlruns / "mlflow.db")
    mlflow.set_tracking_uri(settings.mlflow_uri)
    mlflow.set_registry_uri(settings.mlflow_uri)
    if not settings.tracking_uri:
        _made_once(mlflow, settings)
    return mlflow


def is_made(settings: Settings) -> bool:
    """Tell whether there is a tracking store to read: a local one is made by the first training."""
    return bool(settings.tracking_uri) or (settings.mlruns / "mlflow.db").exists()


def _made_once(mlflow: Any, settings: Settings) -> None:
    """Let one process at a time find the tables missing: MLflow makes them without asking who else is at it."""
    if settings.mlflow_uri in _made:
        return
    with writer_lock(settings.mlruns):
        try:
            client = mlflow.MlflowClient()
            # The first question to each of the two makes the tables of both.
            client.search_registered_models(max_results=1)
            client.search_experiments(max_results=1)
        except Exception as error:
            # MLflow, SQLAlchemy, Alembic: each has its own, and none of them says which file to look at.
            raise LostRegistryError(
                Reason(ReasonCode.REGISTRY_UNREADABLE), hint=f"look at the tracking store: {type(error).__name__}"
            ) from error
    _made.add(settings.mlflow_uri)


def experiment_id(mlflow: Any, settings: Settings, name: str) -> str:
    """Return the id of experiment `name`, made on first use with its artefacts under `mlruns/artifacts`."""
    found = mlflow.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    location = None if settings.tracking_uri else (settings.mlruns.resolve() / "artifacts" / name).as_uri()
    return str(mlflow.create_experiment(name, artifact_location=location))


def _refuse_leftovers(settings: Settings) -> None:
    leftovers = sorted(settings.mlruns.glob("[0-9]*/meta.yaml"))
    if leftovers:
        raise PipelineError(
            f"{leftovers[0]} is left over from an old MLflow file store",
            hint=f"move {leftovers[0].parent} out of {settings.mlruns}; the store of today is mlflow.db",
        )


def _refuse_damaged(file: Path) -> None:
    """Look at every page of the store: MLflow would try for many seconds, and end in an error of its own libraries."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchall()[0][0]
    except sqlite3.OperationalError:
        # Busy, or not ours to read: MLflow waits, and says so.
        return
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise LostRegistryError(
            Reason(ReasonCode.REGISTRY_UNREADABLE),
            hint=f"{file} is damaged ({said.splitlines()[0]}): bring it back from a copy, or move it away and train",
        )
