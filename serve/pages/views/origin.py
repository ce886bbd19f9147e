"""Where a page's numbers come from: the newest detection run or forecast."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from features.reasons import Reasons, stored
from serve.alerts.repository import newest_run
from serve.pages.language import Words
from serve.pages.render import Provenance
from serve.store.tables import DetectionRunRow, ForecastIssueRow

MODEL: Final = "{name} v{version}"
DETECTOR: Final = "weisu-hotspot"


def detection_origin(session: Session, words: Words, *, now: datetime) -> Provenance:
    """Return where the alerts come from."""
    run = newest_run(session, now=now, complete=False)
    if run is None:
        return Provenance()
    return Provenance(
        data_through=words.moment(run.data_through),
        generated_at=words.moment(run.generated_at),
        model_version=_detector(run.model_version),
        degraded=stored(run.degraded),
        unjudged=tuple(_unjudged(newest_run(session, now=now), words)),
    )


def _unjudged(run: DetectionRunRow | None, words: Words) -> Iterator[str]:
    """Yield, for each frequency of which not every series can be judged, how many can and when the rest will be."""
    for freq, part in (run.judged if run else {}).items():
        if part["judged"] < part["series"]:
            key = "unjudged.dated" if part["first"] else "unjudged.part"
            yield words(key, freq=words.of("unjudged.by", freq), **part)
    yield from (words.of("idle", code) for code in (run.idle if run else ()))


def _detector(version: str) -> str:
    """Name a detector: a registered version by its number, else as the run did (`release`)."""
    return MODEL.format(name=DETECTOR, version=version) if version.isdigit() else f"{DETECTOR} {version}"


def forecast_origin(issue: ForecastIssueRow, words: Words, *, missing: Reasons = ()) -> Provenance:
    """Return where a forecast comes from, and what of the page is missing beside what the forecast itself lacked."""
    return Provenance(
        data_through=words.moment(issue.data_through),
        generated_at=words.moment(issue.generated_at),
        model_version=MODEL.format(name=issue.model_name, version=issue.model_version),
        degraded=(*stored(issue.degraded), *missing),
    )
