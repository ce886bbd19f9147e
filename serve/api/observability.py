"""`/metrics` for Prometheus: requests by route and status, and the state of the work, counted when asked."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from features.clock import Clock
from features.errors import WeisuError
from features.knowledge import arrived_feeds
from features.settings import Settings
from serve.alerts.repository import open_by_level_and_state
from serve.api.health import missing_parts, newest_data, what_stands_still
from serve.jobs import last_beat, latest_runs
from serve.premises import Premises
from serve.store import Store
from serve.store.columns import believed
from serve.store.tables import Delivery, ForecastIssueRow, JobRun, OutboxMessage

router = APIRouter(tags=["health"])

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where worker processes count together; prometheus_client reads it when it is imported."""

_log = structlog.get_logger(__name__)


@contextmanager
def counted_together() -> Iterator[None]:
    """Let the worker processes that are started inside count in one place, in memory where there is a folder for it.

    Each would otherwise answer a scrape with its own counts, and Prometheus would take that for restarts.
    """
    memory = "/dev/shm"  # noqa: S108 - a folder of our own in it, made by mkdtemp
    place = tempfile.mkdtemp(prefix="weisu-metrics-", dir=memory if os.access(memory, os.W_OK) else None)
    os.environ[_SHARED] = place
    try:
        yield
    finally:
        del os.environ[_SHARED]
        shutil.rmtree(place, ignore_errors=True)


class StateCollector(Collector):
    """Gauges read from store and lake at scrape time, so that every worker process says the same."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, premises: Premises) -> None:
        self._store, self._settings, self._clock, self._premises = store, settings, clock, premises

    def describe(self) -> Iterable[Metric]:
        """Say nothing at registration: collecting needs a query."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Return the gauges; a part that cannot be read is missing, and `weisu_up` says so."""
        up = _gauge("weisu_up", "Whether a part can be read and is where it was", "part")
        for part, read in (("store", self._of_store), ("lake", self._of_lake), ("disk", self._of_disk)):
            try:
                yield from read()
                up.add_metric([part], 1)
            except (WeisuError, SQLAlchemyError, OSError) as error:
                _log.warning("metrics without a part", part=part, error=str(error).splitlines()[0])
                up.add_metric([part], 0)
        up.add_metric(["home"], 0 if self._premises.moved() else 1)
        yield up

    def _of_store(self) -> list[Metric]:
        store, now = self._store, self._clock.now()
        with store.reading() as session:
            alerts = GaugeMetricFamily("weisu_alerts_active", "Active alerts", labels=["level", "state"])
            for level, state, count in open_by_level_and_state(session):
                alerts.add_metric([level, state], count)
            jobs = _gauge("weisu_job_last_success_timestamp_seconds", "End of the last good run", "job")
            done = select(JobRun.name, func.max(JobRun.finished_at)).where(JobRun.status.in_(("done", "degraded")))
            done = done.where(believed(JobRun.finished_at, now))
            for name, finished in session.execute(done.group_by(JobRun.name)):
                jobs.add_metric([name], _seconds(finished))
            issued = _gauge("weisu_forecast_as_of_timestamp_seconds", "As-of of the newest forecast", "freq")
            newest = select(ForecastIssueRow.freq, func.max(ForecastIssueRow.as_of)).group_by(ForecastIssueRow.freq)
            for freq, as_of in session.execute(newest.where(believed(ForecastIssueRow.as_of, now))):
                issued.add_metric([freq], as_of.timestamp())
            outbox = select(func.count()).where(OutboxMessage.expanded_at.is_(None))
            dead = select(func.count()).where(Delivery.status == "dead")
            waiting = GaugeMetricFamily("weisu_outbox_waiting", "Messages not handed out yet", session.scalar(outbox))
            given_up = GaugeMetricFamily("weisu_deliveries_dead", "Deliveries given up", session.scalar(dead))
        return [alerts, jobs, issued, waiting, given_up, *self._of_work(store, now)]

    def _of_work(self, store: Store, now: datetime) -> Iterator[Metric]:
        """Yield what tells that the work goes on: heartbeat, end of the data, newest runs, what is missing."""
        beaten, through = last_beat(store), newest_data(store, now)
        if beaten is not None:
            yield _single("weisu_scheduler_beat_timestamp_seconds", "Last heartbeat of the scheduler", _seconds(beaten))
        if through is not None:
            moment = through.replace(tzinfo=self._settings.zone)
            yield _single("weisu_data_through_timestamp_seconds", "End of the complete days seen", _seconds(moment))
        failed = _gauge("weisu_job_failed", "Whether the newest run of a job failed", "job")
        took = _gauge("weisu_job_duration_seconds", "How long the newest finished run took", "job")
        for run in latest_runs(store):
            failed.add_metric([run.name], int(run.status == "failed"))
            if run.finished_at is not None:
                took.add_metric([run.name], (run.finished_at - run.started_at).total_seconds())
        broken = _gauge("weisu_not_well", "1 for each part that is missing or stands still; see /healthz", "part")
        for part in {**missing_parts(store, now), **what_stands_still(store, self._settings, now)}:
            broken.add_metric([part], 1)
        yield from (failed, took, broken)

    def _of_lake(self) -> list[Metric]:
        loaded = _gauge("weisu_feed_loaded_timestamp_seconds", "Last load of a source", "source")
        read = _gauge("weisu_feed_read_through_timestamp_seconds", "How far a live feed was read", "source")
        for state in arrived_feeds(self._settings):
            loaded.add_metric([state.source], _seconds(state.loaded_at))
            if state.known_through is not None:
                read.add_metric([state.source], _seconds(state.known_through))
        return [loaded, read]

    def _of_disk(self) -> list[Metric]:
        free = _gauge("weisu_disk_free_bytes", "Free space of the disk of a folder", "folder")
        for name, place in (("home", self._settings.home), ("lake", Path(self._settings.lake_path))):
            if place.exists():
                free.add_metric([name], shutil.disk_usage(place).free)
        return [free]


def _gauge(name: str, said: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, labels=[label])


def _single(name: str, said: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, value)


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def install(app: FastAPI) -> None:
    """Count and time every request of an app in a registry of its own, those that end in an error too."""
    state = app.state
    registry = CollectorRegistry()
    requests = Counter("weisu_http_requests", "Requests", ["method", "route", "status"], registry=registry)
    seconds = Histogram("weisu_http_request_seconds", "Duration", ["route"], registry=registry, buckets=_BUCKETS)
    if os.environ.get(_SHARED):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(StateCollector(state.store, state.settings, state.clock, state.premises))
    state.metrics = registry

    @app.middleware("http")
    async def measure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        started, status = time.perf_counter(), 500
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            # What raises is answered further out, with 500.
            route = getattr(request.scope.get("route"), "path", "unmatched")
            requests.labels(request.method, route, status).inc()
            seconds.labels(route).observe(time.perf_counter() - started)


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format. No label names a person or a ticket."""
    return Response(generate_latest(request.app.state.metrics), media_type=CONTENT_TYPE_LATEST)
