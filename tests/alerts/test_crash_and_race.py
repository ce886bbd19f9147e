"""Many writers at once, and a process that dies at any moment: nothing lost, nothing doubled, nothing half done."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import func, select

from features.clock import FixedClock
from serve.alerts import Candidate, DetectionRun, actions, intake
from serve.alerts.episode import replay
from serve.store import Store
from serve.store.tables import Alert, AlertEvent, AlertTicket, IntakeRecord, OutboxMessage

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_eight_taps_at_once_are_one_answer(hotline):
    hotline.detect({})
    alert_id = hotline.alert().id
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda _: hotline.press(actions.acknowledge, "水务局", alert_id).state, range(8)))
    assert set(states) == {"acknowledged"}
    assert hotline.story().count("acknowledged") == 1


def test_the_same_request_eight_times_at_once_is_one_comment(hotline):
    hotline.detect({})
    alert_id = hotline.alert().id
    with ThreadPoolExecutor(8) as pool:
        replies = list(
            pool.map(
                lambda _: hotline.press(actions.comment, "水务局", alert_id, key="k", text="x").updated_at, range(8)
            )
        )
    assert len(set(replies)) == 1
    assert hotline.story().count("commented") == 1


def test_the_same_run_from_four_processes_is_one_alert(hotline, make_candidate):
    run = DetectionRun(key="r", as_of=NOW, generated_at=NOW)

    def take(_: int) -> int:
        return intake(hotline.store, [make_candidate()], clock=hotline.clock, run=run, settings=hotline.settings).opened

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, range(4))) == 1
    assert hotline.count() == 1


def _candidates(run: int) -> list[Candidate]:
    return [
        Candidate(
            kind="异动",
            category=f"事项{number}",
            area="龙华区",
            department="水务局",
            cells=[f"category=事项{number};district=龙华区"],
            tickets=[f"demo/{run}-{number}"],
            window_start="2026-11-23T00:00",
            window_end="2026-11-23T06:00",
            observed=30,
            callers=20,
            upper=10.0,
            sensitive=True,
        )
        for number in range(10)
    ]


def _take_in_and_die(url: str, first_run: int, after_s: float) -> None:
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    store = Store.open(url)
    signal.setitimer(signal.ITIMER_REAL, after_s)
    for number in range(first_run, first_run + 100_000):
        run = DetectionRun(key=f"r{number}", as_of=NOW, generated_at=NOW)
        intake(store, _candidates(number), clock=FixedClock(NOW), run=run)


def test_killed_at_any_moment_an_intake_is_whole_or_not_at_all(store):
    url = store.engine.url.render_as_string()
    for number, after_s in enumerate((0.05, 0.13, 0.29, 0.5, 0.83)):
        process = multiprocessing.get_context("forkserver").Process(
            target=_take_in_and_die, args=(url, number * 100_000, after_s)
        )
        process.start()
        process.join(120)
        assert process.exitcode == -signal.SIGKILL
    with store.reading() as session:
        for _, count in session.execute(select(IntakeRecord.run_key, func.count()).group_by(IntakeRecord.run_key)):
            assert count == 10
        for alert in session.scalars(select(Alert)):
            events = session.scalars(
                select(AlertEvent).where(AlertEvent.alert_id == alert.id).order_by(AlertEvent.number)
            ).all()
            assert replay(events).alert.revision == alert.revision
            tickets = select(func.count()).where(AlertTicket.alert_id == alert.id)
            assert session.scalar(tickets) == alert.ticket_count
            told = {event.id for event in events if event.kind == "notified"}
            messages = session.scalars(select(OutboxMessage.event_id).where(OutboxMessage.alert_id == alert.id)).all()
            assert sorted(messages) == sorted(told)
