"""What the `[delivery]` section gives the worker: networks it may reach, its patience, the signer of links."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from features.configuration import DeliveryConfig
from features.settings import Settings
from serve.delivery.addresses import IPNetwork
from serve.delivery.links import LinkSigner
from serve.delivery.retries import RetryPolicy


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
