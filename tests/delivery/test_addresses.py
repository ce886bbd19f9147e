"""Where a message may not go, whatever the address is dressed up as."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from serve.delivery.addresses import UnresolvedAddressError, UnsafeAddressError, pin
from serve.delivery.failures import Cause

PUBLIC = "[2606:4700::1111]"


@pytest.mark.parametrize(
    ("host", "cause"),
    [
        ("[64:ff9b::7f00:1]", Cause.RESERVED_RANGE),
        ("[64:ff9b::a00:1]", Cause.RESERVED_RANGE),
        ("[64:ff9b:1::a00:1]", Cause.RESERVED_RANGE),
        ("[::127.0.0.1]", Cause.RESERVED_RANGE),
        ("[::ffff:10.0.0.1]", Cause.RESERVED_RANGE),
        ("[fec0::1]", Cause.RESERVED_RANGE),
        ("[2002:7f00:1::]", Cause.RESERVED_RANGE),
        ("192.88.99.1", Cause.RESERVED_RANGE),
        ("93.184.216.34:0", Cause.ADDRESS_INVALID),
        ("93.184.216.34:99999", Cause.ADDRESS_INVALID),
        ("a" * 64 + ".example", Cause.ADDRESS_INVALID),
        ("例" * 64 + ".example", Cause.ADDRESS_INVALID),
    ],
)
def test_nothing_behind_another_notation_is_reached(host: str, cause: Cause):
    with pytest.raises(UnsafeAddressError) as refused:
        pin(f"https://{host}/x")
    assert refused.value.failure.cause is cause


@pytest.mark.parametrize("host", ["93.184.216.34", PUBLIC, "[64:ff9b::5db8:d822]"])
def test_the_public_internet_is_reached(host: str):
    pinned = pin(f"https://{host}:8443/x")
    assert pinned.url == f"https://{host}:8443/x"
    assert pinned.host_header == f"{host}:8443", "an IPv6 literal keeps its brackets"


def test_one_private_answer_of_several_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch):
    answers = [(socket.AF_INET, 1, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(UnsafeAddressError, match=r"hooks\.example"):
        pin("https://hooks.example/")
    assert pin("https://hooks.example/", allowed=[ipaddress.ip_network("10.0.0.0/8")]).host_header == "hooks.example"


def test_a_name_that_does_not_resolve_is_worth_another_try(monkeypatch: pytest.MonkeyPatch):
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(UnresolvedAddressError, match=r"hooks\.example"):
        pin("https://hooks.example/")
