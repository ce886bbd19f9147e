"""The `[delivery]` table of `weisu.toml`: who speaks, where the links lead, which bots there are and their secrets.

    [delivery]
    base_url = "https://weisu.example"
    allow_private = ["10.20.0.0/16"]

    [delivery.targets.duty-wecom]
    url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=..."

    [delivery.targets.reports-mail]
    host = "mail.example"
    from = "weisu@example"
    to = ["duty@example"]
    secret = "..."

A subscription in the store names its target: `{"target": "duty-wecom"}`; secrets stay out of the database.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from features.errors import BadInputError
from features.settings import Settings
from serve.delivery.addresses import IPNetwork
from serve.delivery.channels.channel import Target
from serve.delivery.failures import Cause, DeliveryError, Failure
from serve.delivery.links import LinkSigner
from serve.delivery.retries import RetryPolicy

_OPEN_KEYS: Final = frozenset({"url", "to"})
"""What a subscription may say by itself; everything else comes from the configuration."""


class NoTargetError(DeliveryError):
    """A subscription leads nowhere."""


class TargetConfig(BaseModel):
    """One bot, receiver or mail account."""

    model_config = ConfigDict(frozen=True, extra="allow")

    url: SecretStr = SecretStr("")
    secret: SecretStr = SecretStr("")
    to: tuple[str, ...] = ()


class DeliveryConfig(BaseModel):
    """Everything about delivery that differs between two installations.

    Attributes:
        base_url: Where officials reach the pages.
        sender: Who speaks.
        link_days: How long a signed link opens its alert.
        allow_private: Private ranges that messages may reach (an intranet's webhook receiver).
        deadline_s: Longest time for one call.
        lease_s: After this long without a record, an attempt counts as lost with its worker.
        first_retry_s: Wait before the second attempt.
        longest_retry_s: Longest wait between attempts.
        attempts: Attempts before the dead-letter list.
        digest_above: More messages than this at once to one recipient become a digest.
        targets: Bots and receivers, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = "http://127.0.0.1:8000"
    sender: str = "weisu 未诉先办"
    link_days: float = Field(default=7.0, gt=0)
    allow_private: tuple[str, ...] = ()
    deadline_s: float = Field(default=8.0, gt=0)
    lease_s: float = Field(default=60.0, gt=0)
    first_retry_s: float = Field(default=5.0, gt=0)
    longest_retry_s: float = Field(default=1800.0, gt=0)
    attempts: int = Field(default=10, ge=1)
    digest_above: int = Field(default=3, ge=1)
    targets: Mapping[str, TargetConfig] = {}

    @field_validator("allow_private")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ipaddress.ip_network(text)
        return value

    @classmethod
    def of(cls, settings: Settings) -> DeliveryConfig:
        """Read the section.

        Raises:
            BadInputError: An unknown key or a bad value.
        """
        try:
            return cls(**settings.section("delivery"))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise BadInputError(f"[delivery] in the configuration: {problems}", hint="see docs/delivery.md") from error

    @property
    def networks(self) -> tuple[IPNetwork, ...]:
        """The private ranges that may be reached."""
        return tuple(ipaddress.ip_network(text) for text in self.allow_private)

    @property
    def retries(self) -> RetryPolicy:
        """How patient the worker is."""
        return RetryPolicy(self.first_retry_s, self.longest_retry_s, self.attempts)

    def signer(self, settings: Settings) -> LinkSigner:
        """Return the maker of signed links."""
        return LinkSigner(settings.secret_key(), base_url=self.base_url, lifetime=timedelta(days=self.link_days))

    def target(self, subscription: Mapping[str, Any]) -> Target:
        """Return where a subscription's messages go.

        Args:
            subscription: The subscription's `config`: `{"target": name}`, or an open `{"url": ...}`, `{"to": [...]}`.

        Raises:
            NoTargetError: It names a target that the configuration does not have, or nothing at all.
        """
        name = str(subscription.get("target", ""))
        if name and name not in self.targets:
            raise NoTargetError(
                Failure(Cause.NO_TARGET, {"target": name}), hint=f"add [delivery.targets.{name}] to weisu.toml"
            )
        known = self.targets.get(name, TargetConfig())
        own = {key: value for key, value in subscription.items() if key in _OPEN_KEYS}
        url = str(own.get("url") or known.url.get_secret_value())
        to = tuple(own.get("to") or known.to)
        if not url and not to:
            raise NoTargetError(Failure(Cause.TARGET_UNNAMED), hint='give it {"target": "name"}')
        return Target(url=url, secret=known.secret.get_secret_value(), to=to, options=dict(known.model_extra or {}))
