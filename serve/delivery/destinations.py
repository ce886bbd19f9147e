"""Where a subscription's messages go: an address of its own, or a target of the configuration that it may use.

A name is no authority. Whoever knows what a target is called gets nothing of it: its secret goes to its own address
only, over its own channel, and only with messages of an audience that it serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from features.configuration import DeliveryConfig, TargetConfig
from serve.access.roles import COMMANDS_ALERTS
from serve.delivery.channels import CHANNELS, Target
from serve.delivery.failures import Cause, DeliveryError, Failure
from serve.store.tables import Subscription

OWN_ADDRESS: Final = frozenset({"alertmanager", "cap", "dingtalk", "feishu", "webhook", "wecom"})
"""Channels whose address a subscription may give by itself: it is checked and pinned before every call.

Mail goes through somebody's account, and Apprise follows addresses of its own kind: both only by a target.
"""


class NoTargetError(DeliveryError):
    """A subscription leads nowhere, or where it may not lead."""


@dataclass(frozen=True)
class Destination:
    """What a subscription says of where its messages go.

    Attributes:
        audience: Whose messages they are.
        channel: How the receiver is spoken to.
        target: Name of a target of the configuration, '' for none.
        url: An address of its own, '' for none.
        to: Mail recipients of its own: a subscription of before 0139.
        commanded: Whether somebody who commands alerts made it so.
    """

    audience: str
    channel: str
    target: str = ""
    url: str = ""
    to: tuple[str, ...] = ()
    commanded: bool = False

    @classmethod
    def of(cls, row: Subscription) -> Destination:
        """Return what a stored subscription says."""
        return cls(
            audience=row.audience,
            channel=row.channel,
            target=str(row.config.get("target") or ""),
            url=str(row.config.get("url") or ""),
            to=tuple(row.config.get("to") or ()),
            commanded=row.author_role in COMMANDS_ALERTS,
        )


def target_of(config: DeliveryConfig, destination: Destination) -> Target:
    """Return where messages go.

    Raises:
        NoTargetError: It leads nowhere, says two things, or names a target that its audience may not use.
    """
    if destination.channel not in CHANNELS:
        raise NoTargetError(Failure(Cause.UNKNOWN_CHANNEL, {"channel": destination.channel}))
    if destination.target and (destination.url or destination.to):
        raise NoTargetError(Failure(Cause.TWO_DESTINATIONS), hint="a target, or an address of its own")
    if destination.target:
        return _named(config, destination)
    if destination.channel not in OWN_ADDRESS:
        raise NoTargetError(Failure(Cause.TARGET_NEEDED), hint='give it {"target": "name"}')
    if not destination.url:
        raise NoTargetError(Failure(Cause.TARGET_UNNAMED), hint='give it {"target": "name"}')
    return Target(url=destination.url)


def may_use(target: TargetConfig, destination: Destination) -> bool:
    """Tell whether a target is for this audience: it serves it, or is the hotline's own and was given to it."""
    return target.serves(destination.audience) or (not target.owner and destination.commanded)


def usable_targets(config: DeliveryConfig, audience: str, *, commanded: bool) -> list[tuple[str, str]]:
    """Return (name, channel) of the targets that may be chosen for an audience; for '' those of anybody."""
    return sorted(
        (name, target.channel)
        for name, target in config.targets.items()
        if (commanded and not audience) or may_use(target, Destination(audience, target.channel, commanded=commanded))
    )


def _named(config: DeliveryConfig, destination: Destination) -> Target:
    name = destination.target
    known = config.targets.get(name)
    if known is None:
        raise NoTargetError(
            Failure(Cause.NO_TARGET, {"target": name}), hint=f"add [delivery.targets.{name}] to weisu.toml"
        )
    if not may_use(known, destination):
        raise NoTargetError(
            Failure(Cause.TARGET_NOT_YOURS, {"target": name, "audience": destination.audience}),
            hint=f"add the audience to the users of [delivery.targets.{name}]",
        )
    if known.channel != destination.channel:
        raise NoTargetError(Failure(Cause.TARGET_CHANNEL, {"target": name, "channel": known.channel}))
    url, secret = known.url.get_secret_value(), known.secret.get_secret_value()
    if not url and not known.to:
        raise NoTargetError(Failure(Cause.TARGET_EMPTY, {"target": name}), hint="give it a url, or to for mail")
    return Target(name=name, url=url, secret=secret, to=known.to, options=known.options)
