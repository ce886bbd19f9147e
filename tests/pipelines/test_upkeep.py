"""Scheduled upkeep on a fake clock: retention, compaction, vacuum that keeps or refuses, the daily quality report."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from features.lake import Lake
from features.lake.schema import QUARANTINE
from features.lake.upkeep import optimize
from pipelines.errors import PipelineError
from pipelines.schedule import Runner, read_schedule
from pipelines.schedule.jobs import WORK
from pipelines.upkeep import keep_retention, optimize_lake, retention_cutoffs, vacuum_lake, write_quality_report
from serve.store.tables import ModelVersion
from serve.tickets.landing import land


def hand_in(settings, clock, *days: str) -> None:
    rows = [{"工单编号": f"R{day}", "受理时间": f"{day} 08:00:00", "三级事项": "停水"} for day in days]
    land(settings, "zh_12345", rows, idempotency_key="-".join(days), now=clock.now())


def ids(settings) -> list[str]:
    return sorted(Lake.of(settings).tickets(columns=["ticket_id"])["ticket_id"].to_pylist())


def retaining(settings, period: str):
    return settings.changed(retention={"zh_12345": period})


@pytest.mark.parametrize(
    ("period", "day"), [("90d", "2026-08-25"), ("18m", "2025-05-23"), ("5y", "2021-11-23"), ("1 y", "2025-11-23")]
)
def test_periods_end_at_midnight_of_the_hotline(settings, clock, period, day):
    cutoff = retention_cutoffs(retaining(settings, period), now=clock.now())["zh_12345"]
    assert cutoff.isoformat() == f"{day}T00:00:00+08:00"


def test_what_is_older_than_its_period_goes_and_the_audit_says_so(settings, clock):
    hand_in(settings, clock, "2020-05-01", "2026-05-01")
    kept = retaining(settings, "5y")
    first = keep_retention(kept, clock)
    assert first.done["erased"]["zh_12345"]["tickets"] == 1
    assert (ids(settings), first.degraded) == (["R2026-05-01"], ())
    assert keep_retention(kept, clock).done["erased"] == {}
    clock.advance(timedelta(days=5 * 366))
    keep_retention(kept, clock)
    assert ids(settings) == []


def test_a_killed_retention_is_finished_by_the_next(settings, clock, monkeypatch):
    hand_in(settings, clock, "2020-05-01", "2026-05-01")
    kept = retaining(settings, "5y")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("features.lake.erasure._delete_old_files", killed)
        with pytest.raises(KeyboardInterrupt):
            keep_retention(kept, clock)
    assert ids(settings) == ["R2026-05-01"]
    assert keep_retention(kept, clock).done["lost_snapshots"] == [1]
    assert keep_retention(kept, clock).done["erased"] == {}


def test_refused_rows_go_even_where_no_ticket_is_too_old(settings, clock):
    hand_in(settings, clock, "2026-05-01")
    refused = {"load_id": "x", "source": "zh_12345", "row": 1, "quarantined_at": clock.now() - timedelta(days=6 * 366)}
    row = pa.Table.from_pylist([dict.fromkeys(QUARANTINE.names) | refused], schema=QUARANTINE)
    Lake.of(settings).quarantine_store.append_rows(row, name="x", note={})
    erased = keep_retention(retaining(settings, "5y"), clock).done["erased"]["zh_12345"]
    assert (erased["tickets"], erased["quarantined"]) == (0, 1)
    assert keep_retention(retaining(settings, "5y"), clock).done["erased"] == {}


def test_vacuum_keeps_what_a_retained_run_names(settings, clock, monkeypatch):
    for day in ("2026-05-01", "2026-05-02"):
        hand_in(settings, clock, day)
    lake = Lake.of(settings)
    monkeypatch.setattr("pipelines.upkeep.retained_snapshots", lambda _: {1})
    optimize(lake)
    assert vacuum_lake(settings).done == {"files": 1, "retained": [1]}
    assert lake.tickets(snapshot=1, columns=["ticket_id"])["ticket_id"].to_pylist() == ["R2026-05-01"]
    assert ids(settings) == ["R2026-05-01", "R2026-05-02"]


def test_vacuum_refuses_when_models_are_in_service_but_their_runs_are_not_found(settings, clock, store):
    hand_in(settings, clock, "2026-05-01")
    assert vacuum_lake(settings).done["retained"] == []
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    with store.session() as session:
        session.add(ModelVersion(name="weisu-demand", version="1", trained_at=moment, promoted_at=moment, metrics={}))
    with pytest.raises(PipelineError, match="models are in service, but there is no tracking store"):
        vacuum_lake(settings)


def test_the_quality_report_of_the_day_says_that_a_feed_stalled(settings, clock):
    rows = [
        {"工单编号": f"Q{n}", "受理时间": f"{datetime(2026, 9, 1) + timedelta(hours=n)}", "三级事项": "停水"}  # noqa: DTZ001
        for n in range(24 * 60)
    ]
    land(settings, "zh_12345", rows, idempotency_key="q", now=clock.now())
    summary = write_quality_report(settings, clock)
    page = settings.home / "reports/quality-2026-11-23.html"
    [stalled] = summary.degraded
    assert (stalled.code, stalled.params["source"], stalled.params["hours"]) == ("feed_stalled", "zh_12345", 561)
    assert summary.to_json()["degraded"].startswith("zh_12345 has been silent for 561 hours")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html")
    assert json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["status"] == "stale"


def test_the_scheduler_runs_them(settings, store, clock):
    hand_in(settings, clock, "2020-05-01", "2026-05-01")
    names = ("retention", "optimize", "vacuum", "quality")
    jobs = {name: {"enabled": False} for name in WORK if name not in names}
    sections = {"schedule": {"jobs": jobs}, "retention": {"zh_12345": "5y"}}
    scheduled = settings.changed(**sections)
    runner = Runner(scheduled, store, clock, read_schedule(scheduled))
    ended = {name: str(last.state) for name, last in runner.run_due().items()}
    assert {name: ended[name] for name in ("retention", "optimize", "vacuum")} == dict.fromkeys(names[:3], "done")
    assert ended["quality"] in {"done", "degraded"}
    assert ids(settings) == ["R2026-05-01"]
    assert optimize_lake(settings).done["files_removed"] == 0
