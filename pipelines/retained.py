"""Which versions of the lake training runs still name."""

from __future__ import annotations

from sqlalchemy import func, select

from features.settings import Settings
from pipelines.errors import PipelineError
from serve.store import Store
from serve.store.tables import ModelVersion

_TAG = "weisu.snapshot"


def retained_snapshots(settings: Settings) -> set[int]:
    """Return the snapshots that runs in MLflow name, deleted runs left out.

    Where nothing was ever trained, nothing is retained.

    Raises:
        PipelineError: Models are in service, but the tracking store with their runs is not where it should be.
    """
    if not settings.tracking_uri and not (settings.mlruns / "mlflow.db").exists():
        _refuse_lost_runs(settings)
        return set()
    from pipelines.tracking.mlflow_setup import mlflow_for

    mlflow = mlflow_for(settings)
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list", max_results=50_000)
    tags = (run.data.tags.get(_TAG, "") for run in runs)
    return {int(tag) for tag in tags if tag.isdigit()}


def _refuse_lost_runs(settings: Settings) -> None:
    """Models without runs mean a wrong `mlruns`: deleting files by that would take what trainings still need."""
    if not settings.database_url and not (settings.home / "weisu.db").exists():
        return
    store = Store.open(settings.store_url)
    with store.reading() as session:
        models = session.scalar(select(func.count()).select_from(ModelVersion))
    store.close()
    if models:
        raise PipelineError(
            f"models are in service, but there is no tracking store at {settings.mlflow_uri}",
            hint="run from the installation's folder, or set mlruns or tracking_uri",
        )
