"""Which versions of the lake training runs still name."""

from __future__ import annotations

from features.settings import Settings

_TAG = "weisu.snapshot"


def retained_snapshots(settings: Settings) -> set[int]:
    """Return the snapshots that runs in MLflow name, deleted runs left out.

    Without a tracking store there are no runs, and nothing is retained.
    """
    if not settings.tracking_uri and not (settings.mlruns / "mlflow.db").exists():
        return set()
    from pipelines.tracking.mlflow_setup import mlflow_for

    mlflow = mlflow_for(settings)
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list", max_results=50_000)
    tags = (run.data.tags.get(_TAG, "") for run in runs)
    return {int(tag) for tag in tags if tag.isdigit()}
