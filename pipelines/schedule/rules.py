"""The recitable rules on everything that came into the lake since they last ran, whoever brought it.

The rows of finished runs in the store say how far the rules have seen; what lies beyond is read from the lake's
commits. So a batch whose process was killed right after its commit is seen by the next sweep like any other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from features.clock import Clock, is_ahead
from features.knowledge import holds_tickets
from features.lake import Lake
from features.lake.new_loads import news_since, ticket_keys
from features.settings import Settings
from serve.jobs import record
from serve.store import Store
from serve.store.tables import JobRun

RULES: Final = "rules"
"""Name under which the runs are recorded; the key names the lake and the version seen: `9f3c21aa 17`."""

_MOST_KEYS: Final = 100_000
"""More than this is history being loaded: the rules look at all recent tickets then."""

_EAGER: Final = 3
_PATIENT: Final = timedelta(hours=1)
"""After this many failures in a row the rules are tried this far apart."""


def rules_are_behind(settings: Settings, store: Store, *, now: datetime) -> bool:
    """Tell whether the lake holds loads that no finished run of the rules has seen, and it is time to try."""
    if not holds_tickets(settings):
        return False
    lake = Lake.of(settings)
    seen = _seen(store, _lake_id(lake.store.table()))
    return bool(news_since(lake, seen).loads) and _may_try(store, now)


def apply_rules_to_news(settings: Settings, store: Store, clock: Clock) -> dict[str, Any] | None:
    """Run the rules on what came since their last finished run; a failure is recorded, and the next sweep tries again.

    Returns:
        Loads and versions of tickets looked at; None when nothing came or the run failed.
    """
    if not rules_are_behind(settings, store, now=clock.now()):
        return None
    lake = Lake.of(settings)
    lake_id = _lake_id(lake.store.table())
    news = news_since(lake, _seen(store, lake_id))
    try:
        with record(store, RULES, clock=clock, key=f"{lake_id} {news.through}") as job:
            few = ticket_keys(lake, news) if news.rows <= _MOST_KEYS else None
            job.summary, job.degraded = _detect(settings, clock, few)
    except Exception:  # noqa: BLE001 - recorded above; the hourly detectors see the same tickets meanwhile
        return None
    return {"loads": len(news.loads), "versions": news.rows}


def _detect(settings: Settings, clock: Clock, few: list[str] | None) -> tuple[dict[str, Any], str]:
    import json

    from pipelines.detect import detect_batch

    summary = detect_batch(settings, clock, keys=few).to_json()
    return json.loads(json.dumps(summary, default=str, ensure_ascii=False)), summary["degraded"]


def _lake_id(table: Any) -> str:
    return str(table.metadata().id)[:8]


def _seen(store: Store, lake_id: str) -> int:
    """Return the version of this very lake that the rules have seen; 0 when none."""
    finished = select(JobRun.key).where(
        JobRun.name == RULES, JobRun.status.in_(("done", "degraded")), JobRun.key.startswith(f"{lake_id} ")
    )
    with store.reading() as session:
        key = session.scalar(finished.order_by(JobRun.id.desc()).limit(1))
    return int(key.split()[1]) if key else 0


def _may_try(store: Store, now: datetime) -> bool:
    last_good = select(func.max(JobRun.id)).where(JobRun.name == RULES, JobRun.status.in_(("done", "degraded")))
    with store.reading() as session:
        failed = select(func.count(), func.max(JobRun.started_at)).where(
            JobRun.name == RULES, JobRun.status == "failed", JobRun.id > (session.scalar(last_good) or 0)
        )
        count, newest = session.execute(failed).one()
    return bool(count < _EAGER or is_ahead(newest, now) or now >= newest + _PATIENT)
