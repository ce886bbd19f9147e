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
        url: Address of the bot or receiver; empty for e-mail.
        secret: Signing secret, if the other side checks one. Never logged.
        to: E-mail recipients.
        options: What else the channel understands.
    """

    url: str = ""
    secret: str = field(default="", repr=False)
    to: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


class Channel(Protocol):
    """One way to reach people or machines."""

    name: str
    limits: Limits

    def send(self, message: Message, target: Target, poster: Poster, /) -> DeliveryOutcome:
        """Hand `message` over once and say what came of it; never raises for the other side's faults."""
        ...
