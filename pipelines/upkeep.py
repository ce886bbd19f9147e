"""Looking after the lake on a schedule: retention, compaction, vacuum, and the daily report on the data's quality."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import func, select

from features.clock import Clock
from features.configuration.tickets import PERIOD
from features.lake import Lake
from features.lake.erasure import erase, holds_older
from features.lake.upkeep import optimize, vacuum
from features.reasons import Reason, ReasonCode, Reasons, stored, to_json
from features.settings import Settings
from pipelines.errors import PipelineError
from pipelines.quality import quality_report
from serve.store import Store
from serve.store.tables import ModelVersion

_UNITS: Final = {"d": "days", "m": "months", "y": "years"}


@dataclass(frozen=True)
class UpkeepSummary:
    """What was done, and why it is less than it should be, if it is."""

    done: dict[str, Any] = field(default_factory=dict)
    degraded: Reasons = ()

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON document."""
        return {"schema_version": 1, **asdict(self), **to_json(self.degraded)}


def retention_cutoffs(settings: Settings, *, now: datetime) -> dict[str, datetime]:
    """Return until when the tickets of each source have to go, from `[retention]`: midnight at the hotline."""
    today = pd.Timestamp(now.astimezone(settings.zone)).normalize()
    cutoffs = {}
    for source, period in settings.retention.items():
        number, unit = PERIOD.fullmatch(period).groups()  # type: ignore[union-attr] # checked as it was read
        cutoffs[source] = (today - pd.DateOffset(**{_UNITS[unit]: int(number)})).to_pydatetime()
    return cutoffs


def keep_retention(settings: Settings, clock: Clock) -> UpkeepSummary:
    """Erase what is older than its source's retention period; replay of old snapshots gives way, and is named."""
    lake, now = Lake.of(settings), clock.now()
    erased, lost = {}, set()
    for source, cutoff in retention_cutoffs(settings, now=now).items():
        if not holds_older(lake, source=source, than=cutoff):
            continue
        reason = f"[retention] {source} = {settings.retention[source]}"
        result = erase(lake, source=source, opened_before=cutoff, by="retention", reason=reason, now=now)
        erased[source] = {"tickets": result.tickets, "quarantined": result.quarantined, "before": cutoff.isoformat()}
        lost |= set(result.lost)
    broken = sorted(lost & retained_snapshots(settings)) if lost else []
    said = [Reason(ReasonCode.REPLAY_LOST, {"snapshots": [str(one) for one in broken]})] if broken else []
    return UpkeepSummary({"erased": erased, "lost_snapshots": sorted(lost)}, tuple(said))


def optimize_lake(settings: Settings) -> UpkeepSummary:
    """Merge the small files of every table."""
    return UpkeepSummary(dict(optimize(Lake.of(settings))))


def vacuum_lake(settings: Settings) -> UpkeepSummary:
    """Delete files that neither the present version nor a retained training run needs."""
    retained = retained_snapshots(settings)
    files = vacuum(Lake.of(settings), retained=retained)
    return UpkeepSummary({"files": len(files), "retained": sorted(retained)})


def write_quality_report(settings: Settings, clock: Clock) -> UpkeepSummary:
    """Write the day's quality report under `home/reports`, as a page and as JSON; degraded when a feed has stalled."""
    from features.quality import render_page

    report = quality_report(settings, clock)
    folder = settings.home / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"quality-{clock.now().astimezone(settings.zone).date()}.html"
    page.write_text(render_page(report), encoding="utf-8")
    page.with_suffix(".json").write_text(json.dumps(report, ensure_ascii=False, default=str), encoding="utf-8")
    stalled = stored(problem for problem in report["problems"] if problem["severity"] == "error")
    done = {"out": str(page), "status": report["status"], "problems": len(report["problems"])}
    return UpkeepSummary(done, stalled if report["status"] == "stale" else ())


# Which versions of the lake training runs still name.


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
