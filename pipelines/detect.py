"""Detect: every detector over what is known, one ranked list of candidates, handed to the alert life cycle."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd

from features.clock import Clock
from features.configuration import SurgeConfig
from features.knowledge import open_lake
from features.reasons import Reasons, to_json
from features.settings import Settings
from features.taxonomy import Labels, labels_in_force, taxonomy_version
from features.vocabulary import Kind
from models.hotspots.surge.stored_config import config_from_json
from pipelines.errors import NoChampionError
from pipelines.leases import Lease, lease
from pipelines.run_detectors import Findings, configured_thresholds, find_batch, find_everything
from pipelines.tracking import Registry
from pipelines.tracking.registry import HOTSPOT, Version, damaged
from serve.alerts import Candidate, DetectionRun, intake
from serve.alerts.past import ended_cases
from serve.store import Store

BATCH_KINDS: Final = (Kind.FREQUENT, Kind.REPEAT, Kind.SENSITIVE, Kind.SHARED, Kind.FIRST_SEEN)
"""Kinds that a look at one ingested batch can find."""


@dataclass(frozen=True)
class DetectSummary:
    """What a detection run found, and what became of it."""

    run: str
    as_of: datetime
    data_through: datetime | None
    snapshot: int
    model_version: str
    cells_tested: int
    judged: dict[str, dict[str, Any]]
    idle: list[str]
    candidates: int
    kinds: dict[str, int]
    alerts: dict[str, Any]
    degraded: Reasons

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {"schema_version": 1, **asdict(self), **to_json(self.degraded)}


def detect_everything(settings: Settings, clock: Clock, *, as_of: datetime | None = None) -> DetectSummary:
    """Run every detector as of a moment and hand what they find to the alerts; the same run again changes nothing.

    Args:
        settings: The installation.
        clock: The present.
        as_of: Detect as it could have been known then; the present when None.

    Raises:
        PipelineError: The lake is empty, or no complete day is known by then.
    """
    Store.make_ready(settings.store_url)
    moment, lake, taxonomy = (as_of or clock.now()).astimezone(UTC), open_lake(settings), taxonomy_version(settings)
    surge, version, fallback = live_detector(settings)
    found = find_everything(settings, moment, lake=lake, surge=surge)
    run = _run("all", found, lake.version, version, clock)
    degraded = (*fallback, *(found.daily.degraded if found.daily else ()))
    return _hand_in(settings, clock, found, run.model_copy(update={"degraded": degraded, "taxonomy_version": taxonomy}))


def detect_batch(
    settings: Settings, clock: Clock, *, keys: Collection[str] | None, as_of: datetime | None = None
) -> DetectSummary:
    """Run the recitable rules and the texts on one ingested batch and hand what they find to the alerts.

    Args:
        settings: The installation.
        clock: The present.
        keys: Ticket keys ("source/ticket_id") of the batch; findings without one are left out. None for the rules
            alone, on all recent tickets.
        as_of: Detect as it could have been known then; the present when None.

    Raises:
        PipelineError: The lake is empty.
    """
    Store.make_ready(settings.store_url)
    moment, lake, taxonomy = (as_of or clock.now()).astimezone(UTC), open_lake(settings), taxonomy_version(settings)
    _, version, fallback = live_detector(settings)
    found = find_batch(settings, moment, lake=lake, keys=keys)
    batch = "" if keys is None else hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:16]
    run = _run("rules", found, lake.version, version, clock, batch=batch)
    partial_run = {"complete": False, "kinds": list(BATCH_KINDS), "degraded": fallback}
    partial_run["taxonomy_version"] = taxonomy
    return _hand_in(settings, clock, found, run.model_copy(update=partial_run))


def _run(mode: str, found: Findings, snapshot: int, version: str, clock: Clock, *, batch: str = "") -> DetectionRun:
    """Describe a run that covers everything."""
    daily = found.daily
    return DetectionRun(
        key=f"{mode}|{found.as_of.isoformat()}|{snapshot}|{version}|{batch}",
        as_of=found.as_of,
        generated_at=clock.now(),
        data_through=daily.panel.data_through.to_pydatetime() if daily else None,
        model_version=version,
        calendar_version=daily.calendar_version if daily else "",
        snapshot=snapshot,
        judged={freq: part.to_json() for freq, part in found.coverage.items()},
        idle=found.idle,
    )


def _hand_in(settings: Settings, clock: Clock, found: Findings, run: DetectionRun) -> DetectSummary:
    """Hand what was found to the alerts, and sum up."""
    with closing(Store.open(settings.store_url)) as store, lease(settings, Lease.CANDIDATES):
        past = pd.DataFrame(_in_force(ended_cases(store, run.as_of), labels_in_force(settings, run.as_of)))
        rows = found.candidates(configured_thresholds(settings), past=past)
        candidates = [Candidate(**row) for row in rows.to_dict("records")]
        result = intake(store, candidates, clock=clock, run=run, settings=settings)
    return DetectSummary(
        run=run.key,
        as_of=run.as_of,
        data_through=run.data_through,
        snapshot=run.snapshot or 0,
        model_version=run.model_version,
        cells_tested=sum(part.judged + part.stand_in for part in found.coverage.values()),
        judged=run.judged,
        idle=[code.value for code in run.idle],
        candidates=len(rows),
        kinds={str(kind): int(count) for kind, count in rows["kind"].value_counts().items()},
        alerts=result.model_dump(),
        degraded=run.degraded,
    )


def _in_force(cases: list[dict[str, Any]], labels: Labels) -> list[dict[str, Any]]:
    """Return past cases under the names in force: people were told others, and the matter is the same."""
    return [
        {**case, "category": labels.name(case["category"], "category"), "area": labels.name(case["area"], "district")}
        for case in cases
    ]


def live_detector(settings: Settings) -> tuple[SurgeConfig, str, Reasons]:
    """Return the champion's configuration and version, or the release's own with the reason."""
    try:
        registry = Registry.open(settings)
        champion = registry.champion(HOTSPOT)
        config = _configuration(registry, champion)
    except NoChampionError as error:
        return settings.surge, "release", (error.reason,)
    return config, champion.version, ()


def _configuration(registry: Registry, champion: Version) -> SurgeConfig:
    files = registry.bundle(champion)
    try:
        return config_from_json(files["surge.json"].decode())
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(champion) from error
