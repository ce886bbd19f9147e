"""Signed links: they open one alert for one recipient until they expire. They never log anyone in.

Chat programs fetch links to draw a preview, and messages are forwarded: a link may therefore show nothing by itself
and change nothing. It says "this alert, sent to this subscription, good until then"; the login asked for once after
it decides what is seen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from features.errors import WeakKeyError
from features.settings import LEAST_KEY_BYTES
from serve.errors import UnauthorizedError

_PURPOSE: Final = b"weisu alert link v1"


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

    Raises:
        WeakKeyError: Anybody could sign with such a key.
    """

    def __init__(self, key: bytes, *, base_url: str, lifetime: timedelta = timedelta(days=7)) -> None:
        if len(key) < LEAST_KEY_BYTES:
            raise WeakKeyError(f"the key of links has {len(key)} bytes", hint="`weisu doctor` examines the secret key")
        # The moment of expiry is part of what is signed: the library's own time stamps ask the machine's clock.
        self._serializer = URLSafeSerializer(
            key, salt=_PURPOSE, signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )
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
        return str(self._serializer.dumps([alert_id, recipient, int(expires_at.timestamp())]))

    def read(self, token: str, *, now: datetime) -> SignedLink:
        """Return what a token says.

        Raises:
            UnauthorizedError: It is malformed, was not signed by us, or has expired.
        """
        try:
            alert_id, recipient, seconds = self._serializer.loads(token)
        except BadData as error:
            raise UnauthorizedError("link_not_ours") from error
        expires_at = datetime.fromtimestamp(seconds, tz=UTC)
        if now >= expires_at:
            raise UnauthorizedError("link_expired")
        return SignedLink(alert_id, recipient, expires_at)
