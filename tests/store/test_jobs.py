from __future__ import annotations

import pytest

from serve.jobs import is_done, latest_runs, record


def test_a_run_is_recorded_with_its_summary(any_store, clock):
    with record(any_store, "forecast", clock=clock, key="2026-W48") as job:
        assert not is_done(any_store, "forecast", "2026-W48")
        job.summary = {"rows": 12}
    assert is_done(any_store, "forecast", "2026-W48")
    (run,) = latest_runs(any_store)
    assert (run.status, run.summary, run.started_at) == ("done", {"rows": 12}, clock.now())


def test_a_degraded_run_is_done_and_says_why(store, clock):
    with record(store, "detect", clock=clock, key="1") as job:
        job.degraded = "feed stalled"
    assert is_done(store, "detect", "1")
    assert (latest_runs(store)[0].status, latest_runs(store)[0].error) == ("degraded", "feed stalled")


def test_a_failed_run_is_not_done_and_passes_its_error_on(store, clock):
    with pytest.raises(ValueError, match="no rows"), record(store, "train", clock=clock, key="1"):
        raise ValueError("no rows")
    assert not is_done(store, "train", "1")
    assert latest_runs(store)[0].error == "ValueError: no rows"


def test_a_killed_run_is_called_interrupted_by_the_next(store, clock):
    killed = record(store, "train", clock=clock, key="1")
    killed.__enter__()
    with record(store, "train", clock=clock, key="1"):
        pass
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT status FROM job_runs ORDER BY id").scalars().all()
    assert rows == ["interrupted", "done"]
