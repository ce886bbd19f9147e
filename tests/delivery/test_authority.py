"""A target's name is no authority: what a stored subscription says is held to the configuration before every call."""

from __future__ import annotations

from typing import get_args

import pytest

from features.configuration import DeliveryConfig
from features.configuration.delivery import ChannelName
from serve.delivery import dead_letters, run_once
from serve.delivery.channels import CHANNELS, Target
from serve.delivery.destinations import Destination, may_use, usable_targets
from serve.delivery.failures import Cause
from serve.store.tables import Subscription

OWN, OTHER = "海口市生态环境局", "水务局"
SECRET = "SMTP-PASSWORD-s3cret"


@pytest.fixture
def settings_of(delivery_settings, fake_bot):
    def make(**target):
        return delivery_settings({"desk": {"url": fake_bot.url, "secret": SECRET} | target})

    return make


def written(store, subscription: str, **changes) -> None:
    """Write what no door lets through, as a row of before the doors."""
    with store.session() as session:
        row = session.get_one(Subscription, subscription)
        for name, value in changes.items():
            setattr(row, name, value)


@pytest.mark.parametrize("channel", ["alertmanager", "cap", "webhook", "dingtalk"])
def test_no_secret_of_a_target_goes_to_an_address_beside_it(
    kit, delivery_store, settings_of, now_clock, fake_bot, channel
):
    subscription = kit.subscribe(delivery_store, channel, "desk", audience=OWN)
    written(delivery_store, subscription, config={"target": "desk", "url": fake_bot.url})
    kit.put_message(delivery_store)
    run_once(delivery_store, settings_of(channel="email", host="127.0.0.1"), now_clock)
    assert not fake_bot.received
    assert dead_letters(delivery_store)[0].failure.cause is Cause.TWO_DESTINATIONS


def test_a_target_is_spoken_to_by_its_own_channel_only(kit, delivery_store, settings_of, now_clock, fake_bot):
    kit.subscribe(delivery_store, "alertmanager", "desk", audience=OWN)
    kit.put_message(delivery_store)
    run_once(delivery_store, settings_of(channel="wecom"), now_clock)
    assert not fake_bot.received
    assert dead_letters(delivery_store)[0].failure.cause is Cause.TARGET_CHANNEL


@pytest.mark.parametrize(
    ("role", "target", "told"),
    [
        ("department", {}, False),
        ("department", {"owner": OTHER}, False),
        ("department", {"owner": OTHER, "users": [OWN]}, True),
        ("department", {"owner": OWN}, True),
        ("department", {"users": ["*"]}, True),
        ("", {}, False),
        ("supervisor", {}, True),
        ("admin", {}, True),
        ("supervisor", {"owner": OTHER}, False),
    ],
)
def test_only_its_owner_and_users_are_told_through_a_target(
    kit, delivery_store, settings_of, now_clock, fake_bot, role, target, told
):
    kit.subscribe(delivery_store, "wecom", "desk", audience=OWN, author_role=role)
    kit.put_message(delivery_store)
    run_once(delivery_store, settings_of(**target), now_clock)
    assert bool(fake_bot.received) is told
    causes = [letter.failure.cause for letter in dead_letters(delivery_store)]
    assert causes == ([] if told else [Cause.TARGET_NOT_YOURS])


def test_a_part_of_a_department_is_served_with_it_and_a_longer_name_is_not():
    config = DeliveryConfig.model_validate({"targets": {"w": {"channel": "wecom", "url": "https://x/", "owner": OWN}}})
    serves = [may_use(config.targets["w"], Destination(name, "wecom")) for name in (OWN, f"{OWN}/夜班", f"{OWN}分局")]
    assert serves == [True, True, False]
    assert usable_targets(config, OWN, commanded=False) == [("w", "wecom")]
    assert usable_targets(config, OTHER, commanded=True) == []


def test_the_quota_of_a_target_is_not_used_up_by_the_same_address_of_somebody_else(
    kit, delivery_store, settings_of, now_clock, fake_bot
):
    stranger = kit.subscribe(delivery_store, "wecom", "own", audience=OTHER, author_role="department")
    written(delivery_store, stranger, config={"url": fake_bot.url})
    kit.subscribe(delivery_store, "wecom", "desk", audience=OWN)
    fake_bot.answers(kit.Reply(body=b'{"errcode":45009}'), kit.Reply())
    kit.put_message(delivery_store, audience=OTHER)
    run_once(delivery_store, settings_of(), now_clock)
    kit.put_message(delivery_store, audience=OWN)
    assert run_once(delivery_store, settings_of(), now_clock).sent == 1, "the stranger's pause is the stranger's"


@pytest.mark.parametrize("channel", ["apprise", "email"])
def test_mail_and_apprise_go_only_by_a_target(kit, delivery_store, settings_of, now_clock, fake_bot, channel):
    subscription = kit.subscribe(delivery_store, channel, "own", audience=OWN)
    written(delivery_store, subscription, config={"url": f"json://127.0.0.1:{fake_bot.server.server_port}/"})
    kit.put_message(delivery_store)
    run_once(delivery_store, settings_of(), now_clock)
    assert not fake_bot.received
    assert dead_letters(delivery_store)[0].failure.cause is Cause.TARGET_NEEDED


def test_every_channel_may_be_named_by_a_target_and_a_target_names_one():
    assert set(get_args(ChannelName)) == set(CHANNELS)
    with pytest.raises(ValueError, match="duty does not say how it is spoken to"):
        DeliveryConfig.model_validate({"targets": {"duty": {"url": "https://bot.example/"}}})


def test_the_options_of_a_target_are_those_of_its_mail_server():
    config = DeliveryConfig.model_validate(
        {
            "targets": {
                "m": {"channel": "email", "owner": "x", "users": ["y"], "to": ["a@b"], "host": "h", "from": "f@g"}
            }
        }
    )
    assert config.targets["m"].options == {"host": "h", "from": "f@g"}
    assert Target(name="m", to=("a@b",)).bot("email") != Target(name="m", to=("c@d",)).bot("email")
