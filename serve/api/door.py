"""The door: who asks is known before anything of the body is read, and only so much is let in at once.

A body without a valid key is never parsed, stored or kept. What is let in is read up to the size of its operation.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final

import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.clock import Clock
from features.settings import Settings
from serve import problems
from serve.access import Caller
from serve.access.caller import SAFE_METHODS, SESSION_COOKIE, caller_of, note_caller, secret_of
from serve.api import bodies
from serve.api.turnstile import NOBODY, Turnstile
from serve.errors import MediaTypeError, SpokenError, StoreError, TooSlowError, UnauthorizedError
from serve.pages.render import error_page, redirect
from serve.store import Store

_API: Final = "/v1/"
_OPEN: Final = frozenset({"/login", "/language"})
"""Forms that take no key: whoever sends them has none yet."""
_UNCOUNTED: Final = ("/livez", "/readyz", "/healthz", "/metrics", "/assets/", "/static-offline-docs/")
"""What is answered to anybody, however busy the rest is."""
_STREAM: Final = "/v1/alerts/stream"
_HEARD_OUT_S: Final = 2.0
"""A refused body that is not large is read to its end for so long, and thrown away."""


class Door:
    """Middleware that lets requests in.

    Args:
        app: The application.
        store: Where keys and sessions are looked up.
        clock: Tells whether they are still valid.
        settings: Sizes, times and counts.
    """

    def __init__(self, app: ASGIApp, *, store: Store, clock: Clock, settings: Settings) -> None:
        self._app, self._store, self._clock = app, store, clock
        self._bounds, self._limits = settings.bounds, settings.requests
        self._turnstile = Turnstile(settings.requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or say why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = bodies.largest_body(scope, self._bounds)
        reader = bodies.BodyReader(receive, most=most, seconds=self._limits.body_seconds)
        with ExitStack() as within:
            try:
                await self._let_in(scope, within, most=most)
            except SpokenError as error:
                await self._refuse(error, scope, reader, send)
            except SQLAlchemyError:
                await self._refuse(StoreError("store_away"), scope, reader, send)
            else:
                await self._pass_on(scope, reader, send)

    async def _let_in(self, scope: Scope, within: ExitStack, *, most: int) -> None:
        """Count a request in, until `within` closes.

        Raises:
            SpokenError: It may not come in.
        """
        length, path = bodies.declared_length(scope), scope["path"]
        if not path.startswith(_UNCOUNTED):
            caller = await self._caller(Request(scope))
            if caller is None and length != 0 and path not in _OPEN:
                raise UnauthorizedError("needs_key")
            within.enter_context(self._turnstile.through(caller.key_id if caller else NOBODY, stream=path == _STREAM))
        if length is not None and length > most:
            raise bodies.too_large(most)
        if length != 0 and not bodies.is_readable(scope):
            raise MediaTypeError("no_json")
        if most > bodies.LARGE and (length is None or length > bodies.LARGE):
            within.enter_context(self._turnstile.reading_much())

    async def _caller(self, request: Request) -> Caller | None:
        """Return whose request it is; None where it names nobody who may come in."""
        api = request.url.path.startswith(_API)
        secret = secret_of(request) if api else None
        cookie = request.cookies.get(SESSION_COOKIE)
        if api and request.method not in SAFE_METHODS:
            cookie = None
        if not (secret or cookie):
            return None
        try:
            caller = await anyio.to_thread.run_sync(caller_of, self._store, secret, cookie, self._clock.now())
        except UnauthorizedError:
            return None
        if api:
            note_caller(request, caller)
        return caller

    async def _pass_on(self, scope: Scope, reader: bodies.BodyReader, send: Send) -> None:
        """Let the application answer, unless the body turns out to be too large or too slow before it does."""
        started = False

        async def send_unless_refused(message: Message) -> None:
            nonlocal started
            if started or reader.refusal is None:
                started = True
                await send(message)

        await self._app(scope, reader, send_unless_refused)
        if reader.refusal is not None and not started:
            await self._refuse(reader.refusal, scope, reader, send)

    async def _refuse(self, error: SpokenError, scope: Scope, reader: bodies.BodyReader, send: Send) -> None:
        answer = _answer(Request(scope), error)
        if not await _ended(scope, reader, error):
            answer.headers["Connection"] = "close"
        await answer(scope, reader, send)


def _answer(request: Request, error: SpokenError) -> Response:
    """Return the refusal: problem details to a program, a page to a person."""
    if request.url.path.startswith(_API):
        return problems.of(request, error)
    if isinstance(error, UnauthorizedError):
        return redirect("/login?next=/")
    answer = error_page(request, error)
    answer.headers.update(problems.headers_of(error))
    return answer


async def _ended(scope: Scope, reader: bodies.BodyReader, error: SpokenError) -> bool:
    """Read what is left of a small body and forget it, so that its sender hears the answer; tell whether it ended."""
    length = bodies.declared_length(scope)
    if length == 0 or reader.whole:
        return True
    if isinstance(error, TooSlowError) or (length or 0) > bodies.LARGE:
        return False
    return await reader.thrown_away(most=bodies.LARGE, seconds=_HEARD_OUT_S)
