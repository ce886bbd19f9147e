"""Clocks and delivery killed with SIGKILL at random points, a hundred times, each time with a message on its way."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from collections import defaultdict
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from features.clock import FixedClock, SystemClock
from serve.alerts import intake
from serve.alerts.episode import replay
from serve.delivery import run_once
from serve.store import Store
from serve.store.tables import Alert, AlertEvent, Delivery, OutboxMessage
from serve.supervision import tick

KILLS = 100
ALERTS_A_LIFE = 3
LADDER = [{"name": f"step {number}", "to": "{department}", "after_minutes": number} for number in range(3)]
OPENED_AGO = timedelta(hours=1)


def work(url: str, settings) -> None:
    store, clock = Store.open(url), SystemClock()
    while True:
        tick(store, clock, settings)
        run_once(store, settings, clock)
        time.sleep(0.005)


def header(received, name: str) -> str:
    return {key.lower(): value for key, value in received.headers.items()}[name]


def open_alerts(store, settings, make_candidate, make_run, life: int) -> None:
    """Open sensitive alerts whose clocks ran out long ago: the next tick climbs the whole ladder."""
    made = [
        make_candidate(category=f"事项{life}-{number}", tickets=[f"demo/{life}-{number}"], cells=[], sensitive=True)
        for number in range(ALERTS_A_LIFE)
    ]
    intake(store, made, clock=FixedClock(SystemClock().now() - OPENED_AGO), run=make_run(), settings=settings)


@pytest.mark.slow
def test_a_hundred_kills_lose_and_double_nothing(
    kit, delivery_store, delivery_settings, fake_bot, make_candidate, make_run
):
    fake_bot.answers(kit.Reply(delay_s=0.003))
    kit.subscribe(delivery_store, "webhook", "receiver", audience="all")
    settings = delivery_settings(
        {"receiver": {"channel": "webhook", "url": fake_bot.url}}, lease_s=0.4, first_retry_s=0.05, attempts=1000
    )
    settings = settings.changed(alerts={"ladder": LADDER})
    draw = random.Random(11)
    context = multiprocessing.get_context("fork")
    for life in range(KILLS):
        open_alerts(delivery_store, settings, make_candidate, make_run, life)
        heard = len(fake_bot.received)
        worker = context.Process(target=work, args=(str(delivery_store.engine.url), settings), daemon=True)
        worker.start()
        deadline = time.monotonic() + 30
        while len(fake_bot.received) == heard:
            assert time.monotonic() < deadline, "the worker sends nothing"
            time.sleep(0.001)
        time.sleep(draw.uniform(0.0, 0.05))
        worker.kill()
        worker.join()

    deadline = time.monotonic() + 120
    unsent = select(func.count()).where(Delivery.status.in_(["queued", "sending"]))
    undone = select(func.count()).where(OutboxMessage.expanded_at.is_(None))
    while time.monotonic() < deadline:
        tick(delivery_store, SystemClock(), settings)
        run_once(delivery_store, settings, SystemClock())
        with delivery_store.reading() as session:
            if not session.scalar(unsent) and not session.scalar(undone):
                break
        time.sleep(0.1)

    copies: dict[str, list[bytes]] = defaultdict(list)
    for one in fake_bot.received:
        copies[header(one, "webhook-id")].append(one.body)
    with delivery_store.reading() as session:
        alerts = session.scalars(select(Alert)).all()
        assert len(alerts) == KILLS * ALERTS_A_LIFE
        for alert in alerts:
            query = select(AlertEvent).where(AlertEvent.alert_id == alert.id).order_by(AlertEvent.number)
            events = session.scalars(query).all()
            steps = [event.payload["step"] for event in events if event.kind == "escalated"]
            assert steps == [1, 2, 3], "each step is climbed once"
            assert [event.number for event in events] == list(range(1, len(events) + 1))
            assert replay(events).alert.state == alert.state == "opened"
        messages = session.scalars(select(OutboxMessage.id)).all()
        assert len(messages) == len(alerts) * 4, "the opening and three steps"
        assert set(copies) == set(messages), "none lost, none invented"
        sent = select(Delivery.outbox_id, func.count()).where(Delivery.status == "sent").group_by(Delivery.outbox_id)
        assert {count for _, count in session.execute(sent)} == {1}, "no message is recorded as sent twice"
        lost = select(func.count()).where(Delivery.cause == "worker_stopped")
        assert session.scalar(lost) >= KILLS / 2, "kills came between a call and its record"
    doubled = [bodies for bodies in copies.values() if len(bodies) > 1]
    assert doubled, "some messages went out twice"
    for name, bodies in copies.items():
        assert {json.loads(body)["id"] for body in bodies} == {name}, "a copy carries the same id"


def test_a_hundred_alerts_reach_three_bots_within_two_seconds_of_work(kit, delivery_store, delivery_settings, fake_bot):
    for channel in ("wecom", "dingtalk", "feishu"):
        kit.subscribe(delivery_store, channel, channel)
    settings = delivery_settings(
        {name: {"channel": name, "url": f"{fake_bot.url}&{name}"} for name in ("wecom", "dingtalk", "feishu")}
    )
    for _ in range(100):
        kit.put_message(delivery_store)
    started = time.process_time()
    sent, clock = 0, SystemClock()
    deadline = time.monotonic() + 20
    while sent < 300 and time.monotonic() < deadline:
        sent += run_once(delivery_store, settings, clock).sent
        time.sleep(0.05)
    assert sent == 300
    # Processor time, so that a busy machine does not fail the test; Feishu's five a second is waiting, not work.
    assert time.process_time() - started < 2.0
