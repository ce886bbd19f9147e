"""Signed links: they open one alert for one recipient until they expire. They never log anyone in.

Chat programs fetch links to draw a preview, and messages are forwarded: a link may therefore show nothing by itself
and change nothing. It says "this alert, sent to this subscription, good until then"; the login asked for once after
it decides what is seen.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from serve.errors import UnauthorizedError

_PURPOSE: Final = b"weisu alert link v1"
_SIGNATURE_BYTES: Final = 16


@dataclass(frozen=True)
class SignedLink:
    """What a link says.

    Attributes:
        alert_id: The alert it opens.
        recipient: The subscription it was sent to.
        expires_at: Until when it works (UTC, whole seconds).
    """

    alert_id: str
    recipient: str
    expires_at: datetime


class LinkSigner:
    """Makes and reads signed links.

    Args:
        key: The installation's secret key; a key for links alone is derived from it.
        base_url: Where officials reach the pages, such as `https://weisu.example`.
        lifetime: How long a link works.
    """

    def __init__(self, key: bytes, *, base_url: str, lifetime: timedelta = timedelta(days=7)) -> None:
        self._key = hmac.digest(key, _PURPOSE, "sha256")
        self._base_url = base_url.rstrip("/")
        self._lifetime = lifetime

    def link(self, alert_id: str, recipient: str, *, now: datetime) -> str:
        """Return the address that opens `alert_id` for `recipient`."""
        return f"{self._base_url}/go/{self.token(alert_id, recipient, expires_at=now + self._lifetime)}"

    def page(self, path: str) -> str:
        """Return the address of a page."""
        return f"{self._base_url}{path}"

    def token(self, alert_id: str, recipient: str, *, expires_at: datetime) -> str:
        """Return the signed token: address-safe text."""
        claim = "\n".join((alert_id, recipient, str(int(expires_at.timestamp())))).encode()
        return f"{_encode(claim)}.{_encode(self._signature(claim))}"

    def read(self, token: str, *, now: datetime) -> SignedLink:
        """Return what a token says.

        Raises:
            UnauthorizedError: It is malformed, was not signed by us, or has expired.
        """
        claim, signature = _split(token)
        if not hmac.compare_digest(signature, self._signature(claim)):
            raise UnauthorizedError("this link was not made by us", hint="open the alert from the list of alerts")
        alert_id, recipient, seconds = claim.decode().split("\n")
        expires_at = datetime.fromtimestamp(int(seconds), tz=UTC)
        if now >= expires_at:
            raise UnauthorizedError("this link has expired", hint="open the alert from the list of alerts")
        return SignedLink(alert_id, recipient, expires_at)

    def _signature(self, claim: bytes) -> bytes:
        return hmac.new(self._key, claim, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _split(token: str) -> tuple[bytes, bytes]:
    try:
        claim, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
    except ValueError as error:
        raise UnauthorizedError("this link is damaged", hint="copy the whole link from the message") from error
    return claim, signature
