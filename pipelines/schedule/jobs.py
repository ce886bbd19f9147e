"""What each job does: the idempotent functions of the pipelines and of the serving side, called by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from features.clock import Clock
from features.errors import WeisuError
from features.settings import Settings
from pipelines.schedule.incoming import DONE, FAILED, Arrival, arrivals, put_away
from pipelines.schedule.plan import Schedule
from pipelines.schedule.rules import apply_rules_to_news, rules_are_behind
from serve.reports import WeeklySummary, last_complete_week, weekly
from serve.store import Store
from serve.supervision.passage import last_round

_log = structlog.get_logger(__name__)

QUICK: Final = "quick"
LIGHT: Final = "light"
HEAVY: Final = "heavy"
LANES: Final[Mapping[str, int]] = {QUICK: 2, LIGHT: 1, HEAVY: 1}
"""Lanes and their threads: a training never holds up detection, and neither holds up delivery."""


@dataclass(frozen=True)
class JobContext:
    """What a job works with."""

    settings: Settings
    store: Store
    clock: Clock
    schedule: Schedule
    slot: datetime


@dataclass(frozen=True)
class JobOutcome:
    """What a job says about its run: a JSON-ready summary, and why it is degraded ('' when it is not)."""

    summary: dict[str, Any] = field(default_factory=dict)
    degraded: str = ""


@dataclass(frozen=True)
class Work:
    """One kind of job.

    Attributes:
        run: Does it; safe to repeat.
        lane: Where it runs.
        ready: Whether there is anything to work on.
        recorded: Every run has a row in the store; otherwise only failures have.
    """

    run: Callable[[JobContext], JobOutcome]
    lane: str
    ready: Callable[[JobContext], bool] = lambda _context: True
    recorded: bool = True


def _has_tickets(context: JobContext) -> bool:
    from features.knowledge import holds_tickets

    return holds_tickets(context.settings)


def _arrived(context: JobContext) -> list[Arrival]:
    schedule = context.schedule
    return arrivals(schedule.incoming, now=context.clock.now(), settle=schedule.settle)


def _something_came(context: JobContext) -> bool:
    now = context.clock.now()
    return bool(_arrived(context) or _may_come_in(context)) or rules_are_behind(
        context.settings, context.store, now=now
    )


def _may_come_in(context: JobContext) -> bool:
    """Tell whether rows have waited for their time; while the clock is in doubt no time has come."""
    from pipelines.ingest import anything_waited

    known = last_round(context.settings)
    return (known is None or not known[1]) and anything_waited(context.settings, context.clock)


def _something_to_send(context: JobContext) -> bool:
    from serve.delivery import anything_due

    return anything_due(context.store, context.settings, now=context.clock.now())


def ingest_incoming(context: JobContext) -> JobOutcome:
    """Take every complete file of the watched folder, one after the other; a bad one is put aside with its error.

    After each one, and once when there is none, the rules run on all that came into the lake since they last did:
    batches handed in through the API and files of `weisu ingest` too.
    """
    from pipelines.ingest import come_in

    came_in = come_in(context.settings, context.clock) if _may_come_in(context) else 0
    taken: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for arrival in _arrived(context):
        name = f"{arrival.path.parent.name}/{arrival.path.name}"
        try:
            taken[name] = _ingest(arrival, context)
        except WeisuError as error:
            refused[name] = str(error)
            put_away(arrival.path, into=FAILED, note=str(error))
        else:
            put_away(arrival.path, into=DONE)
        _apply_rules(context)
    _apply_rules(context)
    why = [f"refused {', '.join(refused)}"] if refused else []
    why += [document["degraded"] for document in taken.values() if document["degraded"]]
    return JobOutcome({"files": taken, "refused": refused, "came_in": came_in}, "; ".join(why))


def _ingest(arrival: Arrival, context: JobContext) -> dict[str, Any]:
    from pipelines.ingest import ingest

    return ingest([arrival.path], arrival.mapping, context.settings, context.clock).to_json()


def _apply_rules(context: JobContext) -> None:
    apply_rules_to_news(context.settings, context.store, context.clock)


def _train(context: JobContext) -> JobOutcome:
    from pipelines.train import train

    return _outcome(train(context.settings, context.clock))


def _forecast(context: JobContext) -> JobOutcome:
    from pipelines.forecast import forecast

    return _outcome(forecast(context.settings, context.clock))


def _detect(context: JobContext) -> JobOutcome:
    from pipelines.detect import detect_everything
    from pipelines.relabel import bring_into_force

    # A change of labels may come into force on a day on which nobody imports anything.
    try:
        bring_into_force(context.settings, context.clock)
    except WeisuError as error:
        # A forecast that cannot be issued anew is no reason to hear nothing of hotspots.
        _log.warning("the labels in force do not reach the forecast", reason=str(error))
    return _outcome(detect_everything(context.settings, context.clock))


def _report(context: JobContext) -> JobOutcome:
    return _outcome(write_weekly_report(context.settings, context.store, context.clock))


def _quality(context: JobContext) -> JobOutcome:
    from pipelines.upkeep import write_quality_report

    return _outcome(write_quality_report(context.settings, context.clock))


def _has_retention(context: JobContext) -> bool:
    return bool(context.settings.retention) and _has_tickets(context)


def _retention(context: JobContext) -> JobOutcome:
    from pipelines.upkeep import keep_retention

    return _outcome(keep_retention(context.settings, context.clock))


def _optimize(context: JobContext) -> JobOutcome:
    from pipelines.upkeep import optimize_lake

    return _outcome(optimize_lake(context.settings))


def _vacuum(context: JobContext) -> JobOutcome:
    from pipelines.upkeep import vacuum_lake

    return _outcome(vacuum_lake(context.settings))


def _clocks(context: JobContext) -> JobOutcome:
    from serve.supervision import tick

    return JobOutcome(_jsonable(tick(context.store, context.clock, context.settings).to_json()))


def _deliver(context: JobContext) -> JobOutcome:
    from serve.delivery import run_once

    return JobOutcome(run_once(context.store, context.settings, context.clock).to_json())


def _outcome(summary: Any) -> JobOutcome:
    document = _jsonable(summary.to_json())
    return JobOutcome(document, document["degraded"])


def _jsonable(document: dict[str, Any]) -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads(json.dumps(document, default=str, ensure_ascii=False))
    return found


WORK: Final[Mapping[str, Work]] = {
    "ingest": Work(ingest_incoming, LIGHT, ready=_something_came),
    "train": Work(_train, HEAVY, ready=_has_tickets),
    "forecast": Work(_forecast, HEAVY, ready=_has_tickets),
    "report": Work(_report, HEAVY, ready=_has_tickets),
    "detect": Work(_detect, LIGHT, ready=_has_tickets),
    "quality": Work(_quality, HEAVY, ready=_has_tickets),
    "retention": Work(_retention, HEAVY, ready=_has_retention),
    "optimize": Work(_optimize, HEAVY, ready=_has_tickets),
    "vacuum": Work(_vacuum, HEAVY, ready=_has_tickets),
    "clocks": Work(_clocks, QUICK, recorded=False),
    "deliver": Work(_deliver, QUICK, ready=_something_to_send, recorded=False),
}
"""What the jobs of a schedule do, by name."""


# The weekly report on the planner's desk, written on Monday morning.


def write_weekly_report(settings: Settings, store: Store, clock: Clock) -> WeeklySummary:
    """Write the XLSX report about the last complete week; writing it again replaces it."""
    week = last_complete_week(settings, now=clock.now())
    return weekly(store, week=week, out=report_path(settings, str(week)), settings=settings, clock=clock)


def report_path(settings: Settings, week: str) -> Path:
    """Return where the report about a week lies."""
    return settings.home / "reports" / f"weisu-{week}.xlsx"
