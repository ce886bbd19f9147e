"""`/v1/alerts/metrics`: how good the alerts are, by what departments say."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict

from serve.access import CallerDep
from serve.alerts import metrics
from serve.errors import UnprocessableError
from serve.problems import problems
from serve.values import Moment
from serve.wiring import ClockDep, SettingsDep, StoreDep

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], responses=problems(401, 422))

_PERIOD: Final = timedelta(days=28)
_LONGEST: Final = timedelta(days=366)


class ScoreView(BaseModel):
    """The measures of one group of alerts.

    `precision` is handled / (handled + dismissed). `lead_hours_median` is how long after the department was told the
    last ticket of the episode came in: the time there was to act.
    """

    alerts: int
    handled: int
    dismissed: int
    precision: float | None
    ack_minutes_median: float | None
    ack_minutes_p90: float | None
    lead_hours_median: float | None
    came_anyway: int
    did_not_come: int


class AlertMetrics(BaseModel):
    """Measures of the alerts told in a period."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "schema_version": 1,
                    "since": "2026-10-26T00:00:00Z",
                    "until": "2026-11-23T00:00:00Z",
                    "total": {
                        "alerts": 41,
                        "handled": 30,
                        "dismissed": 6,
                        "precision": 0.8333,
                        "ack_minutes_median": 22.0,
                        "ack_minutes_p90": 95.0,
                        "lead_hours_median": 9.5,
                        "came_anyway": 11,
                        "did_not_come": 19,
                    },
                    "by_kind": {},
                    "by_department": {},
                    "per_week": {"水务局": {"2026-W47": 5}},
                    "dismissal_reasons": {"known_event": 4, "duplicate": 2},
                }
            ]
        }
    )

    schema_version: int = 1
    since: AwareDatetime
    until: AwareDatetime
    total: ScoreView
    by_kind: dict[str, ScoreView]
    by_department: dict[str, ScoreView]
    per_week: dict[str, dict[str, int]]
    dismissal_reasons: dict[str, int]


@router.get("/metrics", summary="How good the alerts are")
def read_metrics(
    store: StoreDep,
    clock: ClockDep,
    settings: SettingsDep,
    caller: CallerDep,
    since: Annotated[Moment | None, Query(description="Start; 28 days ago when not given")] = None,
) -> AlertMetrics:
    """Return precision by feedback, time to acknowledge, lead time, and alerts per department and week."""
    until = clock.now()
    start = since or until - _PERIOD
    if start < until - _LONGEST:
        raise UnprocessableError("period_too_long")
    with store.reading() as session:
        answers = metrics.read_answers(session, caller, since=start, until=until + timedelta(microseconds=1))
    return AlertMetrics(
        since=start,
        until=until,
        total=_view(metrics.score(answers)),
        by_kind={name: _view(found) for name, found in metrics.by(answers, "kind").items()},
        by_department={name: _view(found) for name, found in metrics.by(answers, "department").items()},
        per_week=metrics.per_week(answers, settings.zone),
        dismissal_reasons=metrics.dismissal_reasons(answers),
    )


def _view(found: metrics.Score) -> ScoreView:
    return ScoreView(**asdict(found))
