"""Where a message may go: public addresses only, unless the configuration allows a private range.

The name is resolved once, every answer is checked, and the call is made to the address that was checked (a second
look-up could answer differently). Redirects are never followed: they would undo the check.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from serve.delivery.failures import Cause, DeliveryError, Failure

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class UnsafeAddressError(DeliveryError):
    """The address points into a network that messages must not reach."""


class UnresolvedAddressError(DeliveryError):
    """The name does not resolve at the moment."""


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
        UnsafeAddressError: Another scheme, credentials in the address, or a range that is not public and not allowed.
        UnresolvedAddressError: The name does not resolve.
    """
    import httpx2

    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise UnsafeAddressError(Failure(Cause.ADDRESS_INVALID), hint="use https://host/path") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
        raise UnsafeAddressError(Failure(Cause.ADDRESS_INVALID), hint="use https://host/path without a user name")
    addresses = _resolve(parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80))
    for address in addresses:
        _check(address, allowed, host=parsed.host)
    if parsed.scheme == "http" and not all(_inside(address, allowed) for address in addresses):
        raise UnsafeAddressError(Failure(Cause.PLAIN_HTTP, {"host": parsed.host}), hint="use https, or allow the range")
    host_header = parsed.host if parsed.port is None else f"{parsed.host}:{parsed.port}"
    return PinnedAddress(str(parsed.copy_with(host=str(addresses[0]))), host_header, parsed.host)


def _resolve(host: str, port: int) -> list[IPAddress]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UnresolvedAddressError(
            Failure(Cause.UNRESOLVED, {"host": host}), hint="check the name and the DNS server"
        ) from error
    return list(dict.fromkeys(ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in found))


def _check(address: IPAddress, allowed: Sequence[IPNetwork], *, host: str) -> None:
    if _inside(address, allowed):
        return
    embedded = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if not address.is_global or address.is_multicast or (embedded is not None and not embedded.is_global):
        raise UnsafeAddressError(
            Failure(Cause.RESERVED_RANGE, {"host": host}),
            hint="add the range to delivery.allow_private in weisu.toml if it is yours",
        )


def _inside(address: IPAddress, networks: Sequence[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
