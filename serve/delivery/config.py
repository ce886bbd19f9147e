"""What the `[delivery]` section gives the worker: networks it may reach, its patience, the signer of links, targets."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from features.configuration import DeliveryConfig, TargetConfig
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


def networks_of(config: DeliveryConfig) -> tuple[IPNetwork, ...]:
    """Return the private ranges that may be reached."""
    return tuple(ipaddress.ip_network(text) for text in config.allow_private)


def retries_of(config: DeliveryConfig) -> RetryPolicy:
    """Return how patient the worker is."""
    return RetryPolicy(config.first_retry_s, config.longest_retry_s, config.attempts)


def signer_of(settings: Settings) -> LinkSigner:
    """Return the maker of signed links."""
    config = settings.delivery
    return LinkSigner(settings.secret_key(), base_url=config.base_url, lifetime=timedelta(days=config.link_days))


def target_of(config: DeliveryConfig, subscription: Mapping[str, Any]) -> Target:
    """Return where a subscription's messages go.

    Args:
        config: The section.
        subscription: The subscription's `config`: `{"target": name}`, or an open `{"url": ...}`, `{"to": [...]}`.

    Raises:
        NoTargetError: It names a target that the configuration does not have, or nothing at all.
    """
    name = str(subscription.get("target", ""))
    if name and name not in config.targets:
        raise NoTargetError(
            Failure(Cause.NO_TARGET, {"target": name}), hint=f"add [delivery.targets.{name}] to weisu.toml"
        )
    known = config.targets.get(name, TargetConfig())
    own = {key: value for key, value in subscription.items() if key in _OPEN_KEYS}
    url = str(own.get("url") or known.url.get_secret_value())
    to = tuple(own.get("to") or known.to)
    if not url and not to:
        raise NoTargetError(Failure(Cause.TARGET_UNNAMED), hint='give it {"target": "name"}')
    return Target(url=url, secret=known.secret.get_secret_value(), to=to, options=known.options)
