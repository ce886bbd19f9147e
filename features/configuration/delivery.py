"""The `[delivery]` section: who speaks, where the links lead, which bots there are and their secrets.

    [delivery]
    base_url = "https://weisu.example"
    allow_private = ["10.20.0.0/16"]

    [delivery.targets.duty-wecom]
    channel = "wecom"
    url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=..."

    [delivery.targets.water-mail]
    channel = "email"
    owner = "市水务局"
    host = "mail.example"
    from = "weisu@example"
    to = ["duty@example"]
    secret = "..."

A subscription in the store names its target: `{"target": "duty-wecom"}`; secrets stay out of the database. A target is
spoken to by its own channel only, and only messages of its owner and users go through it.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Final, Literal

from pydantic import SecretStr, field_validator

from features.configuration.part import ConfigPart, key

ChannelName = Literal["alertmanager", "apprise", "cap", "dingtalk", "email", "feishu", "webhook", "wecom"]
"""How a receiver can be spoken to."""

ANYBODY: Final = "*"
"""Among the users of a target: every audience."""


class TargetConfig(ConfigPart):
    """One bot, receiver or mail account."""

    channel: ChannelName | Literal[""] = ""
    """How it is spoken to; each target says it: alertmanager, apprise, cap, dingtalk, email, feishu, webhook, wecom."""
    owner: str = ""
    """The department that it belongs to; empty: the hotline's own, which supervisors give to any audience."""
    users: tuple[str, ...] = ()
    """Departments and other audiences that may be told through it besides the owner; "*" is everybody."""
    url: SecretStr = SecretStr("")
    """Address of the bot or receiver; most hold a key."""
    secret: SecretStr = SecretStr("")
    """Key of the signature, or the mail account's password."""
    to: tuple[str, ...] = ()
    """Recipients of mail."""
    host: str = "localhost"
    """Mail server."""
    port: int = key(587, ge=1, le=65535)
    """Port of the mail server."""
    sender: str = key("weisu@localhost", alias="from")
    """Address that mail is sent from."""
    user: str = ""
    """Account at the mail server; no login when empty."""
    tls: Literal["starttls", "ssl", "none"] = "starttls"
    """How the connection to the mail server is encrypted."""

    @property
    def options(self) -> dict[str, Any]:
        """What the configuration says of the mail server."""
        named = {"host", "port", "sender", "user", "tls"}
        return self.model_dump(by_alias=True, exclude_unset=True, include=named)

    def serves(self, audience: str) -> bool:
        """Tell whether an audience, or the department that it is a part of, is the owner or among the users."""
        named = {name for name in (self.owner, *self.users) if name}
        return ANYBODY in named or any(audience == name or audience.startswith(f"{name}/") for name in named)


class DeliveryConfig(ConfigPart):
    """Delivery of messages: who speaks, where links lead, how patient the worker is, and the targets."""

    base_url: str = "http://127.0.0.1:8000"
    """Where officials reach the pages."""
    sender: str = "weisu 未诉先办"
    """Who speaks."""
    link_days: float = key(7.0, unit="days", gt=0)
    """How long a signed link opens its alert."""
    allow_private: tuple[str, ...] = ()
    """Private address ranges that messages may reach (an intranet's webhook receiver)."""
    deadline_s: float = key(8.0, unit="seconds", gt=0)
    """Longest time for one call."""
    lease_s: float = key(60.0, unit="seconds", gt=0)
    """After this long without a record, an attempt counts as lost with its worker."""
    first_retry_s: float = key(5.0, unit="seconds", gt=0)
    """Wait before the second attempt."""
    longest_retry_s: float = key(1800.0, unit="seconds", gt=0)
    """Longest wait between attempts."""
    attempts: int = key(10, unit="attempts", ge=1)
    """Attempts before a message goes to the dead-letter list."""
    digest_above: int = key(3, unit="messages", ge=1)
    """More messages than this at once to one recipient become a digest."""
    targets: dict[str, TargetConfig] = key({})
    """Bots and receivers, by name."""

    @field_validator("allow_private")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ipaddress.ip_network(text)
        return value

    @field_validator("targets")
    @classmethod
    def _channels(cls, value: dict[str, TargetConfig]) -> dict[str, TargetConfig]:
        for name, target in value.items():
            if not target.channel and (target.url.get_secret_value() or target.to):
                raise ValueError(f'{name} does not say how it is spoken to: add channel = "wecom", or what it is')
        return value
