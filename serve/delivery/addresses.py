"""Where a message may go: public addresses only, unless the configuration allows a private range.

The name is resolved once, every answer is checked, and the call is made to the address that was checked (a second
look-up could answer differently). Redirects are never followed: they would undo the check.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx2

from serve.delivery.failures import Cause, DeliveryError, Failure

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_LAST_PORT: Final = 65_535
_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""The only IPv6 range that the public internet has; site-local and IPv4-compatible addresses lie outside."""
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last 32 bits are the IPv4 address that is reached."""
_RELAYS: Final = ipaddress.ip_network("192.88.99.0/24")
"""Relays of 6to4, given up by RFC 7526."""


class UnsafeAddressError(DeliveryError):
    """The address points into a network that messages must not reach."""


class UnresolvedAddressError(DeliveryError):
    """The name does not resolve.

    Args:
        failure: With the name.
        hint: What to do about it.
        passing: Whether the DNS server could not be asked: nothing is known of the name then.
    """

    def __init__(self, failure: Failure, *, hint: str | None = None, passing: bool = False) -> None:
        super().__init__(failure, hint=hint)
        self.passing = passing


@dataclass(frozen=True)
class PinnedAddress:
    """A checked address.

    Attributes:
        url: The address to call, with the checked IP in place of the name.
        host_header: What the Host header says.
        server_name: The name the certificate is checked against.
    """

    url: str
    host_header: str
    server_name: str


def pin(url: str, *, allowed: Sequence[IPNetwork] = ()) -> PinnedAddress:
    """Check where `url` points and return it with the name replaced by the checked IP.

    Args:
        url: An http or https address; plain http only into an allowed private range.
        allowed: Private ranges that may be reached all the same.

    Raises:
        UnsafeAddressError: Another scheme, credentials in the address, no port there is, or a range that is not public
            and not allowed.
        UnresolvedAddressError: The name does not resolve.
    """
    parsed = _parsed(url)
    addresses = _resolve(parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80))
    for address in addresses:
        _check(address, allowed, host=parsed.host)
    if parsed.scheme == "http" and not all(_inside(address, allowed) for address in addresses):
        raise UnsafeAddressError(Failure(Cause.PLAIN_HTTP, {"host": parsed.host}), hint="use https, or allow the range")
    # The network part as it was written: with the brackets of an IPv6 literal.
    host_header = parsed.netloc.decode("ascii")
    return PinnedAddress(str(parsed.copy_with(host=str(addresses[0]))), host_header, parsed.host)


def _parsed(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
        # A label of more than 63 characters is refused by nobody before the look-up, and then not as an OSError.
        parsed.host.encode("idna")
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise UnsafeAddressError(Failure(Cause.ADDRESS_INVALID), hint="use https://host/path") from error
    no_port = parsed.port is not None and not 0 < parsed.port <= _LAST_PORT
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo or no_port:
        raise UnsafeAddressError(Failure(Cause.ADDRESS_INVALID), hint="use https://host/path without a user name")
    return parsed


def _resolve(host: str, port: int) -> list[IPAddress]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        passing = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        raise UnresolvedAddressError(
            Failure(Cause.UNRESOLVED, {"host": host}), hint="check the name and the DNS server", passing=passing
        ) from error
    return list(dict.fromkeys(ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in found))


def _check(address: IPAddress, allowed: Sequence[IPNetwork], *, host: str) -> None:
    if not _inside(address, allowed) and not _public(address):
        raise UnsafeAddressError(
            Failure(Cause.RESERVED_RANGE, {"host": host}),
            hint="add the range to delivery.allow_private in weisu.toml if it is yours",
        )


def _public(address: IPAddress) -> bool:
    """Tell whether an address is reached through the public internet, and nothing else is behind it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and address not in _RELAYS
    if address in _TRANSLATED:
        return _public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    if address.ipv4_mapped is not None:
        return _public(address.ipv4_mapped)
    return address in _UNICAST and address.is_global and address.sixtofour is None


def _inside(address: IPAddress, networks: Sequence[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
