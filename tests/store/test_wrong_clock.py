"""What a clock that ran ahead wrote is the newest nowhere: every reader that picks the newest goes by `believed`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from features.clock import SKEW, FixedClock
from features.lake.duck import duck
from features.lake.loads import loads_of, source_states
from features.vocabulary import Frequency
from features.words import AreaNames
from serve.alerts.repository import newest_run
from serve.api.health import missing_parts, newest_data
from serve.forecasts import publish, repository
from serve.forecasts.issues import issue_before
from serve.jobs import SLOT
from serve.jobs.heartbeat import scheduler_pulse
from serve.pages.language import Words
from serve.pages.views.origin import detection_origin
from serve.store import Store
from serve.store.tables import DetectionRunRow, JobRun
from tests.api.conftest import forecast_rows, issue

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GOOD, WRONG = NOW - timedelta(hours=3), NOW + timedelta(days=400)
NAMES = AreaNames("全市", "区县", "Whole city", "District")
WEEK = datetime(2026, 11, 23)  # noqa: DTZ001 - local civil time
Reader = Callable[[Store], Any]


def _run(as_of: datetime, version: str) -> DetectionRunRow:
    through = as_of.replace(tzinfo=None)
    return DetectionRunRow(
        key=version, as_of=as_of, data_through=through, generated_at=as_of, received_at=as_of, model_version=version,
        taxonomy_version="t", calendar_version="c", kinds=[], complete=True, degraded=[], judged={}, idle=[],
    )  # fmt: skip


@pytest.fixture
def skewed(any_store: Store) -> Store:
    """A store with a good row of each kind, and a later one that a clock more than a year ahead wrote."""
    for at, version in ((GOOD, "1"), (WRONG, "2")):
        publish(
            any_store, issue(as_of=at, generated_at=at, model_version=version), forecast_rows(), clock=FixedClock(at)
        )
        with any_store.session() as session:
            session.add(_run(at, version))
            ended = {"finished_at": at, "status": "done", "summary": {}, "error": ""}
            session.add(JobRun(name="detect", key=f"{SLOT}{at.isoformat()}", started_at=at, **ended))
    return any_store


def _in_session(read: Callable[[Any], Any]) -> Reader:
    def reader(store: Store) -> Any:
        with store.reading() as session:
            return read(session)

    return reader


READERS: dict[str, tuple[Reader, Any]] = {
    "newest complete run": (_in_session(lambda s: newest_run(s, now=NOW).model_version), "1"),
    "newest run": (_in_session(lambda s: newest_run(s, now=NOW, complete=False).model_version), "1"),
    "origin of a page": (
        _in_session(
            lambda s: detection_origin(s, Words("en", ZoneInfo("Asia/Shanghai"), NAMES), now=NOW).model_version
        ),
        "weisu-hotspot v1",
    ),
    "end of the data": (lambda store: newest_data(store, NOW), GOOD.replace(tzinfo=None)),
    "current issue": (_in_session(lambda s: repository.current_issue(s, Frequency.WEEKLY, now=NOW).model_version), "1"),
    "issue by a moment": (
        _in_session(lambda s: repository.issue_published_by(s, Frequency.WEEKLY, NOW).model_version),
        "1",
    ),
    "issue before a week": (_in_session(lambda s: issue_before(s, WEEK, now=NOW).model_version), "1"),
    "last scheduled run": (lambda store: scheduler_pulse(store, NOW)[1], GOOD),
}


@pytest.mark.parametrize("name", READERS)
def test_the_newest_that_can_be_believed_is_read(skewed: Store, name: str) -> None:
    read, expected = READERS[name]
    assert read(skewed) == expected


def test_only_a_wrong_clock_has_written_is_nothing(any_store: Store) -> None:
    publish(any_store, issue(as_of=WRONG), forecast_rows(), clock=FixedClock(WRONG))
    with any_store.session() as session:
        session.add(_run(WRONG, "2"))
    assert {"forecast", "detection"} <= set(missing_parts(any_store, NOW))
    assert newest_data(any_store, NOW) is None
    with any_store.reading() as session:
        assert newest_run(session, now=WRONG - SKEW).model_version == "2", (
            "clocks that are set agree within ten minutes"
        )


def test_a_load_of_a_wrong_clock_does_not_stay_the_newest_of_its_source() -> None:
    rows = [(GOOD, 3, "UTC+1"), (WRONG, 4, "UTC+2"), (NOW, 5, "UTC+3")]
    loads = pd.DataFrame(rows, columns=["loaded_at", "snapshot", "timezone"]).assign(
        source="s", digest="d", mapping="m", load_id=["a", "b", "c"], file="f", date_only=False, covers_from=None,
        complete_through=None, ended=False, known_through=NOW, read=1, kept=1, updated=0, unchanged=0, quarantined=0,
        repeated=0,
    )  # fmt: skip
    with duck(threads=1) as connection:
        connection.register("loads", loads)
        assert [state.timezone for state in source_states(connection, "loads")] == ["UTC+3"]
        assert [one.load_id for one in loads_of(connection, "loads", source="s", digest="d", mapping="m")] == [
            "c",
            "b",
            "a",
        ]
