"""Planning a round: which bots are called, with which messages, in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from features.configuration import DeliveryConfig
from features.words import AreaNames, language_named
from serve.delivery import attempts
from serve.delivery.channels import CHANNELS, Channel, Target
from serve.delivery.channels.cap import CAP_PUSH
from serve.delivery.destinations import Destination, NoTargetError, target_of
from serve.delivery.failures import Failure, say_failure
from serve.delivery.links import LinkSigner
from serve.delivery.notice import Message
from serve.delivery.outbox import earlier_messages, notice_of, postpone
from serve.delivery.packing import Batch, Pending, pack
from serve.store.columns import new_id
from serve.store.tables import Subscription

BOARD_PATH: Final = "/alerts"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Call:
    """One call to make: what goes over the wire, for which attempts, where to."""

    batch: Batch
    message: Message
    target: Target


@dataclass(frozen=True)
class BotRound:
    """The calls to one bot in one round, in order.

    Attributes:
        channel: How the bot is spoken to.
        calls: What to send.
        same_bot: Every subscription behind this bot: they share its limits.
    """

    channel: Channel
    calls: tuple[Call, ...]
    same_bot: tuple[str, ...]


@dataclass(frozen=True)
class Planner:
    """Plans one round at one moment.

    Args:
        config: Targets, digests, sender.
        signer: Makes the links.
        timezone: IANA zone that due times are told in.
        names: What the area and its parts are called.
        now: The moment of the round (UTC).
        simulated: Whether the installation's tickets are invented: every message says so.
    """

    config: DeliveryConfig
    signer: LinkSigner
    timezone: str
    names: AreaNames
    now: datetime
    simulated: bool

    def plan(self, session: Session) -> list[BotRound]:
        """Return what to send now, at most what each bot takes."""
        due = attempts.due_now(session, now=self.now)
        if not due:
            return []
        recipients = {one.id: one for one in session.scalars(select(Subscription))}
        targets: dict[str, Target] = {}
        problems: dict[str, Failure] = {}
        for name, one in recipients.items():
            try:
                targets[name] = target_of(self.config, Destination.of(one))
            except NoTargetError as error:
                problems[name] = error.failure
        lost = [row for row in due if row[2].id in problems]
        if lost:
            attempts.give_up(lost, problems, now=self.now)
            said = {name: say_failure(failure, "en") for name, failure in problems.items()}
            _log.error("messages to subscriptions without a target", count=len(lost), problems=said)
        bots = {name: target.bot(recipients[name].channel) for name, target in targets.items()}
        rounds = []
        for bot, rows in attempts.by_bot(due, bots).items():
            same_bot = tuple(name for name, other in bots.items() if other == bot)
            channel = CHANNELS[rows[0][2].channel]
            batches = self._batches(session, channel, rows, same_bot)
            calls = tuple(
                Call(batch, self._message(batch, recipients[batch.recipient]), targets[batch.recipient])
                for batch in batches
            )
            if calls:
                rounds.append(BotRound(channel, calls, same_bot))
        return rounds

    def _batches(
        self, session: Session, channel: Channel, rows: list[attempts.DueRow], same_bot: tuple[str, ...]
    ) -> list[Batch]:
        shut = attempts.shut_until(session, same_bot, now=self.now)
        if shut is not None:
            postpone(session, same_bot, until=shut)
            return []
        made = attempts.calls_since(session, same_bot, since=self.now - channel.limits.longest, now=self.now)
        return pack(
            [
                Pending(
                    id=attempt.id,
                    subscription=recipient.id,
                    notice=replace(
                        notice_of(message, simulated=self.simulated),
                        references=earlier_messages(session, message, recipient.id) if channel.name == CAP_PUSH else (),
                    ),
                    digest=attempt.digest_id,
                )
                for attempt, message, recipient in rows
            ],
            limits=channel.limits,
            room=channel.limits.room(made, self.now),
            digest_above=self.config.digest_above,
            new_id=partial(new_id, "dg"),
        )

    def _message(self, batch: Batch, recipient: Subscription) -> Message:
        notices = tuple(item.notice for item in batch.pending)
        links = {one.id: self.signer.link(one.alert_id, recipient.id, now=self.now) for one in notices}
        return Message(
            id=batch.message_id,
            notices=notices,
            links=links,
            board_link=self.signer.page(BOARD_PATH),
            language=language_named(recipient.language),
            sent_at=self.now,
            sender=self.config.sender,
            timezone=self.timezone,
            names=self.names,
        )
