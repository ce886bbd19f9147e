"""What an address takes: a wrong method is answered with all the right ones, and HEAD is GET without its body.

Of several routes that match an address the most particular one counts: `/v1/routes/sheet` is no `/v1/routes/{id}`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve import problems
from serve.errors import RequestError

_DISCONNECT: Final[Message] = {"type": "http.disconnect"}


class RightMethods:
    """Middleware that knows the methods of every address.

    Args:
        app: The application.
        routes: Its routes, asked for once, when all of them are there.
    """

    def __init__(self, app: ASGIApp, *, routes: Callable[[], Sequence[BaseRoute]]) -> None:
        self._app, self._routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as what the address takes."""
        methods = self._methods_of(scope["path"]) if scope["type"] == "http" else None
        if not methods or scope["method"] in methods:
            await self._app(scope, receive, send)
        elif scope["method"] == "HEAD" and "GET" in methods:
            await self._head(scope, receive, send)
        else:
            allowed = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
            answer = problems.answer(
                Request(scope),
                RequestError("method", methods=allowed),
                status=HTTPStatus.METHOD_NOT_ALLOWED,
                title=HTTPStatus.METHOD_NOT_ALLOWED.phrase,
                headers={"Allow": allowed},
            )
            await answer(scope, receive, send)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        ended = False

        async def send_head(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not ended:
                ended = True
                await send({"type": "http.response.body", "body": b""})

        async def receive_until_sent() -> Message:
            return _DISCONNECT if ended else await receive()

        scope["method"] = "GET"
        try:
            await self._app(scope, receive_until_sent, send_head)
        finally:
            scope["method"] = "HEAD"

    def _methods_of(self, path: str) -> frozenset[str]:
        return next((methods for pattern, methods in self._addresses if pattern.match(path)), frozenset())

    @cached_property
    def _addresses(self) -> list[tuple[re.Pattern[str], frozenset[str]]]:
        """The addresses with their methods, those with the fewest parts left open first."""
        found: dict[str, set[str]] = defaultdict(set)
        patterns: dict[str, tuple[int, re.Pattern[str]]] = {}
        for route in _flat(self._routes()):
            found[route.path] |= route.methods or set()
            patterns.setdefault(route.path, (len(route.param_convertors), route.path_regex))
        ordered = sorted(patterns, key=lambda path: patterns[path][0])
        return [(patterns[path][1], frozenset(found[path])) for path in ordered]


def _flat(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    for route in routes:
        if isinstance(route, Route):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from _flat(included.routes)
