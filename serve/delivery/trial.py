"""A test message: whether a subscription's bot hears, tried at once and told in the answer."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Final

from features.clock import Clock
from features.origin import origin_of
from features.settings import Settings
from features.vocabulary import AlertLevel, Kind
from features.words import AreaNames, in_both, language_named
from serve.delivery.channels import CHANNELS
from serve.delivery.config import networks_of, signer_of
from serve.delivery.destinations import Destination, NoTargetError, target_of
from serve.delivery.failures import Failure
from serve.delivery.notice import Message, Notice
from serve.delivery.outcome import DeliveryOutcome, DeliveryVerdict
from serve.delivery.posting import Poster
from serve.delivery.wording import TEST
from serve.errors import TooManyRequestsError
from serve.store import Store
from serve.store.columns import new_id
from serve.store.tables import Subscription

BETWEEN_TESTS: Final = timedelta(minutes=1)
_AT_ONCE: Final = BoundedSemaphore(4)
"""Whoever waits for an answer holds a thread of the server: a few may."""
_PAGE: Final = "/subscriptions"


@dataclass(frozen=True)
class Trial:
    """What came of a test message.

    Attributes:
        arrived: Whether the receiver took it.
        response_code: What it answered with; None when it did not answer.
        failure: Why it did not arrive.
        tested_at: When it was sent (UTC).
    """

    arrived: bool
    response_code: int | None
    failure: Failure | None
    tested_at: datetime


def note_trial(row: Subscription, *, now: datetime) -> None:
    """Note that a subscription is tried now: a test counts as a call to its bot.

    Raises:
        TooManyRequestsError: It was tried a moment ago.
    """
    last = row.tested_at
    if last is not None and now < last + BETWEEN_TESTS and last <= now:
        raise TooManyRequestsError("tested_lately", wait=last + BETWEEN_TESTS - now)
    row.tested_at = now


def send_test(store: Store, settings: Settings, clock: Clock, subscription_id: str) -> Trial:
    """Send a test message to a subscription whose trial was noted, and wait for the answer.

    Raises:
        TooManyRequestsError: Others wait for theirs.
    """
    now = clock.now()
    if not _AT_ONCE.acquire(blocking=False):
        raise TooManyRequestsError("tests_going_on", wait=timedelta(seconds=settings.delivery.deadline_s))
    try:
        with store.reading() as session:
            row = session.get_one(Subscription, subscription_id)
        outcome = _send(settings, row, now)
    finally:
        _AT_ONCE.release()
    return Trial(outcome.verdict is DeliveryVerdict.SENT, outcome.code, outcome.failure, now)


def _send(settings: Settings, row: Subscription, now: datetime) -> DeliveryOutcome:
    config = settings.delivery
    try:
        target = target_of(config, Destination.of(row))
    except NoTargetError as error:
        return DeliveryOutcome.refused(error.failure)
    with closing(Poster(networks_of(config), config.deadline_s)) as poster:
        return CHANNELS[row.channel].send(_message(settings, row, now), target, poster)


def _message(settings: Settings, row: Subscription, now: datetime) -> Message:
    name = in_both("message.test")
    notice = Notice(
        id=new_id("test"), alert_id="", reason=TEST, msg_type="Alert", revision=1, level=AlertLevel.BLUE,
        kind=Kind.FORECAST, category=name, area="", department=row.audience, opened_at=now, written_at=now,
        simulated=origin_of(settings).simulated,
    )  # fmt: skip
    return Message(
        id=notice.id,
        notices=(notice,),
        links={},
        board_link=signer_of(settings).page(_PAGE),
        language=language_named(row.language),
        sent_at=now,
        sender=settings.delivery.sender,
        timezone=settings.timezone,
        names=AreaNames.of(settings),
    )
