"""Detect: every detector over what is known, one ranked list of candidates, handed to the alert life cycle."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd

from features.clock import Clock
from features.configuration import SurgeConfig
from features.knowledge import open_lake
from features.reasons import Reasons, to_json
from features.settings import Settings
from features.taxonomy import taxonomy_version
from features.vocabulary import Kind
from models.hotspots.surge.config import config_from_json
from pipelines.errors import NoChampionError
from pipelines.findings import configured_thresholds, find
from pipelines.tracking import Registry
from pipelines.tracking.registry import HOTSPOT
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
    candidates: int
    kinds: dict[str, int]
    alerts: dict[str, Any]
    degraded: Reasons

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {"schema_version": 1, **asdict(self), **to_json(self.degraded)}


def detect(
    settings: Settings,
    clock: Clock,
    *,
    as_of: datetime | None = None,
    rules_only: bool = False,
    keys: Collection[str] | None = None,
) -> DetectSummary:
    """Run the detectors as of a moment and hand what they find to the alerts; the same run again changes nothing.

    Args:
        settings: The installation.
        clock: The present.
        as_of: Detect as it could have been known then; the present when None.
        rules_only: Only the recitable rules and, with `keys`, the texts, as after each ingested batch.
        keys: With `rules_only`: ticket keys ("source/ticket_id") of the batch; findings without one are left out.

    Raises:
        PipelineError: The lake is empty, or no complete day is known by then.
    """
    moment = (as_of or clock.now()).astimezone(UTC)
    lake = open_lake(settings)
    surge, version, fallback = live_detector(settings)
    found = find(settings, moment, lake=lake, surge=surge, rules_only=rules_only, keys=keys)
    store = Store.open(settings.store_url)
    past = pd.DataFrame(ended_cases(store, moment))
    rows = found.candidates(configured_thresholds(settings), past=past)
    daily = found.daily
    run = DetectionRun(
        key=_run_key(moment, lake.version, version, rules_only=rules_only, keys=keys),
        as_of=moment,
        generated_at=clock.now(),
        data_through=daily.panel.data_through.to_pydatetime() if daily else None,
        complete=not rules_only,
        kinds=list(BATCH_KINDS) if rules_only else list(Kind),
        model_version=version,
        taxonomy_version=taxonomy_version(settings),
        calendar_version=daily.calendar_version if daily else "",
        snapshot=lake.version,
        degraded=(*fallback, *(daily.degraded if daily else ())),
    )
    candidates = [Candidate(**row) for row in rows.to_dict("records")]
    result = intake(store, candidates, clock=clock, run=run, settings=settings)
    return DetectSummary(
        run=run.key,
        as_of=moment,
        data_through=run.data_through,
        snapshot=lake.version,
        model_version=version,
        cells_tested=sum(frame["unique_id"].nunique() for frame in found.surges.values()),
        candidates=len(rows),
        kinds={str(kind): int(count) for kind, count in rows["kind"].value_counts().items()},
        alerts=result.model_dump(),
        degraded=run.degraded,
    )


def live_detector(settings: Settings) -> tuple[SurgeConfig, str, Reasons]:
    """Return the champion's configuration and version, or the release's own with the reason."""
    registry = Registry.open(settings)
    try:
        champion = registry.champion(HOTSPOT)
        config = registry.bundle(champion)["surge.json"]
    except NoChampionError as error:
        return settings.surge, "release", (error.reason,)
    return config_from_json(config.decode()), champion.version, ()


def _run_key(moment: datetime, snapshot: int, version: str, *, rules_only: bool, keys: Collection[str] | None) -> str:
    batch = "" if keys is None else hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:16]
    return f"{'rules' if rules_only else 'all'}|{moment.isoformat()}|{snapshot}|{version}|{batch}"
