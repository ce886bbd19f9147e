"""Where a page's numbers come from: the newest detection run or forecast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.reasons import Reasons, stored
from serve.alerts.repository import newest_run
from serve.pages.language import Words
from serve.pages.render import Provenance
from serve.store.tables import DetectionRunRow, ForecastIssueRow

MODEL: Final = "{name} v{version}"
DETECTOR: Final = "weisu-hotspot"


def detection_origin(session: Session, words: Words) -> Provenance:
    """Return where the alerts come from."""
    run = session.scalars(select(DetectionRunRow).order_by(DetectionRunRow.as_of.desc()).limit(1)).first()
    if run is None:
        return Provenance()
    return Provenance(
        data_through=words.moment(run.data_through),
        generated_at=words.moment(run.generated_at),
        model_version=_detector(run.model_version),
        degraded=stored(run.degraded),
        unjudged=tuple(_unjudged(session, words)),
    )


def _unjudged(session: Session, words: Words) -> Iterator[str]:
    """Yield, for each frequency of which not every series can be judged, how many can and when the rest will be."""
    run = newest_run(session)
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
