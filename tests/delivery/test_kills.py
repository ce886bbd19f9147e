"""A worker killed with SIGKILL at random points, a hundred times: nothing is lost, and a copy carries the same id."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from threading import Event

import pytest
from sqlalchemy import func, select

from features.clock import SystemClock
from serve.delivery import run_forever, run_once
from serve.store import Store
from serve.store.tables import Delivery

MESSAGES = 150
KILLS = 100


def work(url: str, settings) -> None:
    run_forever(Store.open(url), settings, SystemClock(), Event(), pause_s=0.01)


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing(kit, delivery_store, delivery_settings, fake_bot):
    fake_bot.answers(kit.Reply(delay_s=0.002))
    kit.subscribe(delivery_store, "webhook", "receiver")
    settings = delivery_settings({"receiver": {"url": fake_bot.url}}, lease_s=0.4, first_retry_s=0.05, attempts=1000)
    ids = {kit.put_message(delivery_store) for _ in range(MESSAGES)}
    draw = random.Random(11)
    context = multiprocessing.get_context("fork")
    for _ in range(KILLS):
        worker = context.Process(target=work, args=(str(delivery_store.engine.url), settings), daemon=True)
        worker.start()
        time.sleep(draw.uniform(0.0, 0.25))
        worker.kill()
        worker.join()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run_once(delivery_store, settings, SystemClock())
        with delivery_store.reading() as session:
            sent = session.scalar(select(func.count()).select_from(Delivery).where(Delivery.status == "sent"))
        if sent == MESSAGES:
            break
        time.sleep(0.1)
    arrived = Counter({k.lower(): v for k, v in one.headers.items()}["webhook-id"] for one in fake_bot.received)
    assert set(arrived) == ids, "none lost, none invented"
    with delivery_store.reading() as session:
        per_message = (
            select(Delivery.outbox_id, func.count()).where(Delivery.status == "sent").group_by(Delivery.outbox_id)
        )
        assert {count for _, count in session.execute(per_message)} == {1}, "no transition doubled"
        lost = select(func.count()).select_from(Delivery).where(Delivery.error.startswith("the worker stopped"))
        assert session.scalar(lost), "some kills must have come between the call and its record"


def test_a_hundred_alerts_reach_three_bots_within_two_seconds(kit, delivery_store, delivery_settings, fake_bot):
    for channel in ("wecom", "dingtalk", "feishu"):
        kit.subscribe(delivery_store, channel, channel)
    settings = delivery_settings({name: {"url": f"{fake_bot.url}&{name}"} for name in ("wecom", "dingtalk", "feishu")})
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
