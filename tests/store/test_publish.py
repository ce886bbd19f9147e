from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from features.vocabulary import Frequency
from serve.errors import UnprocessableError
from serve.forecasts import ForecastIssue, publish, repository
from serve.forecasts.repository import ForecastFilter
from serve.store import Store

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def issue(as_of: datetime = NOW, version: str = "7", freq: str = "W") -> ForecastIssue:
    return ForecastIssue(
        freq=freq,
        as_of=as_of,
        generated_at=as_of,
        data_through="2026-11-23T00:00:00",
        model_name="weisu-demand",
        model_version=version,
        taxonomy_version="t1",
        calendar_version="c1",
        snapshot=3,
    )


def rows(mean: float = 10.0, series: int = 3) -> pd.DataFrame:
    frame = pd.DataFrame({"unique_id": np.repeat([f"category=事项{n}" for n in range(series)], 4)})
    frame["level"] = "category"
    frame["ds"] = np.tile(pd.date_range("2026-11-23", periods=4, freq="7D"), series)
    frame["horizon"] = np.tile([1, 2, 3, 4], series)
    return frame.assign(mean=mean, p10=mean - 1, p50=mean, p90=mean + 1)


def current_mean(store: Store) -> float:
    with store.reading() as session:
        found = repository.current_issue(session, "W", now=NOW)
        values = {row.mean for row in repository.rows(session, found.id, repository.ForecastFilter())}
    assert len(values) == 1
    return values.pop()


def test_the_pointer_follows_the_newest_as_of(any_store, clock):
    assert publish(any_store, issue(NOW - timedelta(days=7)), rows(1.0), clock=clock).is_current
    assert publish(any_store, issue(NOW), rows(2.0), clock=clock).is_current
    assert current_mean(any_store) == 2.0
    late = publish(any_store, issue(NOW - timedelta(days=14)), rows(3.0), clock=clock)
    assert (late.is_new, late.is_current) == (True, False)
    assert current_mean(any_store) == 2.0


def test_a_forecast_counts_from_the_moment_it_was_published(any_store, clock):
    def issued_by(moment: datetime) -> set[float]:
        with any_store.reading() as session:
            found = repository.issue_published_by(session, Frequency.WEEKLY, moment)
            return {row.mean for row in repository.rows(session, found.id, ForecastFilter())} if found else set()

    publish(any_store, issue(), rows(1.0), clock=clock)
    clock.advance(timedelta(days=7))
    publish(any_store, issue(NOW + timedelta(days=7)), rows(2.0), clock=clock)
    assert issued_by(NOW - timedelta(hours=1)) == set()
    assert issued_by(NOW + timedelta(days=6)) == {1.0}
    assert issued_by(NOW + timedelta(days=7)) == {2.0}


def sums() -> pd.DataFrame:
    frame = pd.DataFrame({"unique_id": np.repeat(["category=a", "category=b"], 2), "periods": [4, 13] * 2})
    frame = frame.assign(level="category", ds=pd.Timestamp("2026-11-23"), mean=40.0, p10=30.0, p50=40.0, p90=50.0)
    return frame.assign(last_year=[38.0, None, None, 120.0], base_model="weisu")


def test_sums_over_weeks_are_stored_with_their_issue_and_read_in_order(any_store, clock):
    assert publish(any_store, issue(), rows(), sums=sums(), clock=clock).is_new
    assert not publish(any_store, issue(), rows(), sums=sums().assign(mean=1.0), clock=clock).is_new
    with any_store.reading() as session:
        found = repository.current_issue(session, "W", now=NOW)
        wanted = repository.ForecastFilter()
        every = repository.sums(session, found.id, wanted)
        later = repository.sums(session, found.id, wanted, after=(4, "category=a"))
        short = repository.sums(session, found.id, wanted, periods=4)
    keys = [(row.periods, row.unique_id) for row in every]
    assert keys == [(4, "category=a"), (4, "category=b"), (13, "category=a"), (13, "category=b")]
    assert [row.last_year for row in every] == [38.0, None, None, 120.0]
    assert {row.mean for row in every} == {40.0}
    assert [(row.periods, row.unique_id) for row in later] == keys[1:]
    assert [(row.periods, row.unique_id) for row in short] == keys[:2]


def test_a_sum_that_stands_twice_is_refused(store, clock):
    with pytest.raises(UnprocessableError, match="'category=a' appears twice at 4"):
        publish(store, issue(), rows(), sums=pd.concat([sums(), sums()]), clock=clock)


def test_publishing_twice_changes_nothing(store, clock):
    first = publish(store, issue(), rows(1.0), clock=clock)
    again = publish(store, issue(), rows(99.0), clock=clock)
    assert (again.issue_id, again.is_new, again.is_current) == (first.issue_id, False, True)
    assert current_mean(store) == 1.0


def test_a_rolled_back_model_can_issue_for_the_same_moment(store, clock):
    publish(store, issue(version="8"), rows(8.0), clock=clock)
    publish(store, issue(version="7"), rows(7.0), clock=clock)
    assert current_mean(store) == 7.0


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (rows().drop(columns="p10"), "lack p10"),
        (rows().assign(p90=float("nan")), "category=事项0.* is not a finite number"),
        (rows().assign(mean=float("inf")), "not a finite number"),
        (pd.concat([rows(), rows()]), "category=事项0.* appears twice"),
    ],
)
def test_rows_that_make_no_sense_are_refused_whole(store, clock, frame, message):
    publish(store, issue(), rows(1.0), clock=clock)
    with pytest.raises(UnprocessableError, match=message):
        publish(store, issue(NOW + timedelta(days=7)), frame, clock=clock)
    assert current_mean(store) == 1.0


def _publish_and_die(url: str, after_s: float) -> None:
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    store = Store.open(url)
    signal.setitimer(signal.ITIMER_REAL, after_s)
    for week in range(1, 1000):
        publish(store, issue(NOW + timedelta(weeks=week)), rows(float(week), series=500))


def test_killed_at_any_moment_the_last_good_forecast_stands(store, clock):
    publish(store, issue(), rows(0.0, series=500), clock=clock)
    start = multiprocessing.get_context("forkserver")
    for after_s in (0.02, 0.05, 0.11, 0.23, 0.41):
        process = start.Process(target=_publish_and_die, args=(store.engine.url.render_as_string(), after_s))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        with store.reading() as session:
            found = repository.current_issue(session, "W", now=NOW + timedelta(weeks=1000))
            kept = repository.rows(session, found.id, repository.ForecastFilter())
            assert len(kept) == 2000
            assert len({row.mean for row in kept}) == 1
            for other in repository.issues(session, "W", limit=1000):
                assert len(repository.rows(session, other.id, repository.ForecastFilter())) == 2000
