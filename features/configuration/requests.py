"""The section about how patiently `weisu serve` waits for a request, and how many it answers at once."""

from __future__ import annotations

from features.configuration.part import ConfigPart, key


class RequestsConfig(ConfigPart):
    """How long a request may take to come, how many are answered at once, and how often a key may ask.

    The counts hold for each worker process by itself.
    """

    header_seconds: int = key(10, unit="s", ge=1)
    """How long the headers of a request may take to come; the connection is closed then."""
    body_seconds: int = key(60, unit="s", ge=1)
    """How long the body of a request may take to come."""
    connections: int = key(500, unit="connections", ge=10)
    """Open connections; whoever comes after gets 503."""
    at_once: int = key(64, unit="requests", ge=1)
    """Requests with a key that are answered at once; more get 503. Event streams do not count."""
    at_once_without_key: int = key(16, unit="requests", ge=1)
    """Requests without a valid key that are answered at once; they never take the place of those with one."""
    at_once_per_key: int = key(16, unit="requests", ge=1)
    """Requests of one key that are answered at once; more get 429."""
    streams_per_key: int = key(20, unit="streams", ge=1)
    """Event streams that one key holds open."""
    large_at_once: int = key(2, unit="requests", ge=1)
    """Requests with a body above 1 MiB that are read at once; more get 503."""
    per_minute: int = key(3000, unit="requests", ge=1)
    """Requests of one key in a minute; more get 429."""
