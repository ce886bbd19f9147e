"""`/metrics` for Prometheus: requests by route and status, and the state of the work, counted when asked."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from serve.store import Store
from serve.store.tables import Alert, Delivery, ForecastIssueRow, JobRun, OutboxMessage

router = APIRouter(tags=["health"])

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class StoreCollector(Collector):
    """Gauges read from the store at scrape time, so that every worker process says the same."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> Iterable[Metric]:
        """Say nothing at registration: collecting needs a query."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Return the gauges."""
        with self._store.reading() as session:
            alerts = GaugeMetricFamily("weisu_alerts_active", "Active alerts", labels=["level", "state"])
            counted = select(Alert.level, Alert.state, func.count()).where(Alert.ended_at.is_(None))
            for level, state, count in session.execute(counted.group_by(Alert.level, Alert.state)):
                alerts.add_metric([level, state], count)
            jobs = GaugeMetricFamily(
                "weisu_job_last_success_timestamp_seconds", "End of the last good run", labels=["job"]
            )
            done = select(JobRun.name, func.max(JobRun.finished_at)).where(JobRun.status.in_(("done", "degraded")))
            for name, finished in session.execute(done.group_by(JobRun.name)):
                jobs.add_metric([name], finished.timestamp() if finished else 0.0)
            issued = GaugeMetricFamily(
                "weisu_forecast_as_of_timestamp_seconds", "As-of of the newest forecast", labels=["freq"]
            )
            newest = select(ForecastIssueRow.freq, func.max(ForecastIssueRow.as_of)).group_by(ForecastIssueRow.freq)
            for freq, as_of in session.execute(newest):
                issued.add_metric([freq], as_of.timestamp())
            outbox = select(func.count()).where(OutboxMessage.expanded_at.is_(None))
            dead = select(func.count()).where(Delivery.status == "dead")
            waiting = GaugeMetricFamily("weisu_outbox_waiting", "Messages not handed out yet", session.scalar(outbox))
            given_up = GaugeMetricFamily("weisu_deliveries_dead", "Deliveries given up", session.scalar(dead))
        return [alerts, jobs, issued, waiting, given_up]


def install(app: FastAPI) -> None:
    """Count and time every request of an app in a registry of its own."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(app.state.store))
    requests = Counter("weisu_http_requests", "Requests", ["method", "route", "status"], registry=registry)
    seconds = Histogram("weisu_http_request_seconds", "Duration", ["route"], registry=registry, buckets=_BUCKETS)
    app.state.metrics = registry

    @app.middleware("http")
    async def measure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.perf_counter()
        response = await call_next(request)
        route = getattr(request.scope.get("route"), "path", "unmatched")
        requests.labels(request.method, route, response.status_code).inc()
        seconds.labels(route).observe(time.perf_counter() - started)
        return response


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format. No label names a person or a ticket."""
    return Response(generate_latest(request.app.state.metrics), media_type=CONTENT_TYPE_LATEST)
