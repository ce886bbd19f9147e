"""Refuse a request whose body is larger than may be read, by its length or while it comes, before it fills memory."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve import problems
from serve.errors import RequestError

_MB: Final = 1 << 20


class BodyBound:
    """Middleware that holds every request's body to a size.

    Args:
        app: The application.
        megabytes: The size.
    """

    def __init__(self, app: ASGIApp, *, megabytes: int) -> None:
        self._app, self._megabytes = app, megabytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless its body is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > self._megabytes * _MB:
            error = RequestError("body_too_large", megabytes=self._megabytes)
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            answer = problems.answer(
                Request(scope), error, status=status, title=status.phrase, headers={"Connection": "close"}
            )
            await answer(scope, receive, send)
            return
        received = 0

        async def receive_bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._megabytes * _MB:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(self._megabytes))
            return message

        await self._app(scope, receive_bounded, send)
