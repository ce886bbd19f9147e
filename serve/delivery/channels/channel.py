"""What every channel is: a name, limits, and one verb that hands a message over and judges the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from serve.delivery.limits import Limits
from serve.delivery.notice import Message
from serve.delivery.outcome import DeliveryOutcome
from serve.delivery.posting import Poster


@dataclass(frozen=True)
class Target:
    """Where one subscription's messages go.

    Attributes:
        name: The target of the configuration; '' for an address that a subscription gives by itself.
        url: Address of the bot or receiver; empty for e-mail.
        secret: Signing secret, if the other side checks one. Never logged.
        to: E-mail recipients.
        options: What else the channel understands.
    """

    name: str = ""
    url: str = ""
    secret: str = field(default="", repr=False)
    to: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def bot(self, channel: str) -> tuple[Any, ...]:
        """Return what tells one bot from another: its limits and pauses hold for all who write to it.

        Targets of the configuration and addresses that subscriptions give by themselves are never one bot: whoever
        may not use a target uses up none of its quota either, even by naming the same address.
        """
        return (channel, bool(self.name), self.url, self.to, str(self.options.get("host", "")))


class Channel(Protocol):
    """One way to reach people or machines."""

    name: str
    limits: Limits

    def send(self, message: Message, target: Target, poster: Poster, /) -> DeliveryOutcome:
        """Hand `message` over once and say what came of it; never raises for the other side's faults."""
        ...
