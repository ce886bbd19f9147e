"""Answers that are packed (gzip) for whoever takes that: the API's, its document, static files.

Pages are not: they carry a token beside what others wrote, and the size of a packed page would tell of it.
"""

from __future__ import annotations

from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_PACKED: Final = ("/v1/", "/openapi.json", "/assets/")
_WORTH_IT: Final = 1024


class Packing:
    """Middleware that packs what may be packed.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain, self._packed = app, GZipMiddleware(app, minimum_size=_WORTH_IT, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        packs = scope["type"] == "http" and scope["path"].startswith(_PACKED)
        await (self._packed if packs else self._plain)(scope, receive, send)
