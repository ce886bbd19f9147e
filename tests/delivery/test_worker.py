from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from serve.delivery import anything_due, dead_letters, run_once, send_again
from serve.delivery.attempts import claim, due_now
from serve.delivery.failures import Cause, Failure
from serve.delivery.outbox import expand
from serve.delivery.packing import Batch, Pending
from serve.errors import ConflictError, NotFoundError
from serve.store.tables import Delivery, OutboxMessage, Subscription


def statuses(store) -> dict[str, int]:
    with store.reading() as session:
        return dict(session.execute(select(Delivery.status, func.count()).group_by(Delivery.status)).all())


@pytest.fixture
def wecom(kit, delivery_store, delivery_settings, fake_bot):
    kit.subscribe(delivery_store, "wecom", "duty-wecom")
    return delivery_settings({"duty-wecom": {"url": fake_bot.url}})


def test_one_message_arrives_once(kit, delivery_store, wecom, now_clock, fake_bot):
    kit.put_message(delivery_store)
    assert run_once(delivery_store, wecom, now_clock).sent == 1
    assert run_once(delivery_store, wecom, now_clock).calls == 0
    assert len(fake_bot.received) == 1
    assert statuses(delivery_store) == {"sent": 1}


def test_both_databases_deliver_throttle_and_recover(kit, any_store, delivery_settings, now_clock, fake_bot):
    kit.subscribe(any_store, "dingtalk", "bot")
    settings = delivery_settings({"bot": {"channel": "dingtalk", "url": fake_bot.url}})
    kit.put_message(any_store)
    fake_bot.answers(kit.Reply(body=b'{"errcode":130101,"errmsg":"send too fast"}'), kit.Reply())
    assert run_once(any_store, settings, now_clock).retried == 1
    kit.put_message(any_store)
    assert run_once(any_store, settings, now_clock).calls == 0
    now_clock.advance(timedelta(seconds=601))
    assert run_once(any_store, settings, now_clock).sent == 2
    assert statuses(any_store) == {"retry": 1, "sent": 2}


def test_nothing_goes_out_before_its_time(kit, delivery_store, wecom, now_clock):
    kit.put_message(delivery_store, not_before=kit.NOW + timedelta(hours=1))
    assert run_once(delivery_store, wecom, now_clock).calls == 0
    now_clock.advance(timedelta(hours=1))
    assert run_once(delivery_store, wecom, now_clock).sent == 1


def test_retries_wait_longer_each_time_and_then_give_up(kit, delivery_store, wecom, now_clock, fake_bot):
    kit.put_message(delivery_store)
    fake_bot.answers(kit.Reply(status=500))
    waits = []
    for _ in range(10):
        run_once(delivery_store, wecom, now_clock)
        with delivery_store.reading() as session:
            due = session.scalar(select(Delivery.due_at).where(Delivery.status == "queued"))
        if due is not None:
            waits.append((due - now_clock.now()).total_seconds())
            now_clock.advance(due - now_clock.now())
    assert all(5 * 2**n / 2 <= wait <= 5 * 2**n for n, wait in enumerate(waits[:8]))
    assert statuses(delivery_store) == {"retry": 9, "dead": 1}
    letter = dead_letters(delivery_store)[0]
    assert (letter.attempts, letter.response_code) == (10, 500)


def test_a_dead_letter_can_be_sent_again_once(kit, delivery_store, wecom, now_clock, fake_bot):
    kit.put_message(delivery_store)
    fake_bot.answers(kit.Reply(body=b'{"errcode":93000,"errmsg":"invalid webhook url"}'), kit.Reply())
    assert run_once(delivery_store, wecom, now_clock).dead == 1
    letter = dead_letters(delivery_store)[0]
    send_again(delivery_store, letter.delivery_id, clock=now_clock)
    with pytest.raises(ConflictError, match="not given up"):
        send_again(delivery_store, letter.delivery_id, clock=now_clock)
    assert run_once(delivery_store, wecom, now_clock).sent == 1
    assert dead_letters(delivery_store) == []
    assert fake_bot.received[0].text == fake_bot.received[1].text, "the same message, the same reference"


def test_an_unknown_delivery_cannot_be_sent_again(delivery_store, now_clock):
    with pytest.raises(NotFoundError, match="no delivery"):
        send_again(delivery_store, "dl_nope", clock=now_clock)


def test_a_worker_that_died_between_send_and_record_sends_the_same_id_again(
    kit, delivery_store, delivery_settings, now_clock, fake_bot
):
    kit.subscribe(delivery_store, "webhook", "receiver")
    settings = delivery_settings({"receiver": {"channel": "webhook", "url": fake_bot.url}})
    message_id = kit.put_message(delivery_store)
    with delivery_store.session() as session:  # what the dead worker had done before the call
        expand(session, now=now_clock.now())
        row = due_now(session, now=now_clock.now())[0]
        claim(session, [Batch("", (Pending(row[0].id, row[2].id, kit.notice()),))], now=now_clock.now())
    assert run_once(delivery_store, settings, now_clock).calls == 0, "the lease still runs"
    now_clock.advance(timedelta(seconds=61))
    summary = run_once(delivery_store, settings, now_clock)
    assert (summary.recovered, summary.sent) == (1, 1)
    headers = {name.lower(): value for name, value in fake_bot.received[0].headers.items()}
    assert headers["webhook-id"] == message_id
    assert statuses(delivery_store) == {"retry": 1, "sent": 1}


@pytest.mark.parametrize("where", ["sending", "queued", "waiting in the outbox"])
def test_what_a_clock_years_ahead_left_behind_is_sent_at_once(
    kit, delivery_store, delivery_settings, now_clock, fake_bot, where
):
    kit.subscribe(delivery_store, "webhook", "receiver")
    settings = delivery_settings({"receiver": {"channel": "webhook", "url": fake_bot.url}})
    kit.put_message(delivery_store)
    ahead = now_clock.now() + timedelta(days=4000)
    with delivery_store.session() as session:
        if where == "waiting in the outbox":
            session.execute(update(OutboxMessage).values(created_at=ahead, not_before=ahead))
        else:
            expand(session, now=now_clock.now())
            row = due_now(session, now=now_clock.now())[0]
            claim(session, [Batch("", (Pending(row[0].id, row[2].id, kit.notice()),))], now=ahead)
            if where == "queued":
                session.execute(update(Delivery).values(status="queued", started_at=None, due_at=ahead))
    assert anything_due(delivery_store, settings, now=now_clock.now())
    assert run_once(delivery_store, settings, now_clock).sent == 1
    assert not anything_due(delivery_store, settings, now=now_clock.now())


def test_a_hundred_alerts_at_once_become_a_few_digests_and_none_is_lost(
    kit, delivery_store, wecom, now_clock, fake_bot
):
    ids = [kit.put_message(delivery_store, level="red" if n < 2 else "blue") for n in range(100)]
    first = run_once(delivery_store, wecom, now_clock)
    assert first.sent == 100
    assert first.calls <= 20
    said = "".join(request.text for request in fake_bot.received)
    assert "红色" in fake_bot.received[0].text, "urgent ones go first and alone"
    assert len(ids) == 100
    assert said.count("/go/") == 100, "every alert has its own link"


def test_the_limit_of_a_bot_holds_across_rounds_and_restarts(
    kit, delivery_store, delivery_settings, now_clock, fake_bot
):
    for audience in range(30):  # 30 departments share one bot: no digests, each is its own recipient
        kit.subscribe(delivery_store, "wecom", "shared", audience=f"dept {audience}")
        kit.put_message(delivery_store, audience=f"dept {audience}")
    settings = delivery_settings({"shared": {"url": fake_bot.url}})
    assert run_once(delivery_store, settings, now_clock).sent == 20
    now_clock.advance(timedelta(seconds=30))
    assert run_once(delivery_store, settings, now_clock).sent == 0
    now_clock.advance(timedelta(seconds=31))
    assert run_once(delivery_store, settings, now_clock).sent == 10


def test_too_fast_shuts_the_bot_for_old_and_new_messages(kit, delivery_store, delivery_settings, now_clock, fake_bot):
    for name in ("a", "b"):
        kit.subscribe(delivery_store, "dingtalk", "bot", audience=name)
        kit.put_message(delivery_store, audience=name)
    settings = delivery_settings({"bot": {"channel": "dingtalk", "url": fake_bot.url}})
    fake_bot.answers(kit.Reply(body=b'{"errcode":130101,"errmsg":"send too fast"}'), kit.Reply())
    run_once(delivery_store, settings, now_clock)
    assert len(fake_bot.received) == 1, "the second is held back uncalled"
    kit.put_message(delivery_store, audience="a")
    now_clock.advance(timedelta(seconds=590))
    assert run_once(delivery_store, settings, now_clock).calls == 0
    now_clock.advance(timedelta(seconds=11))
    assert run_once(delivery_store, settings, now_clock).sent == 3


def test_retry_after_holds_for_messages_that_come_later(kit, delivery_store, wecom, now_clock, fake_bot):
    kit.put_message(delivery_store)
    fake_bot.answers(kit.Reply(status=503, headers={"Retry-After": "120"}), kit.Reply())
    run_once(delivery_store, wecom, now_clock)
    kit.put_message(delivery_store)
    now_clock.advance(timedelta(seconds=119))
    assert run_once(delivery_store, wecom, now_clock).calls == 0
    now_clock.advance(timedelta(seconds=1))
    assert run_once(delivery_store, wecom, now_clock).sent == 2


def test_a_failed_digest_goes_out_again_as_the_same_digest(kit, delivery_store, wecom, now_clock, fake_bot):
    for _ in range(8):
        kit.put_message(delivery_store)
    fake_bot.answers(kit.Reply(status=500), kit.Reply())
    assert run_once(delivery_store, wecom, now_clock).retried == 8
    now_clock.advance(timedelta(seconds=10))
    assert run_once(delivery_store, wecom, now_clock).sent == 8
    with delivery_store.reading() as session:
        assert len(set(session.scalars(select(Delivery.digest_id)))) == 1


def test_one_bad_bot_does_not_keep_the_others_from_hearing(kit, delivery_store, delivery_settings, now_clock, fake_bot):
    kit.subscribe(delivery_store, "wecom", "good")
    kit.subscribe(delivery_store, "feishu", "unreachable")
    kit.subscribe(delivery_store, "dingtalk", "not-configured")
    settings = delivery_settings(
        {"good": {"url": fake_bot.url}, "unreachable": {"channel": "feishu", "url": "http://127.0.0.1:9/x"}}
    )
    kit.put_message(delivery_store)
    summary = run_once(delivery_store, settings, now_clock)
    assert (summary.sent, summary.retried) == (1, 1)


def test_a_department_without_a_subscription_is_heard_by_the_duty_desk(
    kit, delivery_store, delivery_settings, now_clock, fake_bot
):
    kit.subscribe(delivery_store, "wecom", "duty", audience="duty")
    kit.put_message(delivery_store, audience="nobody subscribed")
    settings = delivery_settings({"duty": {"url": fake_bot.url}})
    assert run_once(delivery_store, settings, now_clock).sent == 1


def test_a_message_nobody_hears_is_counted(kit, delivery_store, delivery_settings, now_clock):
    kit.put_message(delivery_store)
    assert run_once(delivery_store, delivery_settings({}), now_clock).unheard == 1


def test_filters_of_a_subscription_hold(kit, delivery_store, delivery_settings, now_clock, fake_bot):
    kit.subscribe(delivery_store, "wecom", "bot", minimum_level="red")
    settings = delivery_settings({"bot": {"url": fake_bot.url}})
    kit.put_message(delivery_store, level="yellow")
    assert run_once(delivery_store, settings, now_clock).unheard == 1
    kit.put_message(delivery_store, level="yellow", kind="敏感")
    kit.put_message(delivery_store, level="red")
    assert run_once(delivery_store, settings, now_clock).sent == 2


def test_a_subscription_whose_target_is_gone_leaves_a_dead_letter_not_an_endless_queue(
    kit, delivery_store, delivery_settings, now_clock
):
    kit.subscribe(delivery_store, "wecom", "removed")
    kit.put_message(delivery_store)
    settings = delivery_settings({})
    run_once(delivery_store, settings, now_clock)
    [letter] = dead_letters(delivery_store)
    assert letter.failure == Failure(Cause.NO_TARGET, {"target": "removed"})
    assert not anything_due(delivery_store, settings, now=now_clock.now())


def test_an_idle_worker_only_looks(kit, delivery_store, delivery_settings, fake_bot, now_clock):
    settings = delivery_settings({"group": {"url": fake_bot.url}})
    assert not anything_due(delivery_store, settings, now=now_clock.now())
    subscription = kit.subscribe(delivery_store, "wecom", "group")
    kit.put_message(delivery_store)
    assert anything_due(delivery_store, settings, now=now_clock.now())
    run_once(delivery_store, settings, now_clock)
    assert not anything_due(delivery_store, settings, now=now_clock.now())
    kit.put_message(delivery_store)
    with delivery_store.session() as session:
        session.get_one(Subscription, subscription).paused_at = now_clock.now()
    run_once(delivery_store, settings, now_clock)
    assert not anything_due(delivery_store, settings, now=now_clock.now()), "a paused one waits quietly"
